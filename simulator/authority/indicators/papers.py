"""6, 7, 8 资质合规率: vehicles, drivers, actual carriers whose certificates stand at every despatch.

Exempt: vehicles of at most 4.5 t, drivers all of whose trips were with such vehicles (the notice lacks the
word "all": our reading), carriers that used no other vehicle. Dangerous goods are never exempt.
"""

from collections.abc import Sequence

import numpy as np

from .facts import UNREAD, Column, Facts
from .fleet import fleet_of
from .registers import CarrierEntry, DriverEntry, VehicleEntry
from .result import Better, Indicator, Offenders
from .rules import Rules


def vehicles_compliant(facts: Facts, rules: Rules) -> Indicator:
    """6: compliant vehicles / vehicles of more than 4.5 t."""
    w, fleet = facts.waybills, fleet_of(facts)
    spans = _Spans(w["vehicle"], w["despatch"], len(facts.vehicles))
    reasons = {
        number: _vehicle_fault(facts, facts.vehicles[number], spans, number)
        for number in spans.used()
        if not fleet.light[number]
    }
    return _indicator(
        ("6", "Vehicle compliance rate", "车辆资质合规率"),
        "transport certificate valid at every despatch, and number, type, load and mass as registered; "
        "≤ 4.5 t ordinary are exempt",
        facts.vehicles,
        reasons,
    )


def drivers_compliant(facts: Facts, rules: Rules) -> Indicator:
    """7: compliant drivers / drivers with a trip of more than 4.5 t."""
    light = _light_waybills(facts)[facts.trips["waybill"]]
    numbers = facts.trips["driver"]
    despatch = facts.waybills["despatch"][facts.trips["waybill"]]
    spans = _Spans(numbers, despatch, len(facts.drivers))
    heavy = np.zeros(len(facts.drivers), dtype=bool)
    heavy[numbers[~light]] = True
    reasons = {
        number: _driver_fault(facts, facts.drivers[number], spans, number)
        for number in spans.used()
        if heavy[number]
    }
    return _indicator(
        ("7", "Driver compliance rate", "驾驶员资质合规率"),
        "qualification valid at every despatch, name and number as registered, not blacklisted; "
        "exempt only if all trips of the period are with ≤ 4.5 t ordinary vehicles",
        facts.drivers,
        reasons,
    )


def carriers_compliant(facts: Facts, rules: Rules) -> Indicator:
    """8: compliant actual carriers / those that used a vehicle of more than 4.5 t."""
    w = facts.waybills
    used = w["carrier"] != UNREAD
    spans = _Spans(w["carrier"], w["despatch"], len(facts.carriers))
    heavy = np.zeros(len(facts.carriers), dtype=bool)
    heavy[w["carrier"][used & ~_light_waybills(facts)]] = True
    written = _licences(facts)
    reasons = {
        number: _carrier_fault(facts, facts.carriers[number], spans, number, written.get(number, set()))
        for number in spans.used()
        if heavy[number]
    }
    return _indicator(
        ("8", "Actual carrier compliance rate", "实际承运人资质合规率"),
        "operating permit valid at every despatch, its number as registered on every waybill; "
        "carriers that use only ≤ 4.5 t ordinary vehicles are exempt",
        facts.carriers,
        reasons,
    )


class _Spans:
    """Per number, the first and the last despatch: a certificate must hold from one to the other."""

    def __init__(self, numbers: Column, despatch: Column, count: int) -> None:
        self.seen = np.zeros(count, dtype=bool)
        self.seen[numbers[numbers != UNREAD]] = True
        timed = (numbers != UNREAD) & (despatch != UNREAD)
        self.first = np.full(count, np.iinfo(np.int64).max)
        self.last = np.full(count, np.iinfo(np.int64).min)
        np.minimum.at(self.first, numbers[timed], despatch[timed])
        np.maximum.at(self.last, numbers[timed], despatch[timed])

    def used(self) -> list[int]:
        return [int(number) for number in np.flatnonzero(self.seen)]

    def fault(self, number: int, entry: VehicleEntry | DriverEntry | CarrierEntry, paper: str) -> str:
        """Empty when it was valid all the time, or when no despatch can be read."""
        if self.last[number] >= entry.until_s:
            return f"{paper} ended before a despatch"
        return f"{paper} began after a despatch" if self.first[number] < entry.from_s else ""


def _light_waybills(facts: Facts) -> Column:
    """Per waybill, whether its vehicle is exempt; an unreadable vehicle is not."""
    light = np.append(fleet_of(facts).light, False)  # the last: UNREAD
    return light[facts.waybills["vehicle"]]


def _vehicle_fault(facts: Facts, key: str, spans: _Spans, number: int) -> str:
    entry, document = facts.registers.vehicles.get(key), facts.vehicle_documents.get(key)
    if entry is None:
        return "no transport certificate on register"
    if document is None:
        return "no vehicle document"
    compared = (
        ("certificate number", document.certificate, entry.certificate),
        ("vehicle type", document.vehicle_type, entry.vehicle_type),
        ("rated load", document.tonnage, entry.tonnage),
        ("gross mass", document.gross, entry.gross),
    )
    different = [name for name, ours, theirs in compared if ours != theirs]
    if different:
        return f"{', '.join(different)}: not as registered"
    return spans.fault(number, entry, "transport certificate")


def _driver_fault(facts: Facts, identity: str, spans: _Spans, number: int) -> str:
    entry, document = facts.registers.drivers.get(identity), facts.driver_documents.get(identity)
    if entry is None:
        return "no qualification on register"
    if document is None:
        return "no driver document"
    if (document.name, document.qualification) != (entry.name, entry.qualification):
        return "name or qualification number: not as registered"
    return "blacklisted" if entry.blacklisted else spans.fault(number, entry, "qualification")


def _carrier_fault(facts: Facts, carrier: str, spans: _Spans, number: int, written: set[str]) -> str:
    entry = facts.registers.carriers.get(carrier)
    if entry is None:
        return "no operating permit on register"
    if written - {entry.permit}:
        return "permit number: not as registered"
    return spans.fault(number, entry, "operating permit")


def _licences(facts: Facts) -> dict[int, set[str]]:
    """Carrier → the licence numbers that its waybills show."""
    w = facts.waybills
    both = (w["carrier"] != UNREAD) & (w["licence"] != UNREAD)
    pairs = np.unique(np.stack([w["carrier"][both], w["licence"][both]], axis=1), axis=0)
    written: dict[int, set[str]] = {}
    for carrier, licence in pairs.tolist():
        written.setdefault(carrier, set()).add(facts.licences[licence])
    return written


def _indicator(
    names: tuple[str, str, str], reading: str, labels: Sequence[str], reasons: dict[int, str]
) -> Indicator:
    rows = np.array([number for number, reason in reasons.items() if reason], dtype=np.int64)
    good = len(reasons) - len(rows)
    offenders = Offenders(labels, rows, reasons.__getitem__)
    return Indicator(*names, Better.HIGH, good, len(reasons), reading, offenders=offenders)
