"""/api/v1/commands, /files, /rollouts, /messages."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from protocols.jt808.catalog import MESSAGES
from protocols.jt808.plan import plan_of

from ..commands import CommandError, Plan
from ..commands import Request as Wanted
from ..commands.alarm_files import Files, ask_for
from ..commands.command import NOT_COMMANDS
from ..registry import APPROVED
from ..tokens import Principal
from . import models
from .guard import allowed
from .services import Services, services_of
from .sight import Seen

router = APIRouter(tags=["commands"])
Reader = Annotated[Principal, Depends(allowed("commands:read"))]
Writer = Annotated[Principal, Depends(allowed("commands:write"))]
House = Annotated[Services, Depends(services_of)]
WaitS = Annotated[float, Query(ge=0, le=60, description="wait so long for the end of the command")]


@router.post("/commands", status_code=201, response_model=models.Command)
async def create_command(
    *,
    asked: models.CommandAsked,
    who: Writer,
    house: House,
    response: Response,
    sight: Seen,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
    wait_s: WaitS = 0,
) -> dict[str, Any]:
    """Sends a message now, or when the terminal comes online until `not_after`.

    201 for a new command, which is on the disk then; 200 for the one that the same Idempotency-Key made.
    """
    not_after_ms = _utc_ms(asked.not_after)
    wanted = Wanted(asked.terminal, asked.message, asked.body, not_after_ms, idempotency_key, asked.file)
    row, new = await house.commands.create(wanted, who.name)
    if not new:
        response.status_code = 200
    number = row.command.number
    response.headers["Location"] = f"/api/v1/commands/{number}"
    if wait_s:
        await house.commands.wait_until_done(number, wait_s)
    await sight.note(house, who, f"command {number}", row.command.terminal)
    return sight.command(house.commands.as_json(house.commands.row(number) or row))


@router.get("/commands", response_model=models.Commands)
async def list_commands(
    *,
    who: Reader,
    house: House,
    sight: Seen,
    terminal: Annotated[str, Query(max_length=20)] = "",
    state: Annotated[str, Query(max_length=20)] = "",
    rollout: models.From = 0,
    before: models.From = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, Any]:
    """Commands, youngest first."""
    rows = house.commands.store.listed(terminal.lstrip("0"), state, rollout, before, limit)
    last = rows[-1].command.number if len(rows) == limit else None
    await sight.note(house, who, "commands", terminal)
    return {"items": [sight.command(house.commands.as_json(row)) for row in rows], "next_before": last}


@router.get("/commands/{number}", response_model=models.Command)
async def get_command(
    number: models.Number, who: Reader, house: House, sight: Seen, wait_s: WaitS = 0
) -> dict[str, Any]:
    """One command; with `wait_s` once it is done, or as it stands after that time."""
    if wait_s:
        await house.commands.wait_until_done(number, wait_s)
    row = house.commands.row(number)
    if row is None:
        raise CommandError(f"there is no command {number}", "number", "unknown")
    await sight.note(house, who, f"command {number}", row.command.terminal)
    return sight.command(house.commands.as_json(row))


@router.post("/commands/{number}/cancel", response_model=models.Command)
async def cancel_command(number: models.Number, who: Writer, house: House, sight: Seen) -> dict[str, Any]:
    """Takes a command back that is not on the line; 409 when it is, or is done."""
    row = await house.commands.cancel(number, who.name)
    return sight.command(house.commands.as_json(house.commands.row(number) or row))


@router.post("/files", status_code=201)
async def upload_file(request: Request, who: Writer, house: House) -> dict[str, str]:
    """Keeps the request's body; its SHA-256 names it in commands and roll-outs."""
    return {"sha256": await house.rollouts.upload(await request.body(), who.name)}


@router.post("/media/orders", status_code=201, response_model=models.FilesOrdered)
async def order_files(asked: models.FilesAsked, who: Writer, house: House) -> dict[str, Any]:
    """Asks a terminal for the files of an alarm (0x9208) and lets them in: the number that is told to it is
    random, and nothing else opens the attachment server."""
    edition = house.registry.edition_of(asked.terminal.lstrip("0"))
    if house.order_files is None:
        raise CommandError("there is no attachment server: see media.attachments", kind="unknown")
    if edition is None:
        raise CommandError(f"no terminal {asked.terminal!r} is registered", "terminal", "unknown")
    files = Files(asked.terminal.lstrip("0"), edition, asked.identifier, _utc_ms(asked.not_after))
    alarm, row = await ask_for(house.commands, house.order_files, files, who.name)
    return {"alarm": alarm, "command": house.commands.as_json(row)}


@router.post("/rollouts", status_code=201, response_model=models.Rollout)
async def create_rollout(asked: models.RolloutAsked, who: Writer, house: House) -> dict[str, Any]:
    """Upgrades terminals ring by ring; stops when more than `max_failures` fail."""
    not_after_ms = _utc_ms(asked.not_after)
    assert not_after_ms is not None, "the model wants one"
    if bool(asked.terminals) == bool(asked.group):
        raise CommandError("give either terminals or a group", "terminals")
    terminals = asked.terminals or [
        each.identity for each in house.registry if each.group == asked.group and each.status == APPROVED
    ]
    plan = Plan(
        terminals, asked.body, asked.file, list(asked.rings), asked.max_failures, not_after_ms,
        asked.wants_result,
    )  # fmt: skip
    return (await house.rollouts.create(plan, who.name)).as_json()


@router.get("/rollouts", response_model=models.Rollouts)
async def list_rollouts(
    *,
    who: Reader,
    house: House,
    state: Annotated[str, Query(max_length=20)] = "",
    before: models.From = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, Any]:
    """Roll-outs, youngest first; each with its terminals by GET /rollouts/{number}."""
    rows = house.rollouts.listed(state, before, limit)
    return {"items": rows, "next_before": rows[-1]["id"] if len(rows) == limit else None}


@router.get("/rollouts/{number}", response_model=models.Rollout)
async def get_rollout(number: models.Number, who: Reader, house: House) -> dict[str, Any]:
    """Where a roll-out stands."""
    return house.rollouts.get(number)


@router.post("/rollouts/{number}/stop", response_model=models.Rollout)
async def stop_rollout(number: models.Number, who: Writer, house: House) -> dict[str, Any]:
    """Asks no further terminal and cancels what is not on the line."""
    return await house.rollouts.halt(number, who.name)


@router.get("/messages")
async def list_messages(who: Reader) -> list[dict[str, Any]]:
    """Every message that can be sent, with the names of its fields in each edition."""
    return [
        {
            "message": message.name,
            "message_id": f"0x{message.id:04X}",
            "chinese": message.chinese,
            "answered_by": f"0x{message.answered_by:04X}" if message.answered_by else None,
            "fields": {
                str(edition): [node.name for node in plan_of(message.id, edition)]
                for edition in message.editions
            },
        }
        for message in MESSAGES.values()
        if message.direction == "down" and message.id not in NOT_COMMANDS
    ]


def _utc_ms(end: datetime | None) -> int | None:
    if end is None:
        return None
    if end.tzinfo is None:
        raise CommandError("needs a time zone", "not_after")
    return int(end.timestamp() * 1000)
