"""Capacity verification: yes for a fleet in order; each thing that is wrong is named, all of them at once."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from protocols.driver_code.content import Colour
from protocols.freight.capacity import Answer, Cargo, Code, Question, Reason, Verdict, verify
from protocols.freight.certificates import Paper, Status
from protocols.freight.registers import Blacklisted, Company, Driver, Register, Snapshot, Vehicle
from protocols.freight.scopes import DANGEROUS, NETWORK
from protocols.freight.values import seconds_of

from . import fleet

COAL = Cargo("0100", 18_000)
VEHICLE = f"{fleet.PLATE}/{fleet.COLOUR}"
QUESTION = Question(VEHICLE, fleet.IDENTITY, fleet.COMPANY_ID, COAL)


def ask(snapshot: Snapshot | None, now_s: int = fleet.NOON, **changes: object) -> Verdict:
    return verify(snapshot, replace(QUESTION, **changes), now_s)  # type: ignore[arg-type]


def found(verdict: Verdict) -> set[tuple[Code, str]]:
    return {(each.code, each.subject) for each in verdict.reasons}


def test_a_fleet_in_order_may_carry() -> None:
    assert ask(fleet.snapshot()) == Verdict(Answer.YES, (), 1)


def test_the_driver_is_found_by_the_hash_of_a_code_too() -> None:
    assert ask(fleet.snapshot(), driver=fleet.HOLDER, company="").answer is Answer.YES
    assert found(ask(fleet.snapshot(), driver=bytes(16))) == {(Code.UNKNOWN, "driver")}


def test_cargo_that_is_not_known_asks_no_scope() -> None:
    snapshot = with_vehicle(**instead(Paper.TRANSPORT, TRUCK, scope=frozenset({DANGEROUS})))()
    assert ask(snapshot, cargo=Cargo("")).answer is Answer.YES


def test_without_a_snapshot_nothing_is_verified() -> None:
    assert ask(None).answer is Answer.UNVERIFIED
    assert found(ask(None)) == {(Code.NO_SNAPSHOT, "snapshot")}


def test_a_stale_snapshot_verifies_nothing_from_that_second_on() -> None:
    snapshot = fleet.snapshot()
    assert ask(snapshot, snapshot.valid_until_s - 1).answer is Answer.YES
    assert ask(snapshot, snapshot.valid_until_s).answer is Answer.UNVERIFIED
    assert ask(snapshot, snapshot.issued_s - 3600).reasons[0].code is Code.NOT_YET


def test_a_stale_snapshot_still_says_what_it_knows() -> None:
    snapshot = fleet.snapshot(drivers=())
    verdict = ask(snapshot, snapshot.valid_until_s)
    assert verdict.answer is Answer.UNVERIFIED
    assert [each.code for each in verdict.reasons] == [Code.STALE, Code.UNKNOWN]


def test_a_certificate_ends_that_second() -> None:
    last = fleet.paper(Paper.QUALIFICATION, "Q", valid_to="20260310")
    person = fleet.driver()
    papers = tuple(last if each.paper is Paper.QUALIFICATION else each for each in person.papers)
    snapshot = fleet.snapshot(drivers=(replace(person, papers=papers),))
    midnight = seconds_of("20260311000000") or 0
    before = ask(snapshot, midnight - 1)
    assert (before.answer, found(before)) == (Answer.YES, {(Code.ENDS_SOON, "driver.qualification")})
    after = ask(snapshot, midnight)
    assert (after.answer, found(after)) == (Answer.NO, {(Code.ENDED, "driver.qualification")})


def with_driver(**changes: object) -> Callable[[], Snapshot]:
    return lambda: fleet.snapshot(drivers=(_changed(fleet.driver(), changes),))


def with_vehicle(**changes: object) -> Callable[[], Snapshot]:
    return lambda: fleet.snapshot(vehicles=(_changed(fleet.vehicle(), changes),))


def with_company(**changes: object) -> Callable[[], Snapshot]:
    return lambda: fleet.snapshot(companies=(_changed(fleet.company(), changes),))


def without(paper: Paper, entry: Company | Vehicle | Driver) -> dict[str, object]:
    return {"papers": tuple(each for each in entry.papers if each.paper is not paper)}


def instead(paper: Paper, entry: Company | Vehicle | Driver, **changes: object) -> dict[str, object]:
    other = fleet.paper(paper, "other", **changes)
    return {"papers": tuple(other if each.paper is paper else each for each in entry.papers)}


def _changed(entry: object, changes: dict[str, object]) -> object:
    return replace(entry, **changes)  # type: ignore[type-var]


PERSON, TRUCK, FIRM = fleet.driver(), fleet.vehicle(), fleet.company()
WRONG = [
    (with_driver(**without(Paper.IDENTITY, PERSON)), Code.MISSING, "driver.identity"),
    (with_driver(**without(Paper.DRIVING, PERSON)), Code.MISSING, "driver.driving"),
    (with_driver(**without(Paper.QUALIFICATION, PERSON)), Code.MISSING, "driver.qualification"),
    (with_vehicle(**without(Paper.TRANSPORT, TRUCK)), Code.MISSING, "vehicle.transport"),
    (with_vehicle(**without(Paper.REGISTRATION, TRUCK)), Code.MISSING, "vehicle.registration"),
    (with_vehicle(**without(Paper.POLICY, TRUCK)), Code.MISSING, "vehicle.policy"),
    (with_company(papers=()), Code.MISSING, "company.permit"),
    (
        with_vehicle(**instead(Paper.POLICY, TRUCK, valid_from="20260401")),
        Code.NOT_BEGUN,
        "vehicle.policy",
    ),
    (
        with_driver(**instead(Paper.DRIVING, PERSON, status=Status.SUSPENDED)),
        Code.SUSPENDED,
        "driver.driving",
    ),
    (
        with_company(**instead(Paper.PERMIT, FIRM, status=Status.CANCELLED)),
        Code.CANCELLED,
        "company.permit",
    ),
    (with_driver(**instead(Paper.DRIVING, PERSON, holder="李四")), Code.OF_ANOTHER, "driver.driving"),
    (with_vehicle(**instead(Paper.POLICY, TRUCK, plate="云A00000")), Code.OF_ANOTHER, "vehicle.policy"),
    (with_company(**instead(Paper.PERMIT, FIRM, holder_id="X")), Code.OF_ANOTHER, "company.permit"),
    (with_driver(**instead(Paper.DRIVING, PERSON, classes=("C1",))), Code.CLASS, "driver.driving"),
    (
        with_vehicle(**instead(Paper.TRANSPORT, TRUCK, scope=frozenset({DANGEROUS}))),
        Code.SCOPE,
        "vehicle.transport",
    ),
    (
        with_company(**instead(Paper.PERMIT, FIRM, scope=frozenset({NETWORK}))),
        Code.SUBCONTRACT,
        "company.permit",
    ),
    (with_vehicle(tonnage=1799), Code.OVERLOAD, "cargo"),
    (with_driver(colour=Colour.RED, causes=("drove red",)), Code.RED, "driver.code"),
    (lambda: fleet.snapshot(companies=()), Code.UNKNOWN, "company"),
    (lambda: fleet.snapshot(vehicles=()), Code.UNKNOWN, "vehicle"),
]


@pytest.mark.parametrize(
    ("make", "code", "subject"), WRONG, ids=[f"{code.value}-{subject}" for _, code, subject in WRONG]
)
def test_each_fault_is_a_no_with_its_name(make: Callable[[], Snapshot], code: Code, subject: str) -> None:
    verdict = ask(make())
    assert (verdict.answer, found(verdict)) == (Answer.NO, {(code, subject)})


@pytest.mark.parametrize(
    ("register", "subject"),
    [
        (Register.COMPANY, fleet.COMPANY_ID),
        (Register.VEHICLE, VEHICLE),
        (Register.DRIVER, fleet.IDENTITY),
    ],
)
def test_the_blacklist_is_a_no(register: Register, subject: str) -> None:
    verdict = ask(fleet.snapshot(blacklist=(Blacklisted(register, subject, "fraud"),)))
    assert verdict == Verdict(Answer.NO, (Reason(Code.BLACKLIST, register.value, "fraud"),), 1)


def test_notes_stop_nothing() -> None:
    snapshot = fleet.snapshot(
        drivers=(replace(PERSON, colour=Colour.YELLOW, causes=("one open",)),),
        vehicles=(replace(TRUCK, annual_check_until="20260309"),),
    )
    verdict = ask(snapshot)
    assert verdict.answer is Answer.YES
    assert found(verdict) == {(Code.YELLOW, "driver.code"), (Code.ANNUAL_CHECK, "vehicle")}
    assert verdict.notes == verdict.reasons
    assert found(ask(fleet.snapshot(drivers=(replace(PERSON, colour=None),)))) == {
        (Code.NO_CODE, "driver.code")
    }


def test_every_reason_is_given_at_once() -> None:
    snapshot = fleet.snapshot(
        companies=(replace(FIRM, papers=()),), drivers=(replace(PERSON, papers=(), colour=Colour.RED),)
    )
    codes = [each.code for each in ask(snapshot, cargo=Cargo("1602", 99_000)).reasons]
    assert codes.count(Code.MISSING) == 4
    assert {Code.RED, Code.SCOPE, Code.OVERLOAD} < set(codes)


def test_another_companys_truck_is_a_no() -> None:
    other = replace(FIRM, company_id="OTHER", papers=(fleet.paper(Paper.PERMIT, "P-2", holder_id="OTHER"),))
    verdict = ask(fleet.snapshot(companies=(FIRM, other)), company="OTHER")
    assert found(verdict) == {(Code.OF_ANOTHER, "vehicle")}


@pytest.mark.parametrize(("gross", "answer"), [(450, Answer.YES), (451, Answer.NO)])
def test_light_ordinary_freight_needs_fewer_papers(gross: int, answer: Answer) -> None:
    light = replace(TRUCK, gross=gross, **without(Paper.TRANSPORT, TRUCK))  # type: ignore[arg-type]
    person = replace(PERSON, **without(Paper.QUALIFICATION, PERSON))  # type: ignore[arg-type]
    snapshot = fleet.snapshot(companies=(replace(FIRM, papers=()),), vehicles=(light,), drivers=(person,))
    assert ask(snapshot).answer is answer
    assert ask(snapshot, cargo=Cargo("0200", 10, dangerous=True)).answer is Answer.NO
