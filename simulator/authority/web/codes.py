"""Driver codes: apply, change, cancel, look at one's own; verify online; lists for verifiers; violations."""

from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from protocols.driver_code import presence
from protocols.driver_code.content import Holder

from ..books.accounts import ISSUE, OWN, VERIFY, VIOLATIONS, AccountKind, Caller
from ..codes import Application, Issued, Refused, Violation
from .forms import ApplicationForm, CodeForm, PersonForm, ViolationForm
from .gate import Refusal, allowed, must_be_own
from .services import Services, services_of
from .showing import code_of, content_of, standing_of, utc

NOT_GRANTED: Final = 3005
House = Annotated[Services, Depends(services_of)]
Issuing = Annotated[Caller, Depends(allowed(ISSUE))]
Holding = Annotated[Caller, Depends(allowed(OWN, ISSUE))]
Verifying = Annotated[Caller, Depends(allowed(VERIFY))]
Punishing = Annotated[Caller, Depends(allowed(VIOLATIONS))]
router = APIRouter()


@router.post("/codes/applications", status_code=201)
def apply(body: ApplicationForm, caller: Issuing, house: House) -> JSONResponse:
    """Every certificate is examined; 422 names each that is missing or does not match."""
    application = body.application()
    _may_ask_for(house, caller, application)
    return _answered(house.bureau.apply(application), 201)


@router.post("/codes/changes")
def change(body: ApplicationForm, caller: Issuing, house: House) -> JSONResponse:
    """Another vehicle or other papers: all is examined anew; refused, the present code stays."""
    application = body.application()
    _may_ask_for(house, caller, application)
    return _answered(house.bureau.change(application), 200)


@router.post("/codes/cancellation")
def cancel(body: PersonForm, caller: Holding, house: House) -> dict[str, Any]:
    """The holder's own wish, at any time. 404 when there is no code."""
    must_be_own(caller, body.identity)
    if not house.bureau.cancel(house.bureau.office.holder_of(body.identity)):
        raise KeyError("no such holder")
    return {"cancelled": True}


@router.post("/codes/own")
def own(body: PersonForm, caller: Holding, house: House) -> dict[str, Any]:
    """One's code: text, colour with causes, history, rating with its reasons."""
    must_be_own(caller, body.identity)
    holder = house.bureau.office.holder_of(body.identity)
    return code_of(house.bureau.office, holder, house.bureau.clock())


@router.post("/codes/verify")
def verify(body: CodeForm, caller: Verifying, house: House) -> dict[str, Any]:
    """Is this code good now, and what is its colour today? With a proof of presence behind it, also: was it
    shown on its terminal's screen just now?"""
    now_s = house.bureau.clock()
    shown = presence.verify(body.text, _key_of(house, body.text), utc(now_s))
    verdict = house.bureau.verify(shown.code)
    answer: dict[str, Any] = {
        "state": verdict.state.value,
        "accepted": verdict.accepted,
        "reason": verdict.reason,
        "presence": shown.verdict.value,
        "content": None if verdict.content is None else content_of(verdict.content),
        "today": None,
    }
    if verdict.content is not None:
        answer["today"] = standing_of(house.bureau, verdict.content.identity_hash, now_s)
    return answer


@router.get("/codes/revocations")
def revocations(caller: Verifying, house: House) -> dict[str, Any]:
    """For verifiers without a network."""
    lists = house.bureau.office.revocations(house.bureau.clock())
    return {
        "issued_s": lists.issued_s,
        "age_max_s": lists.age_max_s,
        "codes": sorted(code.hex() for code in lists.codes),
    }


@router.get("/codes/trust")
def trust(caller: Verifying, house: House) -> dict[str, Any]:
    """The keys that are believed, each for the time in which it signed."""
    return {
        "keys": [
            {
                "key_id": key.key_id.hex(),
                "public": key.public.hex(),
                "from_s": key.from_s,
                "until_s": key.until_s,
                "issuer": key.issuer,
            }
            for key in house.bureau.keys.trusted()
        ]
    }


@router.post("/violations")
def violate(body: ViolationForm, caller: Punishing, house: House) -> dict[str, Any]:
    """A violation; the colour follows at once, on the screen too."""
    at_s = house.bureau.clock() if body.at_s is None else body.at_s
    return _recorded(house, body, Violation(body.number, body.severity, at_s, body.words))


@router.post("/violations/handled")
def handle(body: ViolationForm, caller: Punishing, house: House) -> dict[str, Any]:
    """The same violation is settled now."""
    holder = _holder_of(house, body)
    known = [each for each in house.bureau.office.record_of(holder).violations if each.number == body.number]
    if not known:
        raise KeyError("no such violation")
    return _recorded(house, body, known[0].handled(house.bureau.clock()))


def _recorded(services: Services, form: ViolationForm, violation: Violation) -> dict[str, Any]:
    bureau, holder = services.bureau, _holder_of(services, form)
    issued = bureau.record(holder, violation)
    return standing_of(bureau, holder, bureau.clock()) | {"new_code": issued is not None}


def _holder_of(services: Services, form: ViolationForm) -> bytes:
    if bool(form.identity) == bool(form.holder):
        raise ValueError("identity, holder: exactly one of them is needed")
    return bytes.fromhex(form.holder) if form.holder else services.bureau.office.holder_of(form.identity)


def _answered(answer: Issued | Refused, status: int) -> JSONResponse:
    if isinstance(answer, Refused):
        refusals = [
            {"paper": each.paper.value, "reason": each.reason, "words": str(each)} for each in answer.refusals
        ]
        reason = answer.reason or "certificates are missing or do not match"
        return JSONResponse({"code": NOT_GRANTED, "reason": reason, "refusals": refusals}, 422)
    body = {
        "holder": answer.holder.hex(),
        "text": answer.text,
        "colour": answer.colour.name.lower(),
        "valid_until_s": answer.valid_until_s,
    }
    return JSONResponse(body, status)


def _may_ask_for(services: Services, caller: Caller, application: Application) -> None:
    """A driver asks for himself; a company for itself and for drivers of its fleet."""
    if caller.owner == application.identity:
        return
    if caller.kind is AccountKind.COMPANY and application.holder is Holder.DRIVER:
        driver = services.bureau.registry.driver(application.identity)
        if driver is not None and driver.company_id == caller.owner:
            return
    raise Refusal(403, "this account acts for somebody else")


def _key_of(services: Services, text: str) -> Callable[[int], bytes | None]:
    """Presence keys by reference: of the holder that the code names, so that no other's key makes a proof."""

    def key(reference: int) -> bytes | None:
        verdict = services.bureau.verify(presence.verify(text, lambda _: None, utc(0)).code)
        if verdict.content is None:
            return None
        record = services.bureau.holders.get(verdict.content.identity_hash)
        if record is None or record.presence_reference != reference:
            return None
        return record.presence_key

    return key
