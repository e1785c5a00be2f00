"""/api/v1/terminals, /vehicles, /drivers, /groups, and CSV files of each."""

import asyncio
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import PlainTextResponse

from ..commands import CommandError
from ..registry import APPROVED, FleetError, Terminal, csv_files
from ..registry.fleet import TABLES
from ..registry.roll import Written
from ..tokens import Principal
from . import models
from .guard import allowed
from .services import Services, services_of
from .sight import Seen

router = APIRouter(tags=["registry"])
Reader = Annotated[Principal, Depends(allowed("registry:read"))]
Writer = Annotated[Principal, Depends(allowed("registry:write"))]
House = Annotated[Services, Depends(services_of)]
Kind = Literal["vehicles", "drivers", "groups"]
COLOUR_DIGITS: Final = 3


@router.get("/terminals", response_model=models.Terminals)
async def list_terminals(
    *,
    who: Reader,
    house: House,
    status: Literal["", "approved", "pending", "blocked"] = "",
    group: str = "",
    online: bool | None = None,
    after: str = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> dict[str, Any]:
    """Terminals by identity."""
    items: list[dict[str, Any]] = []
    for terminal in house.registry:
        fits = (not status or terminal.status == status) and (not group or terminal.group == group)
        if not fits or terminal.identity <= after:
            continue
        if online is not None and house.commands.is_online(terminal.identity) != online:
            continue
        if len(items) == limit:
            return {"items": items, "next_after": items[-1]["identity"]}
        items.append(_shown(house, terminal))
    return {"items": items, "next_after": None}


@router.get("/terminals.csv", response_class=PlainTextResponse)
async def export_terminals(who: Reader, house: House) -> Response:
    """Every terminal as CSV; codes are not there, for only their digests are kept."""
    return _csv(csv_files.export_terminals(house.registry), "terminals")


@router.post("/terminals.csv", response_model=models.Imported)
async def import_terminals(request: Request, who: Writer, house: House) -> dict[str, Any]:
    """Puts the rows on the list; a bad row is named with row and column and loses no other."""
    done = await house.registry.import_csv(await _text_of(request))
    await _note(house, who, "terminals imported", "", f"{done.taken} taken, {done.refused} refused")
    return _imported(done)


@router.get("/terminals/{identity}", response_model=models.Terminal)
async def get_terminal(identity: str, who: Reader, house: House) -> dict[str, Any]:
    """One terminal."""
    return _shown(house, _terminal(house, identity))


@router.put("/terminals/{identity}", response_model=models.Terminal)
async def put_terminal(
    identity: str, asked: models.TerminalAsked, who: Writer, house: House
) -> dict[str, Any]:
    """Puts a terminal on the list, approves it, blocks it, or changes its group or note. Who is not
    approved any longer is disconnected."""
    name = csv_files.check_identity(identity)
    terminal = await house.registry.enlist(name, asked.status, asked.group, asked.note)
    await _note(house, who, f"terminal {asked.status}", name, asked.note)
    if asked.status != APPROVED:
        house.disconnect(name, f"terminal {asked.status}")
    return _shown(house, terminal)


@router.delete("/terminals/{identity}", status_code=204)
async def delete_terminal(identity: str, who: Writer, house: House) -> None:
    """Forgets a terminal and its codes, and disconnects it."""
    name = _terminal(house, identity).identity
    await house.registry.remove(name)
    await _note(house, who, "terminal deleted", name)
    house.disconnect(name, "terminal deleted")


@router.post("/terminals/{identity}/codes", status_code=201)
async def issue_code(identity: str, who: Writer, house: House) -> dict[str, str]:
    """A fresh authentication code, told this once, for a terminal that is set up by hand. Its other codes
    stay good until it is used."""
    terminal = _terminal(house, identity)
    code = await house.registry.issue_code(terminal.identity)
    await _note(house, who, "code issued", terminal.identity)
    return {"code": code.decode("ascii")}


@router.delete("/terminals/{identity}/codes", status_code=204)
async def revoke_codes(identity: str, who: Writer, house: House) -> None:
    """No code is good any longer; the terminal is disconnected and has to register again."""
    terminal = _terminal(house, identity)
    await house.registry.revoke_codes(terminal.identity)
    await _note(house, who, "codes revoked", terminal.identity)
    house.disconnect(terminal.identity, "codes revoked")


@router.get("/terminals/{identity}/position")
async def last_position(identity: str, who: Reader, house: House) -> dict[str, Any]:
    """The terminal's youngest report among the latest of the journal; 404 when it is further back."""
    terminal = _terminal(house, identity)
    found = await asyncio.to_thread(house.last_position, terminal.identity)
    if found is None:
        raise CommandError("no report of this terminal among the latest", "identity", "unknown")
    return found


@router.get("/{kind}.csv", response_class=PlainTextResponse)
async def export_fleet(kind: Kind, who: Reader, house: House, sight: Seen) -> Response:
    """Everything of one kind as CSV. Drivers are masked; ask unmasked for what is to be imported again."""
    await sight.note(house, who, kind)
    return _csv(csv_files.export_fleet(house.fleet, kind, lambda row: sight.row(kind, row)), kind)


@router.post("/{kind}.csv", response_model=models.Imported)
async def import_fleet(kind: Kind, request: Request, who: Writer, house: House) -> dict[str, Any]:
    """Keeps the rows; a bad row is named with row and column and loses no other."""
    text = await _text_of(request)
    written = Written()
    done = csv_files.import_fleet(text, house.fleet, kind, lambda _: None)
    house.fleet.run(lambda connection: None, written)
    await written.wait()
    await _note(house, who, f"{kind} imported", "", f"{done.taken} taken, {done.refused} refused")
    return _imported(done)


@router.get("/{kind}")
async def list_fleet(
    *,
    kind: Kind,
    who: Reader,
    house: House,
    sight: Seen,
    offset: models.From = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[dict[str, Any]]:
    """Vehicles, drivers or groups, by their keys; drivers masked."""
    await sight.note(house, who, kind)
    return [sight.row(kind, row) for row in house.fleet.listed(kind, offset, limit)]


@router.put("/{kind}/{key:path}")
async def put_fleet(
    kind: Kind, key: str, values: dict[str, Any], who: Writer, house: House
) -> dict[str, Any]:
    """Keeps one. The key of a vehicle is PLATE/COLOUR, of a driver the qualification, of a group its name."""
    written = Written()
    row = house.fleet.put(kind, {**values, **_key(kind, key)}, written)
    await written.wait()
    await _note(house, who, f"{kind} changed", row.get("terminal", ""), key)
    return row


@router.delete("/{kind}/{key:path}", status_code=204)
async def delete_fleet(kind: Kind, key: str, who: Writer, house: House) -> None:
    """Forgets one."""
    written = Written()
    house.fleet.remove(kind, _key(kind, key).values(), written)
    await written.wait()
    await _note(house, who, f"{kind} deleted", "", key)


def _key(kind: str, key: str) -> dict[str, Any]:
    names = TABLES[kind].key
    if len(names) == 1:
        return {names[0]: key}
    plate, _, colour = key.rpartition("/")
    if not (colour.isascii() and colour.isdecimal() and len(colour) <= COLOUR_DIGITS):
        raise FleetError("the key of a vehicle is PLATE/COLOUR, the colour a number", "plate_colour")
    return {"plate": plate, "plate_colour": int(colour)}


def _terminal(house: Services, identity: str) -> Terminal:
    terminal = house.registry.get(csv_files.check_identity(identity))
    if terminal is None:
        raise FleetError(f"no terminal {identity!r} is registered", "identity", "unknown")
    return terminal


def _shown(house: Services, terminal: Terminal) -> dict[str, Any]:
    return csv_files.terminal_as_row(terminal) | {
        "online": house.commands.is_online(terminal.identity),
        "authenticated_before": terminal.in_use,
        "codes": len(terminal.codes),
    }


async def _note(house: Services, who: Principal, what: str, terminal: str, detail: str = "") -> None:
    await house.commands.note(who.name, what, terminal, detail)


async def _text_of(request: Request) -> str:
    try:
        return (await request.body()).decode("utf-8")
    except UnicodeDecodeError as error:
        raise CommandError(f"the file is not UTF-8: {error}", "body") from error


def _csv(text: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return PlainTextResponse(text, headers=headers, media_type="text/csv; charset=utf-8")


def _imported(done: csv_files.Imported) -> dict[str, Any]:
    return {
        "taken": done.taken,
        "refused": done.refused,
        "errors": [error._asdict() for error in done.errors],
    }
