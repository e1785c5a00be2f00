"""Registers: enter, look up, with history; licences; terminals, ways; the snapshot for a gateway."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Response

from protocols.freight.certificates import Paper
from protocols.freight.registers import Register

from ..books.accounts import READ, WRITE, Caller
from ..books.registry import (
    COMPANY,
    DRIVER,
    PAPER,
    TERMINAL,
    VEHICLE,
    DriverRecord,
    TerminalRecord,
    VehicleRecord,
    certificate_to_json,
    paper_name,
)
from ..licences import Shown
from ..snapshots import sealed_for
from .forms import (
    BlacklistForm,
    CompanyForm,
    DriverForm,
    LicenceForm,
    PaperForm,
    RouteForm,
    StatusForm,
    TerminalForm,
    VehicleForm,
)
from .gate import allowed, must_be_gateway_of, must_be_of
from .services import Services, services_of

House = Annotated[Services, Depends(services_of)]
Reading = Annotated[Caller, Depends(allowed(READ))]
Writing = Annotated[Caller, Depends(allowed(WRITE))]
Number = Annotated[str, Path(max_length=128)]
Gateway = Annotated[str, Header(alias="X-Gateway", pattern=r"^[A-Za-z0-9_-]{1,64}$")]
router = APIRouter()
SHELVES = {"company": COMPANY, "vehicle": VEHICLE, "driver": DRIVER, "terminal": TERMINAL, "paper": PAPER}


@router.put("/registers/companies")
def put_company(body: CompanyForm, caller: Writing, house: House) -> dict[str, Any]:
    """An actual carrier."""
    house.bureau.registry.put_company(
        body.company_id, body.name, body.enterprise, at_s=house.bureau.clock(), actor=caller.account
    )
    return {"entered": body.company_id}


@router.put("/registers/vehicles")
def put_vehicle(body: VehicleForm, caller: Writing, house: House) -> dict[str, Any]:
    """A vehicle, or its new data."""
    record = VehicleRecord(**body.model_dump() | {"classes": tuple(body.classes)})
    house.bureau.registry.put_vehicle(record, at_s=house.bureau.clock(), actor=caller.account)
    return {"entered": record.key}


@router.put("/registers/drivers")
def put_driver(body: DriverForm, caller: Writing, house: House) -> dict[str, Any]:
    """A driver, or new data."""
    record = DriverRecord(**body.model_dump())
    house.bureau.registry.put_driver(record, at_s=house.bureau.clock(), actor=caller.account)
    return {"entered": house.bureau.who_of(body.identity)}


@router.put("/registers/terminals")
def put_terminal(body: TerminalForm, caller: Writing, house: House) -> dict[str, Any]:
    """A terminal in a vehicle."""
    record = TerminalRecord(**body.model_dump())
    house.bureau.registry.put_terminal(record, at_s=house.bureau.clock(), actor=caller.account)
    return {"entered": body.phone}


@router.put("/registers/papers")
def put_paper(body: PaperForm, caller: Writing, house: House) -> dict[str, Any]:
    """A certificate as it is from now on."""
    house.bureau.enter_paper(body.certificate(), caller.account, "entered")
    return {"entered": paper_name(body.paper, body.number)}


@router.post("/registers/papers/{paper}/{number}/status")
def set_status(
    paper: Paper, number: Number, body: StatusForm, caller: Writing, house: House
) -> dict[str, Any]:
    """Suspends, cancels or restores; codes that rest on it change at once."""
    certificate = house.bureau.set_status(paper, number, body.status, caller.account)
    return certificate_to_json(certificate)


@router.put("/registers/blacklist")
def put_blacklisted(body: BlacklistForm, caller: Writing, house: House) -> dict[str, Any]:
    """Puts a company, vehicle or driver on the blacklist."""
    house.bureau.registry.put_blacklisted(
        body.register_, body.subject, body.words, at_s=house.bureau.clock(), actor=caller.account
    )
    return {"blacklisted": True}


@router.post("/registers/blacklist/clearing")
def clear_blacklisted(body: BlacklistForm, caller: Writing, house: House) -> dict[str, Any]:
    """Takes one off it. 404 when it was not on it."""
    register: Register = body.register_
    done = house.bureau.registry.clear_blacklisted(
        register, body.subject, at_s=house.bureau.clock(), actor=caller.account
    )
    if not done:
        raise KeyError("not on the blacklist")
    return {"blacklisted": False}


@router.put("/registers/routes")
def put_route(body: RouteForm, caller: Writing, house: House) -> dict[str, Any]:
    """The way that a vehicle must keep to for a time."""
    span = (body.from_s, body.until_s)
    house.roadside.set_route(body.vehicle, body.points, body.width_m, span, caller.account)
    return {"entered": body.vehicle}


@router.get("/registers/records/{shelf}/{name:path}")
def look_up(shelf: str, name: str, caller: Reading, house: House) -> dict[str, Any]:
    """A record and its history, also of one that was struck out. shelf: company, vehicle, terminal, paper."""
    if shelf not in SHELVES or SHELVES[shelf] == DRIVER:  # identity numbers are no part of addresses
        raise KeyError("no such shelf")
    must_be_of(house.bureau.registry, caller, SHELVES[shelf], name)
    history = house.bureau.book.history(SHELVES[shelf], name)
    if not history:
        raise KeyError("no such record")
    record = house.bureau.book.get(SHELVES[shelf], name)
    return {"record": record, "history": [change._asdict() for change in history]}


@router.get("/registers/snapshot")
def snapshot(
    caller: Reading, house: House, x_gateway: Gateway, if_none_match: Annotated[str, Header()] = ""
) -> Response:
    """The signed snapshot for a gateway, named by the header X-Gateway. ETag is its sequence. A company gets
    that of a gateway which serves nobody else."""
    must_be_gateway_of(house.bureau.registry, caller, x_gateway)
    sequence, sealed = sealed_for(house.bureau, house.guomi, x_gateway, house.bureau.clock())
    tag = f'"{sequence}"'
    if if_none_match == tag:
        return Response(status_code=304, headers={"ETag": tag})
    return Response(sealed, media_type="application/octet-stream", headers={"ETag": tag})


@router.post("/keys/rotation")
def rotate(caller: Writing, house: House) -> dict[str, Any]:
    """Another key signs from now on; what the last one signed stays good."""
    house.bureau.rotate_key()
    key, _ = house.bureau.keys.current
    return {"key_id": key.key_id.hex(), "from_s": key.from_s}


@router.post("/licences", status_code=201)
def issue_licence(body: LicenceForm, caller: Writing, house: House) -> dict[str, Any]:
    """An electronic licence with the issuer's seal."""
    certificate = body.certificate.certificate()
    house.licences.issue(certificate, body.issue_date, caller.account)
    return _shown(house.licences.show(certificate.paper, certificate.number))


@router.post("/licences/{paper}/{number}/renewal")
def renew_licence(
    paper: Paper, number: Number, body: dict[str, str], caller: Writing, house: House
) -> dict[str, Any]:
    """Body {"valid_to": "YYYYMMDD"}."""
    house.licences.renew(paper, number, body.get("valid_to", ""), caller.account)
    return _shown(house.licences.show(paper, number))


@router.put("/licences")
def change_licence(body: LicenceForm, caller: Writing, house: House) -> dict[str, Any]:
    """Other data under the same number."""
    certificate = body.certificate.certificate()
    house.licences.change(certificate, caller.account)
    return _shown(house.licences.show(certificate.paper, certificate.number))


@router.delete("/licences/{paper}/{number}")
def cancel_licence(paper: Paper, number: Number, caller: Writing, house: House) -> dict[str, Any]:
    """It stands no more."""
    house.licences.cancel(paper, number, caller.account)
    return _shown(house.licences.show(paper, number))


@router.get("/licences/{paper}/{number}")
def show_licence(paper: Paper, number: Number, caller: Reading, house: House) -> dict[str, Any]:
    """The newest copy, verified, and its history."""
    must_be_of(house.bureau.registry, caller, PAPER, paper_name(paper, number))
    shown = _shown(house.licences.show(paper, number))
    return shown | {"history": [change._asdict() for change in house.licences.history(paper, number)]}


def _shown(shown: Shown) -> dict[str, Any]:
    return {
        "kind": shown.licence.kind.value,
        "issue_date": shown.licence.issue_date,
        "certificate": certificate_to_json(shown.licence.certificate),
        "seal": shown.licence.seal.hex(),
        "key_id": shown.key_id.hex(),
        "standing": shown.standing or "valid",
    }
