"""/api/v1/capacity, /codes, /dispatch, /waybills, /documents, /drivers/hours, /evidence: freight, where it is
on."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query, Response

from protocols.freight.documents import Kind

from ..commands import CommandError
from ..freight.desk import FreightDesk
from ..freight.kept import Kept
from ..freight.orders import Order, OrderError, checked
from ..freight.outbox import Submission
from ..freight.verdicts import question_of, verdict_as_json
from ..tokens import Principal
from . import freight_models as models
from .guard import allowed
from .models import From
from .problems import problem
from .services import Services, services_of
from .sight import Seen

UNPROCESSABLE: Final = 422
FAULTS_SHOWN: Final = 100
router = APIRouter(tags=["freight"])
Reader = Annotated[Principal, Depends(allowed("freight:read"))]
Writer = Annotated[Principal, Depends(allowed("freight:write"))]
Limit = Annotated[int, Query(ge=1, le=500)]
Text = Annotated[str, Query(max_length=64)]


async def desk_of(house: Annotated[Services, Depends(services_of)]) -> FreightDesk:
    """A dependency: freight; 404 where it is off."""
    if house.freight is None:
        raise CommandError("freight is off: see freight.enabled", kind="unknown")
    return house.freight


Desk = Annotated[FreightDesk, Depends(desk_of)]
House = Annotated[Services, Depends(services_of)]


@router.post("/capacity", response_model=models.Capacity)
async def verify_capacity(asked: models.CapacityAsked, who: Reader, desk: Desk) -> dict[str, Any]:
    """May this vehicle, driver and company carry this cargo now (运力核验)? With every reason; also
    offline."""
    return verdict_as_json(desk.capacity(question_of(asked.model_dump()), who.name))


@router.post("/codes/verify", response_model=models.CodeVerified)
async def verify_code(asked: models.CodeAsked, who: Reader, desk: Desk) -> dict[str, Any]:
    """What a scanned driver code is worth now: by the trust list, with today's colour where it is known."""
    _, checked = await asyncio.to_thread(desk.check, asked.text, asked.picture)
    return checked.as_json()


@router.post("/dispatch", status_code=201, response_model=models.Dispatched)
async def dispatch(asked: models.DispatchAsked, who: Writer, desk: Desk, response: Response) -> Any:
    """Scan-to-dispatch (扫码派单): one scan gives one order, to the terminal's screen; it comes back as
    0x0701.

    201 for a new order, 200 for the same scan and order again, 409 for a scan that gives none. An order that
    the gate holds is kept: its `held` says why.
    """
    order = Order(**asked.order.model_dump())
    return await _new_or_not(response, desk.dispatch, (asked.text, asked.picture), order, who.name)


@router.post("/waybills", status_code=201, response_model=models.Waybill)
async def create_waybill(asked: models.OrderAsked, who: Writer, desk: Desk, response: Response) -> Any:
    """An order without a scan; the driver loads it by its number."""

    def create() -> tuple[dict[str, Any], bool]:
        return desk.create(checked(Order(**asked.model_dump())), who.name)

    return await _new_or_not(response, create)


@router.get("/waybills", response_model=models.Waybills)
async def list_waybills(
    who: Reader, desk: Desk, state: Text = "", before: From = 0, limit: Limit = 100
) -> dict[str, Any]:
    """Waybills, youngest first."""
    items = await asyncio.to_thread(desk.waybills, state, before, limit)
    return {"items": items, "next_before": items[-1]["id"] if len(items) == limit else None}


@router.get("/waybills/{number}/{serial}", response_model=models.WaybillLife)
async def get_waybill(number: str, serial: str, who: Reader, desk: Desk) -> dict[str, Any]:
    """One waybill with the events of its life."""
    return await asyncio.to_thread(desk.waybill, number, serial)


@router.post("/waybills/{number}/{serial}/override", response_model=models.Waybill)
async def override(
    number: str, serial: str, asked: models.OverrideAsked, who: Writer, desk: Desk
) -> dict[str, Any]:
    """Lets a held trip go, where `freight.overridable` allows each reason; leaves an audit line."""
    return await asyncio.to_thread(desk.override, number, serial, asked.reason, who.name)


@router.post("/waybills/{number}/{serial}/cancel", response_model=models.Waybill)
async def cancel_waybill(number: str, serial: str, who: Writer, desk: Desk) -> dict[str, Any]:
    """Takes an order back before departure."""
    return await asyncio.to_thread(desk.cancel, number, serial, who.name)


@router.get("/waybills/{number}/{serial}/evidence")
async def export_evidence(
    number: str, serial: str, who: Writer, desk: Desk, opened: bool = False
) -> Response:
    """The waybill's chain as one file; `opened`: with the data that it commits to. Leaves an audit line."""
    bundle = await asyncio.to_thread(desk.export, f"waybill/{number}/{serial}", opened, who.name)
    return Response(bundle, media_type="application/x-ndjson")


@router.post("/documents", status_code=201, response_model=models.Document)
async def hand_in(asked: models.DocumentAsked, who: Writer, desk: Desk, response: Response) -> Any:
    """A document for the monitoring system. One that breaks its layout is kept as `faulty` and not sent;
    other contents under the same name are its next revision; the same contents are the same document (200).
    """
    return await _document(response, desk.papers.hand_in, Submission(**asked.model_dump()), who.name)


@router.put("/documents/{reference}", response_model=models.Document, status_code=201)
async def correct(
    reference: str, asked: models.CorrectionAsked, who: Writer, desk: Desk, response: Response
) -> Any:
    """The correction of a document as its next revision, which replaces it wherever it counts."""
    return await _document(response, desk.papers.correct, reference, asked.document, who.name)


@router.get("/documents", response_model=models.Documents)
async def list_documents(
    *,
    who: Reader,
    desk: Desk,
    state: Literal["", "waiting", "sent", "taken", "refused", "faulty", "superseded"] = "",
    kind: Text = "",
    before: From = 0,
    limit: Limit = 100,
) -> dict[str, Any]:
    """Documents, youngest first, without their contents."""
    found = await asyncio.to_thread(desk.papers.documents, state, kind, before, limit)
    items = [_shown(each) for each in found]
    return {"items": items, "next_before": items[-1]["id"] if len(items) == limit else None}


@router.get("/documents/{reference}", response_model=models.DocumentWhole)
async def get_document(reference: str, who: Writer, desk: Desk, house: House, sight: Seen) -> dict[str, Any]:
    """One document with its contents; masked, unless it is asked for unmasked, to be corrected."""
    kept = await asyncio.to_thread(desk.papers.document, reference)
    await sight.note(house, who, f"document {reference}")
    return _shown(kept) | {"document": sight.document(kept.document)}


@router.post("/drivers/hours", response_model=models.Hours)
async def hours(asked: models.HoursAsked, who: Reader, desk: Desk) -> dict[str, Any]:
    """Driving and rest time of a driver by the card. The identity number stands in no address."""
    return await asyncio.to_thread(desk.hours, asked.driver, asked.from_s, asked.until_s)


@router.get("/freight")
async def freight_figures(who: Reader, desk: Desk) -> dict[str, Any]:
    """Counters since the start, documents by state, the registers' sequence and end."""
    return await asyncio.to_thread(desk.stats)


async def _new_or_not(
    response: Response, work: Callable[..., tuple[dict[str, Any], bool]], *asked: Any
) -> Any:
    try:
        found, new = await asyncio.to_thread(work, *asked)
    except OrderError as error:
        named = [
            {"field": f"order.{each.field}", "detail": f"{each.code}: {each.detail}"} for each in error.faults
        ]
        return problem(UNPROCESSABLE, str(error)[:1000], named[:FAULTS_SHOWN])
    if not new:
        response.status_code = 200
    return found


async def _document(response: Response, work: Callable[..., tuple[Kept, bool]], *asked: Any) -> Any:
    kept, new = await asyncio.to_thread(work, *asked)
    if not new:
        response.status_code = 200
    return _shown(kept)


def _shown(kept: Kept) -> dict[str, Any]:
    """Names of drivers' documents are identity numbers: they are not shown."""
    return {
        "id": kept.id,
        "reference": kept.reference,
        "kind": kept.kind.value,
        "name": "" if kept.kind is Kind.DRIVER else kept.name,
        "enterprise": kept.enterprise,
        "revision": kept.revision,
        "purpose": kept.purpose.value,
        "state": kept.state,
        "faults": list(kept.faults),
        "tries": kept.tries,
        "asked_by": kept.asked_by,
        "created_ms": kept.created_ms,
        "changed_ms": kept.changed_ms,
    }
