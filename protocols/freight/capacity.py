"""Capacity verification (运力核验): may this vehicle, this driver, this company carry this cargo now?

Pure: a snapshot of the registers, a question, a second; out comes yes, no or unverified, with every reason.
What papers are asked for is the scheme's (六证一单, with the exemption of light ordinary vehicles); which
cargo needs which scope is a table of OURS. Must not guess: what it cannot know is never "yes".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from protocols.driver_code.content import Colour

from .certificates import NAMES, OF_PERSON, OF_VEHICLE, Certificate, Paper, Status
from .documents import LIGHT_T
from .registers import Company, Driver, Register, Snapshot, Vehicle
from .scopes import DANGEROUS, NETWORK, scopes_for
from .values import day_text, scaled

CLOCK_SKEW_S: Final = 120  # a snapshot made a moment ago by a clock a little ahead is believed
ENDS_SOON_S: Final = 15 * 86400
_LIGHT_HUNDREDTHS: Final = scaled(LIGHT_T, 2) or 0
_KG_PER_HUNDREDTH: Final = 10  # kilograms in a hundredth of a tonne
_LIGHT_WITHOUT: Final = frozenset({Paper.QUALIFICATION, Paper.TRANSPORT, Paper.PERMIT})


class Answer(StrEnum):
    """Unverified: there is no snapshot, or it is past its age."""

    YES = "yes"
    NO = "no"
    UNVERIFIED = "unverified"


class Code(StrEnum):
    """Why. The codes are ours. The last four never make a "no": they are said beside a "yes" too."""

    NO_SNAPSHOT = "no_snapshot"
    STALE = "stale"
    NOT_YET = "snapshot_of_the_future"
    UNKNOWN = "not_on_register"
    MISSING = "missing"
    ENDED = "ended"
    NOT_BEGUN = "not_begun"
    SUSPENDED = "suspended"
    CANCELLED = "cancelled"
    OF_ANOTHER = "of_another"
    CLASS = "class"
    SCOPE = "scope"
    SUBCONTRACT = "network_permit_only"
    OVERLOAD = "overload"
    BLACKLIST = "blacklist"
    RED = "red"
    YELLOW = "yellow"
    NO_CODE = "no_code"
    ENDS_SOON = "ends_soon"
    ANNUAL_CHECK = "annual_check_overdue"


_DOUBTS: Final = frozenset({Code.NO_SNAPSHOT, Code.STALE, Code.NOT_YET})
NOTES: Final = frozenset({Code.YELLOW, Code.NO_CODE, Code.ENDS_SOON, Code.ANNUAL_CHECK})
_STATUS: Final = {Status.SUSPENDED: Code.SUSPENDED, Status.CANCELLED: Code.CANCELLED}


@dataclass(frozen=True)
class Cargo:
    """code: of the cargo table, empty when not known. weight_kg: None when not known.

    Raises ValueError for a weight below 0.
    """

    code: str
    weight_kg: int | None = None
    dangerous: bool = False

    def __post_init__(self) -> None:
        if self.weight_kg is not None and self.weight_kg < 0:
            raise ValueError("weight_kg: below 0")


@dataclass(frozen=True)
class Question:
    """vehicle: `vehicle_key`. driver: identity number, or the keyed hash that codes bear (bytes).
    company: its id; empty: that of the vehicle."""

    vehicle: str
    driver: str | bytes
    company: str
    cargo: Cargo


@dataclass(frozen=True)
class Reason:
    """subject: company, vehicle, driver or cargo, with the paper behind a dot: `driver.qualification`.
    words: for people, without any number of a person."""

    code: Code
    subject: str
    words: str


@dataclass(frozen=True)
class Verdict:
    """reasons: all of them, decisive ones first. sequence: of the snapshot that was asked, 0 for none."""

    answer: Answer
    reasons: tuple[Reason, ...]
    sequence: int = 0

    @property
    def notes(self) -> tuple[Reason, ...]:
        """Those that stop nothing."""
        return tuple(each for each in self.reasons if each.code in NOTES)


def verify(snapshot: Snapshot | None, question: Question, now_s: int) -> Verdict:
    """The verdict at `now_s` (Unix time)."""
    if snapshot is None:
        return Verdict(Answer.UNVERIFIED, (Reason(Code.NO_SNAPSHOT, "snapshot", "there is none"),))
    reasons = [*_age(snapshot, now_s)]
    cargo = question.cargo
    truck = snapshot.vehicle_by_key.get(question.vehicle)
    person = _person(snapshot, question.driver)
    carrier = snapshot.company_by_id.get(question.company or (truck.company_id if truck else ""))
    light = truck is not None and is_light(truck) and not cargo.dangerous
    for subject, entry in (("company", carrier), ("vehicle", truck), ("driver", person)):
        if entry is None:
            reasons.append(Reason(Code.UNKNOWN, subject, f"the {subject} is not on the register"))
    if carrier is not None:
        reasons += _company(snapshot, carrier, light, cargo, now_s)
    if truck is not None:
        if carrier is not None and truck.company_id != carrier.company_id:
            reasons.append(Reason(Code.OF_ANOTHER, "vehicle", "the vehicle is of another company's fleet"))
        reasons += _vehicle(snapshot, truck, light, cargo, now_s)
    if person is not None:
        reasons += _driver(snapshot, person, truck, light, now_s)
    reasons.sort(key=lambda each: (each.code not in _DOUBTS, each.code in NOTES))
    return Verdict(_answer(reasons), tuple(reasons), snapshot.sequence)


def is_light(vehicle: Vehicle) -> bool:
    """Ordinary freight of at most 4.5 t gross mass, boundary included: fewer papers are asked for."""
    return vehicle.gross <= _LIGHT_HUNDREDTHS and not vehicle.dangerous


def _person(snapshot: Snapshot, driver: str | bytes) -> Driver | None:
    if isinstance(driver, bytes):
        return snapshot.driver_by_holder.get(driver)
    return snapshot.driver_by_identity.get(driver)


def _answer(reasons: list[Reason]) -> Answer:
    if any(each.code in _DOUBTS for each in reasons):
        return Answer.UNVERIFIED
    return Answer.NO if any(each.code not in NOTES for each in reasons) else Answer.YES


def _age(snapshot: Snapshot, now_s: int) -> Iterator[Reason]:
    if now_s >= snapshot.valid_until_s:
        yield Reason(Code.STALE, "snapshot", f"its validity ended {now_s - snapshot.valid_until_s} s ago")
    elif snapshot.issued_s > now_s + CLOCK_SKEW_S:
        yield Reason(
            Code.NOT_YET, "snapshot", f"made {snapshot.issued_s - now_s} s from now: a clock is wrong"
        )


def _company(snapshot: Snapshot, company: Company, light: bool, cargo: Cargo, now_s: int) -> Iterator[Reason]:
    yield from _listed(snapshot, Register.COMPANY, company.company_id)
    if light:
        return  # its carriers need no permit, so there is no scope to keep to
    yield from _papers("company", company.papers, frozenset({Paper.PERMIT}), now_s)
    for paper in company.papers:
        if paper.paper is Paper.PERMIT:
            if paper.holder_id != company.company_id:
                yield Reason(Code.OF_ANOTHER, "company.permit", "the permit is of another carrier")
            yield from _scope("company.permit", paper, cargo)


def _vehicle(snapshot: Snapshot, vehicle: Vehicle, light: bool, cargo: Cargo, now_s: int) -> Iterator[Reason]:
    yield from _listed(snapshot, Register.VEHICLE, vehicle.key)
    yield from _papers("vehicle", vehicle.papers, _wanted(OF_VEHICLE, light), now_s)
    for paper in vehicle.papers:
        if (paper.plate, paper.plate_colour) != (vehicle.plate, vehicle.colour):
            yield Reason(Code.OF_ANOTHER, f"vehicle.{paper.paper.value}", "of another vehicle")
        if paper.paper is Paper.TRANSPORT and not light:
            yield from _scope("vehicle.transport", paper, cargo)
    if cargo.weight_kg is not None and cargo.weight_kg > vehicle.tonnage * _KG_PER_HUNDREDTH:
        words = f"{cargo.weight_kg} kg; {vehicle.tonnage * _KG_PER_HUNDREDTH} kg is the rated load"
        yield Reason(Code.OVERLOAD, "cargo", words)
    if vehicle.annual_check_until and day_text(now_s) > vehicle.annual_check_until:
        yield Reason(Code.ANNUAL_CHECK, "vehicle", f"due until {vehicle.annual_check_until}")


def _driver(
    snapshot: Snapshot, driver: Driver, vehicle: Vehicle | None, light: bool, now_s: int
) -> Iterator[Reason]:
    yield from _listed(snapshot, Register.DRIVER, driver.identity)
    yield from _papers("driver", driver.papers, _wanted(OF_PERSON, light), now_s)
    for paper in driver.papers:
        if (paper.holder, paper.holder_id) != (driver.name, driver.identity):
            yield Reason(Code.OF_ANOTHER, f"driver.{paper.paper.value}", "of another person")
        wanted = vehicle.classes if vehicle is not None and paper.paper is Paper.DRIVING else ()
        if wanted and not set(wanted) & set(paper.classes):
            yield Reason(Code.CLASS, "driver.driving", f"one of {', '.join(wanted)} is needed")
    yield from _colour(driver)


def _colour(driver: Driver) -> Iterator[Reason]:
    causes = "; ".join(driver.causes)
    if driver.colour is None:
        yield Reason(Code.NO_CODE, "driver.code", "the driver has no code")
    elif driver.colour is Colour.RED:
        yield Reason(Code.RED, "driver.code", causes or "red")
    elif driver.colour is Colour.YELLOW:
        yield Reason(Code.YELLOW, "driver.code", causes or "yellow")


def _wanted(papers: frozenset[Paper], light: bool) -> frozenset[Paper]:
    return papers - _LIGHT_WITHOUT if light else papers


def _papers(
    subject: str, papers: tuple[Certificate, ...], wanted: frozenset[Paper], now_s: int
) -> Iterator[Reason]:
    held = {each.paper for each in papers}
    for paper in Paper:
        if paper in wanted and paper not in held:
            yield Reason(Code.MISSING, f"{subject}.{paper.value}", f"{NAMES[paper]}: none is registered")
    for each in papers:
        if each.paper in wanted:
            yield from _standing(f"{subject}.{each.paper.value}", each, now_s)


def _standing(subject: str, paper: Certificate, now_s: int) -> Iterator[Reason]:
    name = NAMES[paper.paper]
    if paper.status is not Status.VALID:
        yield Reason(_STATUS[paper.status], subject, f"{name}: {paper.status.value}")
    if now_s >= paper.ends_s:
        yield Reason(Code.ENDED, subject, f"{name}: ended, its last day was {paper.valid_to}")
    elif now_s < paper.starts_s:
        yield Reason(Code.NOT_BEGUN, subject, f"{name}: begins {paper.valid_from}")
    elif now_s >= paper.ends_s - ENDS_SOON_S:
        yield Reason(Code.ENDS_SOON, subject, f"{name}: its last day is {paper.valid_to}")


def _scope(subject: str, paper: Certificate, cargo: Cargo) -> Iterator[Reason]:
    if paper.scope == {NETWORK}:
        yield Reason(Code.SUBCONTRACT, subject, f"its scope is {NETWORK} alone: it may not carry itself")
        return
    if not cargo.code and not cargo.dangerous:
        return
    needed = frozenset({DANGEROUS}) if cargo.dangerous else scopes_for(cargo.code)
    if not paper.scope & needed:
        yield Reason(Code.SCOPE, subject, f"one of {', '.join(sorted(needed))} is needed for {cargo.code}")


def _listed(snapshot: Snapshot, register: Register, subject: str) -> Iterator[Reason]:
    entry = snapshot.blacklisted.get((register, subject))
    if entry is not None:
        yield Reason(Code.BLACKLIST, register.value, entry.words or "on the blacklist")
