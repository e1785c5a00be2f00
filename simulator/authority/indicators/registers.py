"""What the authority knows of itself, against which documents are held: a mock of 运政, a mock bank.

Plain records and dictionaries: where they come from is the caller's business.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

Column = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class VehicleEntry:
    """tonnage, gross: hundredths of a tonne. from_s, until_s: validity of its transport certificate."""

    plate: str
    colour: str
    certificate: str
    from_s: int
    until_s: int
    vehicle_type: str
    tonnage: int
    gross: int
    scope: frozenset[str]
    dangerous: bool = False


@dataclass(frozen=True, slots=True)
class DriverEntry:
    """from_s, until_s: validity of the qualification. blacklisted: in the credit assessment (诚信考核)."""

    identity: str
    name: str
    qualification: str
    from_s: int
    until_s: int
    blacklisted: bool = False


@dataclass(frozen=True, slots=True)
class CarrierEntry:
    """An actual carrier's operating permit (道路运输经营许可证) and what it allows."""

    carrier_id: str
    permit: str
    from_s: int
    until_s: int
    scope: frozenset[str]


@dataclass(frozen=True, slots=True)
class BankEntry:
    """A payment as the bank has it. amount: thousandths of a yuan."""

    amount: int
    account: str
    time_s: int


@dataclass
class Registers:
    """enterprises: the licensed operators (code → name). vehicles: by `vehicle_key`. drivers: by identity.

    carriers: by id. bank: by sequence code. booked: identities (`columns`) of what `reduction.payment_of`
    says of further payments of the bank, when they are too many for objects. terminals: vehicle key → when
    its terminal was heard last (Unix time), None for one that never was; a vehicle that is absent has no
    registered terminal.
    """

    enterprises: dict[str, str] = field(default_factory=dict)
    vehicles: dict[str, VehicleEntry] = field(default_factory=dict)
    drivers: dict[str, DriverEntry] = field(default_factory=dict)
    carriers: dict[str, CarrierEntry] = field(default_factory=dict)
    bank: dict[str, BankEntry] = field(default_factory=dict)
    booked: Column = field(default_factory=lambda: np.empty(0, np.uint64), compare=False)
    terminals: dict[str, int | None] = field(default_factory=dict)


def vehicle_key(plate: str, colour: str) -> str:
    """The name of a vehicle in registers and reports: plate and colour."""
    return f"{plate}/{colour}"
