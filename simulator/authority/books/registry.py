"""The registers: companies, vehicles, drivers, their six certificates and the policy (六证一单), terminals,
gateways, the blacklist, the mock bank; each with its history.

With the indicators, a vehicle, driver or carrier stands as its papers do: one that is suspended or cancelled
ends when that was entered. Record forms are OURS (the real registers are not public).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, NamedTuple

from protocols.freight.certificates import OF_PERSON, OF_VEHICLE, Certificate, Paper, Status
from protocols.freight.registers import Register
from protocols.freight.values import DAY_S, day_start

from ..indicators.columns import Column, identities_of
from ..indicators.reduction import payment_of
from ..indicators.registers import (
    BankEntry,
    CarrierEntry,
    DriverEntry,
    Registers,
    VehicleEntry,
    vehicle_key,
)
from .book import Book, BookError

ENTERPRISE: Final = "enterprise"  # licensed network-freight operators: exchange code
GATEWAY: Final = "gateway"  # id → whose documents it may bring
COMPANY: Final = "company"  # actual carriers
VEHICLE: Final = "vehicle"
DRIVER: Final = "driver"
PAPER: Final = "paper"
TERMINAL: Final = "terminal"
BLACKLIST: Final = "blacklist"
BANK: Final = "bank"


@dataclass(frozen=True)
class VehicleRecord:
    """tonnage, gross: hundredths of a tonne. classes: driving classes that may drive it. annual_check_until:
    YYYYMMDD or empty."""

    plate: str
    colour: str
    company_id: str
    vehicle_type: str
    tonnage: int
    gross: int
    dangerous: bool = False
    classes: tuple[str, ...] = ()
    annual_check_until: str = ""

    @property
    def key(self) -> str:
        """Plate and colour."""
        return vehicle_key(self.plate, self.colour)


@dataclass(frozen=True)
class DriverRecord:
    """company_id: whose fleet the driver is in, empty when nobody's."""

    identity: str
    name: str
    company_id: str = ""
    telephone: str = ""


@dataclass(frozen=True, slots=True)
class TerminalRecord:
    """phone: of the terminal, digits without leading zeros. vehicle: its key. gateway: where it reports."""

    phone: str
    vehicle: str
    gateway: str = ""


@dataclass(frozen=True)
class PaperRecord:
    """since_s: from when its status is what it is."""

    certificate: Certificate
    since_s: int

    @property
    def until_s(self) -> int:
        """The first second in which it does not stand any more."""
        return standing_until(self.certificate.valid_to, self.certificate.status, self.since_s)


def standing_until(valid_to: str, status: Status, since_s: int) -> int:
    """The first second in which a paper does not stand any more: after its last day, or from when it has
    another status than valid."""
    ends_s = (day_start(valid_to) or 0) + DAY_S  # a paper with a bad day is not entered
    return ends_s if status is Status.VALID else min(ends_s, since_s)


class Registry:
    """Typed shelves of one book. actor: who writes, for the history."""

    def __init__(self, book: Book) -> None:
        self.book = book

    def put_enterprise(self, code: str, name: str, *, at_s: int, actor: str) -> None:
        """Licenses an operator."""
        self.book.put(ENTERPRISE, code, {"name": name}, at_s=at_s, actor=actor, action="licensed")

    def put_gateway(self, gateway: str, enterprises: Iterable[str], *, at_s: int, actor: str) -> None:
        """Says whose documents a gateway may bring; the first is meant when a document names none."""
        body = {"enterprises": list(enterprises)}
        if not body["enterprises"]:
            raise BookError("gateway: it needs an enterprise")
        self.book.put(GATEWAY, gateway, body, at_s=at_s, actor=actor, action="registered")

    def enterprises_of(self, gateway: str) -> list[str]:
        """Whose documents it may bring; empty for one that is not registered."""
        body = self.book.get(GATEWAY, gateway)
        return [] if body is None else list(body["enterprises"])

    def put_company(self, company_id: str, name: str, enterprise: str = "", *, at_s: int, actor: str) -> None:
        """An actual carrier. enterprise: code of the operator that it carries for; its gateways see it."""
        body = {"name": name, "enterprise": enterprise}
        self.book.put(COMPANY, company_id, body, at_s=at_s, actor=actor, action="registered", link=enterprise)

    def put_vehicle(self, record: VehicleRecord, *, at_s: int, actor: str) -> None:
        """A vehicle, or its new data."""
        self.book.put(
            VEHICLE, record.key, asdict(record), at_s=at_s, actor=actor, action="registered",
            link=record.company_id,
        )  # fmt: skip

    def vehicle(self, key: str) -> VehicleRecord | None:
        """By plate and colour."""
        body = self.book.get(VEHICLE, key)
        return None if body is None else _vehicle(body)

    def vehicles(self) -> list[VehicleRecord]:
        """All of them, by key."""
        return [_vehicle(body) for _, body in self.book.shelf(VEHICLE)]

    def put_driver(self, record: DriverRecord, *, at_s: int, actor: str) -> None:
        """A driver, or new data."""
        self.book.put(
            DRIVER, record.identity, asdict(record), at_s=at_s, actor=actor, action="registered",
            link=record.company_id,
        )  # fmt: skip

    def driver(self, identity: str) -> DriverRecord | None:
        """By identity number."""
        body = self.book.get(DRIVER, identity)
        return None if body is None else DriverRecord(**body)

    def drivers(self) -> list[DriverRecord]:
        """All of them."""
        return [DriverRecord(**body) for _, body in self.book.shelf(DRIVER)]

    def companies(self, enterprise: str = "") -> list[tuple[str, str]]:
        """(id, name) of every carrier, or of those of one operator."""
        found = self.book.linked(COMPANY, enterprise) if enterprise else self.book.shelf(COMPANY)
        return [(name, body["name"]) for name, body in found]

    def gateways(self) -> list[str]:
        """The ids of all gateways."""
        return [name for name, _ in self.book.shelf(GATEWAY)]

    def fleet(self, company_id: str) -> tuple[list[VehicleRecord], list[DriverRecord]]:
        """Vehicles and drivers of one carrier."""
        vehicles = [_vehicle(body) for _, body in self.book.linked(VEHICLE, company_id)]
        return vehicles, [DriverRecord(**body) for _, body in self.book.linked(DRIVER, company_id)]

    def put_terminal(self, record: TerminalRecord, *, at_s: int, actor: str) -> None:
        """A terminal in a vehicle; one that moves to another vehicle leaves the first."""
        self.book.put(
            TERMINAL, record.phone, asdict(record), at_s=at_s, actor=actor, action="fitted",
            link=record.vehicle,
        )  # fmt: skip

    def terminals(self) -> list[TerminalRecord]:
        """All of them, by phone. For a reader of its own."""
        return [TerminalRecord(**body) for _, body in self._each(TERMINAL)]

    def terminal_of(self, vehicle: str) -> TerminalRecord | None:
        """The terminal of a vehicle, by its key."""
        found = self.book.linked(TERMINAL, vehicle)
        return TerminalRecord(**found[0][1]) if found else None

    def put_bank(self, sequence: str, entry: BankEntry, *, at_s: int, actor: str) -> None:
        """A payment as the mock bank has it."""
        self.book.put(BANK, sequence, asdict(entry), at_s=at_s, actor=actor, action="booked")

    def put_blacklisted(self, register: Register, subject: str, words: str, *, at_s: int, actor: str) -> None:
        """Puts somebody on the blacklist."""
        name = f"{register.value}/{subject}"
        body = {"register": register.value, "subject": subject, "words": words}
        self.book.put(BLACKLIST, name, body, at_s=at_s, actor=actor, action="blacklisted")

    def clear_blacklisted(self, register: Register, subject: str, *, at_s: int, actor: str) -> bool:
        """Takes somebody off it."""
        return self.book.strike(
            BLACKLIST, f"{register.value}/{subject}", at_s=at_s, actor=actor, action="cleared"
        )

    def blacklisted(self) -> dict[tuple[Register, str], str]:
        """(register, subject) → why."""
        return {
            (Register(body["register"]), body["subject"]): body["words"]
            for _, body in self.book.shelf(BLACKLIST)
        }

    def put_paper(
        self, certificate: Certificate, *, at_s: int, actor: str, action: str = "entered"
    ) -> PaperRecord:
        """Enters a certificate, or what it is now; a new status counts from at_s."""
        name = paper_name(certificate.paper, certificate.number)
        before = self.paper(certificate.paper, certificate.number)
        same = before is not None and before.certificate.status is certificate.status
        record = PaperRecord(certificate, before.since_s if before is not None and same else at_s)
        body = certificate_to_json(certificate) | {"since_s": record.since_s}
        self.book.put(PAPER, name, body, at_s=at_s, actor=actor, action=action, link=link_of(certificate))
        return record

    def paper(self, paper: Paper, number: str) -> PaperRecord | None:
        """What the register says of one paper."""
        return self.paper_named(paper_name(paper, number))

    def paper_named(self, name: str) -> PaperRecord | None:
        """The same, by its name on the shelf."""
        body = self.book.get(PAPER, name)
        return None if body is None else _paper(body)

    def papers_of(self, link: str) -> list[PaperRecord]:
        """The papers of a person, vehicle or company; see `link_of`."""
        return [_paper(body) for _, body in self.book.linked(PAPER, link)]

    def set_status(self, paper: Paper, number: str, status: Status, *, at_s: int, actor: str) -> PaperRecord:
        """Suspends, cancels or restores a paper. Raises BookError for an unknown one."""
        found = self.paper(paper, number)
        if found is None:
            raise BookError(f"{paper.value}: not on the register")
        changed = replace(found.certificate, status=status)
        return self.put_paper(changed, at_s=at_s, actor=actor, action=status.value)

    def registers(self) -> Registers:
        """The registers as the indicators take them; the bank as `booked`, no terminal heard yet. For a
        reader of its own: they may be large."""
        transport = self._longest(Paper.TRANSPORT)
        qualification, permit = self._longest(Paper.QUALIFICATION), self._longest(Paper.PERMIT)
        blacklisted = self.blacklisted()
        result = Registers(
            enterprises={code: body["name"] for code, body in self._each(ENTERPRISE)}, booked=self._booked()
        )
        for _, body in self._each(VEHICLE):
            vehicle = _vehicle(body)
            result.vehicles[vehicle.key] = _vehicle_entry(vehicle, transport.pop(vehicle.key, None))
        for identity, body in self._each(DRIVER):
            result.drivers[identity] = _driver_entry(
                DriverRecord(**body), qualification.pop(identity, None),
                (Register.DRIVER, identity) in blacklisted,
            )  # fmt: skip
        for company_id, _ in self._each(COMPANY):
            if company_id in permit:
                standing = permit[company_id]
                result.carriers[company_id] = CarrierEntry(
                    company_id, standing.number, standing.from_s, standing.until_s, standing.scope
                )
        result.terminals |= {body["vehicle"]: None for _, body in self._each(TERMINAL)}
        return result

    def _booked(self) -> Column:
        """The bank's payments by what `payment_of` calls them: sixteen bytes a payment and not a
        dictionary."""
        return identities_of(payment_of(name, **body) for name, body in self._each(BANK))

    def _longest(self, kind: Paper) -> dict[str, _Standing]:
        """The papers of one kind by vehicle, person or company; of several the one that stands longest."""
        found: dict[str, _Standing] = {}
        scopes: dict[frozenset[str], frozenset[str]] = {}  # there are few: each is kept once
        for _, body in self._each(PAPER, f"{kind.value}/"):
            holder = body["holder_id"]
            if kind in OF_VEHICLE:
                holder = vehicle_key(body["plate"], body["plate_colour"])
            until_s = standing_until(body["valid_to"], Status(body["status"]), body["since_s"])
            if holder not in found or found[holder].until_s < until_s:
                scope = frozenset(body["scope"])
                starts_s = day_start(body["valid_from"]) or 0  # a paper with a bad day is not entered
                found[holder] = _Standing(body["number"], starts_s, until_s, scopes.setdefault(scope, scope))
        return found

    def _each(self, shelf: str, prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
        """(name, record) of a shelf by name, of those that begin so, one by one."""
        query = "SELECT name, body FROM record WHERE shelf = ? AND name >= ? ORDER BY name"
        for name, body in self.book.streamed(query, (shelf, prefix)):
            if not name.startswith(prefix):
                return
            yield name, json.loads(body)


class _Standing(NamedTuple):
    """What the indicators ask of a paper."""

    number: str
    from_s: int
    until_s: int
    scope: frozenset[str]


_NEVER: Final = _Standing("", 0, 0, frozenset())


def paper_name(paper: Paper, number: str) -> str:
    """The name of a paper's record."""
    return f"{paper.value}/{number}"


def link_of(certificate: Certificate) -> str:
    """Whose paper it is: `person:ID`, `vehicle:KEY` or `company:ID`."""
    if certificate.paper in OF_VEHICLE:
        return f"vehicle:{vehicle_key(certificate.plate, certificate.plate_colour)}"
    return f"{'person' if certificate.paper in OF_PERSON else 'company'}:{certificate.holder_id}"


def certificate_to_json(certificate: Certificate) -> dict[str, Any]:
    """Every field; sets in order."""
    body = asdict(certificate)
    return body | {
        "paper": certificate.paper.value,
        "status": certificate.status.value,
        "classes": list(certificate.classes),
        "scope": sorted(certificate.scope),
    }


def certificate_from_json(body: dict[str, Any]) -> Certificate:
    """The inverse. Raises ValueError, naming the field, or TypeError for members that are none."""
    values = dict(body)
    values["paper"] = Paper(values["paper"])
    values["status"] = Status(values.get("status", Status.VALID.value))
    values["classes"] = tuple(values.get("classes", ()))
    values["scope"] = frozenset(values.get("scope", ()))
    return Certificate(**values)


def _vehicle(body: dict[str, Any]) -> VehicleRecord:
    return VehicleRecord(**{**body, "classes": tuple(body["classes"])})


def _paper(body: dict[str, Any]) -> PaperRecord:
    values = dict(body)
    since_s = values.pop("since_s")
    return PaperRecord(certificate_from_json(values), since_s)


def _vehicle_entry(vehicle: VehicleRecord, paper: _Standing | None) -> VehicleEntry:
    """Without a transport certificate it is known, and never licensed."""
    number, from_s, until_s, scope = paper or _NEVER
    return VehicleEntry(
        vehicle.plate,
        vehicle.colour,
        number,
        from_s,
        until_s,
        sys.intern(vehicle.vehicle_type),
        vehicle.tonnage,
        vehicle.gross,
        scope,
        vehicle.dangerous,
    )


def _driver_entry(driver: DriverRecord, paper: _Standing | None, blacklisted: bool) -> DriverEntry:
    number, from_s, until_s, _ = paper or _NEVER
    return DriverEntry(driver.identity, driver.name, number, from_s, until_s, blacklisted)
