"""What the indicators count: documents as rows of integer columns, texts once and by number.

-1 stands for "not readable" in every column. Rows are the last version of each document in the period; what
arrived outside it is known by `known_*` only, so that its counterpart inside still finds it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from protocols.freight.documents import Kind

from .period import Period
from .registers import Registers
from .tracks import Tracks

Column = np.ndarray[Any, Any]
UNREAD = -1
NO_END = -(2**31)  # in `ends`, where any other number is a place


@dataclass(frozen=True)
class Table:
    """Columns of one length. labels: row → the document's name; faults: of rows that do not conform, in
    words."""

    columns: Mapping[str, Column]
    labels: Sequence[str]
    faults: Mapping[int, str]

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))


@dataclass(frozen=True, slots=True)
class VehicleDocument:
    """The compared part of a vehicle's document. tonnage, gross: hundredths of a tonne, or UNREAD."""

    certificate: str
    vehicle_type: str
    tonnage: int
    gross: int
    trailer: str


@dataclass(frozen=True, slots=True)
class DriverDocument:
    """The compared part of a driver's document."""

    name: str
    qualification: str


@dataclass(frozen=True, eq=False)
class Facts:
    """waybills: identity (of its label, see `columns`), key, created, despatch, receipt, origin, destination,
    urban, weight_g, amount (thousandths), vehicle, carrier, licence, cargo (bits of `cargoes`).
    trips: waybill (row), driver. funds: amount (of its payments), notes (their freight), positive, bank.
    funds_notes: row, key of the funds in the period; paid: per key, what all funds documents say of it
    (thousandths, UNREAD when none names it). locations, location_notes: likewise. ends: key → startlat,
    startlon, endlat, endlon (udeg) of its location document. uploaded: enterprise → kinds that arrived in the
    period. vehicles, drivers, carriers, regions, licences, cargoes: number → text.
    known_waybills, known_funds, known_locations: per key, whether such a document ever arrived.
    """

    period: Period
    registers: Registers
    tracks: Tracks
    waybills: Table
    trips: Mapping[str, Column]
    funds: Table
    funds_notes: Mapping[str, Column]
    paid: Column
    locations: Table
    location_notes: Mapping[str, Column]
    ends: Column
    uploaded: Mapping[str, frozenset[Kind]]
    vehicles: Sequence[str]
    drivers: Sequence[str]
    carriers: Sequence[str]
    regions: Sequence[str]
    licences: Sequence[str]
    cargoes: Sequence[str]
    known_waybills: Column
    known_funds: Column
    known_locations: Column
    vehicle_documents: Mapping[str, VehicleDocument]
    driver_documents: Mapping[str, DriverDocument]
