"""What a snapshot of the registers holds: companies, vehicles, drivers, papers, blacklist. Records only."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final

from protocols.driver_code.content import Colour

from .certificates import Certificate, Paper

ENTRIES_MAX: Final = 100_000  # of each register


class SnapshotError(ValueError):
    """No snapshot, not signed by a key we trust, or with a field that none has; the text says which."""


class Register(StrEnum):
    """Where a blacklisted subject stands."""

    COMPANY = "company"
    VEHICLE = "vehicle"
    DRIVER = "driver"


@dataclass(frozen=True)
class Company:
    """An actual carrier. company_id: the unified social credit identifier. papers: its operating permit."""

    company_id: str
    name: str
    papers: tuple[Certificate, ...] = ()


@dataclass(frozen=True)
class Vehicle:
    """colour: JT/T 697.7 code. company_id: whose fleet it is in. tonnage, gross: hundredths of a tonne.

    classes: driving classes that may drive it, any of which is enough; empty: the register does not say.
    annual_check_until: YYYYMMDD, empty when it is not kept. terminal: the phone of its terminal or empty.
    """

    plate: str
    colour: str
    company_id: str
    vehicle_type: str
    tonnage: int
    gross: int
    dangerous: bool = False
    classes: tuple[str, ...] = ()
    annual_check_until: str = ""
    terminal: str = ""
    papers: tuple[Certificate, ...] = ()

    @property
    def key(self) -> str:
        """See `vehicle_key`."""
        return vehicle_key(self.plate, self.colour)


@dataclass(frozen=True)
class Driver:
    """identity: the number. holder: its keyed hash as driver codes bear it, 16 bytes, or empty. colour: of
    the code today, None without a code; causes: why, in words. papers: identity, driving, qualification."""

    identity: str
    name: str
    holder: bytes = b""
    colour: Colour | None = None
    causes: tuple[str, ...] = ()
    papers: tuple[Certificate, ...] = ()


@dataclass(frozen=True)
class Blacklisted:
    """subject: company id, vehicle key or identity number. words: why, for people."""

    register: Register
    subject: str
    words: str = ""


@dataclass(frozen=True)
class Snapshot:
    """sequence: grows with each change at the authority. audience: the company or gateway it was made for.
    issued_s, valid_until_s: Unix time, the end excluded."""

    sequence: int
    audience: str
    issued_s: int
    valid_until_s: int
    companies: tuple[Company, ...] = ()
    vehicles: tuple[Vehicle, ...] = ()
    drivers: tuple[Driver, ...] = ()
    blacklist: tuple[Blacklisted, ...] = ()

    def __post_init__(self) -> None:
        """Raises SnapshotError for numbers that no snapshot has."""
        if not 1 <= self.sequence < 2**63:
            raise SnapshotError(f"sequence: {self.sequence}; 1 and more, below 2^63")
        if not 0 <= self.issued_s < self.valid_until_s:
            raise SnapshotError("valid_until_s: it must be later than issued_s")
        for name in ("companies", "vehicles", "drivers", "blacklist"):
            if len(getattr(self, name)) > ENTRIES_MAX:
                raise SnapshotError(f"{name}: at most {ENTRIES_MAX}")

    @cached_property
    def company_by_id(self) -> Mapping[str, Company]:
        """company id → company."""
        return {each.company_id: each for each in self.companies}

    @cached_property
    def vehicle_by_key(self) -> Mapping[str, Vehicle]:
        """`vehicle_key` → vehicle."""
        return {each.key: each for each in self.vehicles}

    @cached_property
    def driver_by_identity(self) -> Mapping[str, Driver]:
        """identity number → driver."""
        return {each.identity: each for each in self.drivers}

    @cached_property
    def driver_by_holder(self) -> Mapping[bytes, Driver]:
        """Keyed hash of the identity, as codes bear it → driver."""
        return {each.holder: each for each in self.drivers if each.holder}

    @cached_property
    def driver_by_qualification(self) -> Mapping[str, Driver]:
        """Number of the qualification certificate, as a driver's card bears it → driver."""
        return {
            paper.number: each
            for each in self.drivers
            for paper in each.papers
            if paper.paper is Paper.QUALIFICATION
        }

    @cached_property
    def vehicle_by_terminal(self) -> Mapping[str, Vehicle]:
        """Phone of the terminal, without leading zeros → vehicle."""
        return {each.terminal.lstrip("0"): each for each in self.vehicles if each.terminal}

    @cached_property
    def blacklisted(self) -> Mapping[tuple[Register, str], Blacklisted]:
        """(register, subject) → entry."""
        return {(each.register, each.subject): each for each in self.blacklist}


def vehicle_key(plate: str, colour: str) -> str:
    """The name of a vehicle: plate and colour code."""
    return f"{plate}/{colour}"
