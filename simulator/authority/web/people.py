"""What concerns persons: roadside questions, consents, one's own data and its deletion."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from protocols.driver_code.trust import State
from protocols.freight.consent import Consent

from ..books.accounts import CONSENTS, PERSONS, ROADSIDE, Caller
from ..indicators.registers import vehicle_key
from ..roadside import Question
from .forms import ConsentForm, PersonForm, RoadsideForm
from .gate import Refusal, allowed, must_be_own
from .services import Services, services_of

House = Annotated[Services, Depends(services_of)]
Inspecting = Annotated[Caller, Depends(allowed(ROADSIDE))]
Consenting = Annotated[Caller, Depends(allowed(CONSENTS))]
Owning = Annotated[Caller, Depends(allowed(PERSONS))]
UNREADABLE = {State.NO_CODE, State.UNKNOWN_KEY, State.BAD_SIGNATURE}
router = APIRouter()


@router.post("/roadside")
def roadside(body: RoadsideForm, caller: Inspecting, house: House) -> dict[str, Any]:
    """A vehicle by plate and colour, or by the code that its driver shows. Plates stand in the body, not in
    the address: those end in logs."""
    if bool(body.plate) == bool(body.code):
        raise ValueError("plate, code: exactly one of them is needed")
    if body.plate:
        key = vehicle_key(body.plate, body.colour)
        return house.roadside.ask(Question(caller.account, body.purpose, key))
    verdict = house.bureau.verify(body.code)
    if verdict.content is None or verdict.state in UNREADABLE:
        raise Refusal(422, f"code: {verdict.state.value}", 3005)
    key = vehicle_key(verdict.content.plate, str(verdict.content.plate_colour))
    question = Question(caller.account, body.purpose, key, verdict.content.identity_hash)
    shown = {"state": verdict.state.value, "reason": verdict.reason}
    return house.roadside.ask(question) | {"shown_code": shown}


@router.post("/consents", status_code=201)
def consent(body: ConsentForm, caller: Consenting, house: House) -> dict[str, Any]:
    """One's own consent: to which use of which data, until when. Sensitive data need a separate one."""
    identity = body.identity or caller.owner
    must_be_own(caller, identity)
    now_s, who = house.bureau.clock(), house.bureau.who_of(identity)
    from_s = now_s if body.from_s is None else body.from_s
    given = Consent(who, body.data_class, body.purpose, from_s, body.until_s, body.separate)
    return {"number": house.consents.add(given, at_s=now_s, actor=caller.account)}


@router.delete("/consents/{number}")
def withdraw(number: str, caller: Consenting, house: House) -> dict[str, Any]:
    """From now on it holds no more."""
    who, now_s = house.bureau.who_of(caller.owner), house.bureau.clock()
    if not house.consents.withdraw(number, who, at_s=now_s, actor=caller.account):
        raise KeyError("no such consent of this account")
    return {"withdrawn_s": now_s}


@router.get("/consents")
def consents(caller: Consenting, house: House) -> dict[str, Any]:
    """One's own, withdrawn and ended ones too."""
    found = house.consents.of(house.bureau.who_of(caller.owner))
    return {
        "consents": [
            {
                "number": number,
                "data_class": each.data_class,
                "purpose": each.purpose.value,
                "from_s": each.from_s,
                "until_s": each.until_s,
                "separate": each.separate,
                "withdrawn_s": each.withdrawn_s,
            }
            for number, each in found
        ]
    }


@router.post("/persons/export")
def export(body: PersonForm, caller: Owning, house: House) -> dict[str, Any]:
    """All that is kept of a person, and who was given what."""
    must_be_own(caller, body.identity)
    return house.persons.export(body.identity, caller.account)


@router.post("/persons/deletion")
def delete(body: PersonForm, caller: Owning, house: House) -> dict[str, Any]:
    """Takes the person out; tells what a statutory duty keeps, and until when."""
    must_be_own(caller, body.identity)
    return house.persons.delete(body.identity, caller.account)._asdict()
