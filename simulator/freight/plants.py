"""Faults to plant: each changes some actors and tells the truth what that does. `MOVES` says which indicators
a plant moves in a world that was clean before: nothing more, nothing less.

Every plant takes its own trip, settlement or holder, so that no two meet.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from typing import Final

from .actors import Carrier, Settlement, Trip, Vehicle
from .casting import NETWORK, VALID_S
from .planter import Planter
from .truth import PER_FUNDS, PER_WAYBILL, Truth


def _company_without_locations(planter: Planter) -> None:
    company, truth = planter.company(), planter.truth
    company.uploads_locations = False
    truth.spoil("1", company.code)
    truth.spoil("2", company.code)
    for trip in planter.trips_of(company):
        _without_location(truth, trip)


def _company_without_drivers(planter: Planter) -> None:
    company = planter.company()
    company.uploads_drivers = False
    planter.truth.spoil("1", company.code)
    for driver in planter.cast.drivers:
        if driver.company is company and not driver.light:
            planter.truth.spoil("7", driver.identity)


def _without_location(truth: Truth, trip: Trip) -> None:
    trip.has_location = False
    truth.count(("4",), -1)
    truth.spoil("4", trip.key)
    truth.spoil("13-1", trip.key)


def _missing_location(planter: Planter) -> None:
    _without_location(planter.truth, planter.trip())


def _wrong_code(planter: Planter) -> None:
    trip = planter.trip(lambda trip: not trip.vehicle.light)
    trip.business = "1009999"
    planter.truth.spoil("3-1", trip.key)


def _missing_field(planter: Planter) -> None:
    trip = planter.trip()
    trip.missing_consignee = True
    planter.truth.spoil("3-1", trip.key)


def _wrong_payment_code(planter: Planter) -> None:
    settlement = planter.settlement(planter.trip())
    settlement.payment = "77"
    planter.truth.spoil("3-2", settlement.number)


def _overload(planter: Planter) -> None:
    trip = planter.trip()
    extra = trip.vehicle.load * 10_000 + 1 - trip.weight_g  # one gram too much
    trip.weight_g += extra
    planter.truth.count(("16",), extra)
    planter.truth.spoil("9", trip.key)


def _full_load(planter: Planter) -> None:
    trip = planter.trip()
    extra = trip.vehicle.load * 10_000 - trip.weight_g
    trip.weight_g += extra
    planter.truth.count(("16",), extra)


def _false_track(planter: Planter) -> None:
    trip = planter.trip()
    trip.driver_elsewhere = True
    planter.truth.spoil("13-1", trip.key)


def _track_gap(planter: Planter) -> None:
    trip = planter.trip(lambda trip: trip.receipt_s - trip.despatch_s >= 2 * 3600)
    trip.track_gap = True
    planter.truth.spoil("13-1", trip.key)


def _duplicate(planter: Planter) -> None:
    """The same journey once more under another number, ten minutes later, paid once more."""
    trip, truth = planter.trip(), planter.truth
    twin = copy.copy(trip)
    twin.number = f"{trip.number[:-8]}{90_000_000 + len(planter.cast.trips)}"
    twin.created_s, twin.despatch_s = trip.created_s + 600, trip.despatch_s + 600
    twin.receipt_s, twin.track_shift_s = trip.receipt_s + 600, 600
    settlement = Settlement(f"ZJ{len(planter.cast.settlements):010d}", [twin], twin.freight)
    planter.settle(twin, settlement)
    truth.count(PER_WAYBILL)
    truth.count(("4",))
    truth.count(("16",), twin.weight_g)
    truth.count(PER_FUNDS)
    truth.spoil("12", trip.key)
    truth.spoil("12", twin.key)


def _subcontract(planter: Planter) -> None:
    """Given on to a carrier that may only broker: it is licensed, and new among the carriers."""
    trips_of = Counter(id(trip.carrier) for trip in planter.cast.trips)
    trip = planter.trip(lambda trip: not trip.vehicle.light and trips_of[id(trip.carrier)] > 1)
    number = len(planter.cast.carriers)
    company = trip.carrier.company
    broker = Carrier(
        f"CARRIER{number:06d}",
        f"示例平台{number}",
        f"{company.place.code}9{number:05d}",
        frozenset({NETWORK}),
        company,
        False,
        planter.start_s + VALID_S,
    )
    planter.cast.carriers.append(broker)
    trip.carrier = broker
    planter.take(broker)
    planter.truth.count(("8",))
    planter.truth.spoil("10", trip.key)


def _out_of_scope(planter: Planter) -> None:
    trip = planter.trip(lambda trip: not trip.vehicle.dangerous and not trip.vehicle.light)
    trip.cargo = "0200"
    planter.truth.spoil("11", trip.key)


def _expired_transport(planter: Planter) -> None:
    vehicle = planter.heavy_vehicle()
    vehicle.registered_until_s = planter.start_s
    planter.truth.spoil("6", vehicle.key)


def _wrong_vehicle_data(planter: Planter) -> None:
    vehicle = planter.heavy_vehicle()
    vehicle.declared_tonnage = vehicle.tonnage + 100
    planter.truth.spoil("6", vehicle.key)


def _expired_qualification(planter: Planter) -> None:
    driver = planter.heavy_driver()
    driver.registered_until_s = planter.start_s
    planter.truth.spoil("7", driver.identity)


def _blacklisted(planter: Planter) -> None:
    driver = planter.heavy_driver()
    driver.blacklisted = True
    planter.truth.spoil("7", driver.identity)


def _expired_permit(planter: Planter) -> None:
    carrier = planter.heavy_carrier()
    carrier.registered_until_s = planter.start_s
    planter.truth.spoil("8", carrier.carrier_id)


def _unpaid(planter: Planter) -> None:
    trip = planter.trip()
    planter.settlement(trip).sent = False
    planter.truth.count(PER_FUNDS, -1)
    planter.truth.spoil("13-2-1", trip.key)


def _bank_differs(planter: Planter) -> None:
    settlement = planter.settlement(planter.trip())
    settlement.banked = settlement.paid - 1
    planter.truth.spoil("13-2-2", settlement.number)


def _underpaid(planter: Planter) -> None:
    trip = planter.trip()
    settlement = planter.settlement(trip)
    settlement.paid = settlement.paid * 8 // 10
    planter.truth.spoil("5", trip.key)
    planter.truth.spoil("5", settlement.number)


def _orphan_funds(planter: Planter) -> None:
    """Money for a waybill that nobody sent. Neither matched nor asked about at the bank."""
    like = planter.trip()
    number = f"ZJ{len(planter.cast.settlements):010d}"
    planter.cast.settlements.append(Settlement(number, [like], like.freight, for_nothing=True))
    planter.truth.count(PER_FUNDS)
    planter.truth.count(("13-2-2",), -1)
    planter.truth.spoil("13-2-1", number)


def _zero_freight(planter: Planter) -> None:
    trip = planter.trip()
    trip.stated_freight = 0
    planter.truth.spoil("5", trip.key)


def _same_ends(planter: Planter) -> None:
    trip = planter.trip(lambda trip: not trip.vehicle.light)
    trip.destination_code = trip.origin_code
    planter.truth.spoil("5", trip.key)


def _unknown_region(planter: Planter) -> None:
    trip = planter.trip()
    trip.destination_code = "539999"
    planter.truth.spoil("5", trip.key)


def _created_late(planter: Planter) -> None:
    trip = planter.trip()
    trip.created_s = trip.despatch_s + 60
    planter.truth.spoil("5", trip.key)


def _resent(planter: Planter) -> None:
    planter.trip().send_twice = True


def _corrected(planter: Planter) -> None:
    planter.trip().first_wrong = True


def _without_track(planter: Planter) -> Vehicle:
    """A vehicle that must be tracked and is not: its trips have no proof, and no other fault."""
    vehicle = planter.pick(vehicle for vehicle in planter.cast.vehicles if not vehicle.medium)
    for trip in planter.cast.trips:
        if trip.vehicle is vehicle:
            planter.take(trip)
            planter.truth.spoil("13-1", trip.key)
    planter.truth.network.add(vehicle.key)
    return vehicle


def _silent_terminal(planter: Planter) -> None:
    _without_track(planter).heard = False


def _no_terminal(planter: Planter) -> None:
    _without_track(planter).terminal = False


PLANTS: Final[dict[str, Callable[[Planter], None]]] = {
    "company_without_locations": _company_without_locations,
    "company_without_drivers": _company_without_drivers,
    "expired_transport": _expired_transport,
    "wrong_vehicle_data": _wrong_vehicle_data,
    "expired_qualification": _expired_qualification,
    "blacklisted": _blacklisted,
    "expired_permit": _expired_permit,
    "silent_terminal": _silent_terminal,
    "no_terminal": _no_terminal,
    "missing_location": _missing_location,
    "wrong_code": _wrong_code,
    "missing_field": _missing_field,
    "wrong_payment_code": _wrong_payment_code,
    "overload": _overload,
    "full_load": _full_load,
    "false_track": _false_track,
    "track_gap": _track_gap,
    "duplicate": _duplicate,
    "subcontract": _subcontract,
    "out_of_scope": _out_of_scope,
    "unpaid": _unpaid,
    "bank_differs": _bank_differs,
    "underpaid": _underpaid,
    "orphan_funds": _orphan_funds,
    "zero_freight": _zero_freight,
    "same_ends": _same_ends,
    "unknown_region": _unknown_region,
    "created_late": _created_late,
    "resent": _resent,
    "corrected": _corrected,
}

MOVES: Final[dict[str, frozenset[str]]] = {
    "company_without_locations": frozenset({"1", "2", "4", "13-1"}),
    "company_without_drivers": frozenset({"1", "7"}),
    "expired_transport": frozenset({"6"}),
    "wrong_vehicle_data": frozenset({"6"}),
    "expired_qualification": frozenset({"7"}),
    "blacklisted": frozenset({"7"}),
    "expired_permit": frozenset({"8"}),
    "silent_terminal": frozenset({"13-1"}),
    "no_terminal": frozenset({"13-1"}),
    "missing_location": frozenset({"4", "13-1"}),
    "wrong_code": frozenset({"3-1"}),
    "missing_field": frozenset({"3-1"}),
    "wrong_payment_code": frozenset({"3-2"}),
    "overload": frozenset({"9", "16"}),
    "full_load": frozenset({"16"}),
    "false_track": frozenset({"13-1"}),
    "track_gap": frozenset({"13-1"}),
    "duplicate": frozenset({"12", "15", "16"}),
    "subcontract": frozenset({"10"}),
    "out_of_scope": frozenset({"11"}),
    "unpaid": frozenset({"13-2-1"}),
    "bank_differs": frozenset({"13-2-2"}),
    "underpaid": frozenset({"5"}),
    "orphan_funds": frozenset({"13-2-1"}),
    "zero_freight": frozenset({"5"}),
    "same_ends": frozenset({"5"}),
    "unknown_region": frozenset({"5"}),
    "created_late": frozenset({"5"}),
    "resent": frozenset(),
    "corrected": frozenset(),
}
assert MOVES.keys() == PLANTS.keys()
