"""The vehicles of the period as the exemptions see them: mass, rated load, ordinary or dangerous goods.

The register is believed before the document: who could declare a mass could declare an exemption.
"""

from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np

from .facts import UNREAD, Column, Facts
from .registers import VehicleEntry
from .rules import LIGHT_HUNDREDTHS, MEDIUM_HUNDREDTHS

TRACTOR: Final = "Q"  # GA/T 16.4: semi-trailer tractors begin so; what they carry is the trailer's to carry


@dataclass(frozen=True)
class Fleet:
    """Per vehicle number: light (≤ 4.5 t, ordinary), medium (≤ 12 t, ordinary), rated (hundredths of a tonne,
    UNREAD when nobody says it)."""

    light: Column
    medium: Column
    rated: Column


_KNOWN: Final[WeakKeyDictionary[Facts, Fleet]] = WeakKeyDictionary()  # several indicators ask the same


def fleet_of(facts: Facts) -> Fleet:
    """Every vehicle, looked up once. A vehicle of unknown mass is not exempt."""
    known = _KNOWN.get(facts)
    if known is None:
        known = _KNOWN[facts] = _looked_up(facts)
    return known


def _looked_up(facts: Facts) -> Fleet:
    entries = [facts.registers.vehicles.get(key) for key in facts.vehicles]
    gross = np.array([_gross(facts, key, entry) for key, entry in zip(facts.vehicles, entries, strict=True)])
    ordinary = np.array([entry is None or not entry.dangerous for entry in entries], dtype=bool)
    known = ordinary & (gross != UNREAD)
    trailers = {entry.plate: entry.tonnage for entry in facts.registers.vehicles.values()}
    for key, document in facts.vehicle_documents.items():
        trailers.setdefault(key.partition("/")[0], document.tonnage)
    rated = [_rated(facts, key, entry, trailers) for key, entry in zip(facts.vehicles, entries, strict=True)]
    return Fleet(
        light=known & (gross <= LIGHT_HUNDREDTHS),
        medium=known & (gross <= MEDIUM_HUNDREDTHS),
        rated=np.array(rated, dtype=np.int64),
    )


def _gross(facts: Facts, key: str, entry: VehicleEntry | None) -> int:
    if entry is not None:
        return entry.gross
    document = facts.vehicle_documents.get(key)
    return UNREAD if document is None else document.gross


def _rated(facts: Facts, key: str, entry: VehicleEntry | None, trailers: dict[str, int]) -> int:
    document = facts.vehicle_documents.get(key)
    kind = entry.vehicle_type if entry else document.vehicle_type if document else ""
    if kind.startswith(TRACTOR):
        return trailers.get(document.trailer, UNREAD) if document and document.trailer else UNREAD
    if entry is not None:
        return entry.tonnage
    return UNREAD if document is None else document.tonnage
