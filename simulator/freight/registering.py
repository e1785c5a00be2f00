"""Writes the actors into the authority's registers and the bank's book: what is true."""

from __future__ import annotations

from ..authority.indicators.registers import (
    BankEntry,
    CarrierEntry,
    DriverEntry,
    Registers,
    VehicleEntry,
    vehicle_key,
)
from .actors import Cast, Vehicle
from .casting import DANGEROUS, GENERAL, TRAILER_LOAD, VALID_S
from .writing import LONG_AGO_S, TRAILER_COLOUR, account_of, paid_at


def registers_of(cast: Cast, start_s: int, heard_s: int) -> Registers:
    """What the authority knows: nothing of light vehicles, their drivers and carriers, as in life."""
    from_s = start_s - LONG_AGO_S
    registers = Registers(enterprises={company.code: company.name for company in cast.companies})
    for carrier in cast.carriers:
        if not carrier.light_only:
            registers.carriers[carrier.carrier_id] = CarrierEntry(
                carrier.carrier_id, carrier.permit, from_s, carrier.registered_until_s, carrier.scope
            )
    for driver in cast.drivers:
        if not driver.light:
            registers.drivers[driver.identity] = DriverEntry(
                driver.identity,
                driver.name,
                driver.qualification,
                from_s,
                driver.registered_until_s,
                driver.blacklisted,
            )
    for vehicle in cast.vehicles:
        _register(registers, vehicle, from_s, heard_s)
    for settlement in cast.settlements:
        amount = settlement.paid if settlement.banked is None else settlement.banked
        account = account_of(settlement.trips[0].carrier)
        registers.bank[f"SEQ{settlement.number}"] = BankEntry(amount, account, paid_at(settlement))
    return registers


def _register(registers: Registers, vehicle: Vehicle, from_s: int, heard_s: int) -> None:
    if vehicle.terminal:
        registers.terminals[vehicle.key] = heard_s if vehicle.heard else None
    if not vehicle.light:
        registers.vehicles[vehicle.key] = VehicleEntry(
            vehicle.plate,
            vehicle.colour,
            vehicle.certificate,
            from_s,
            vehicle.registered_until_s,
            vehicle.kind,
            vehicle.tonnage,
            vehicle.gross,
            frozenset({GENERAL, DANGEROUS} if vehicle.dangerous else {GENERAL}),
            vehicle.dangerous,
        )
    if vehicle.trailer:
        registers.vehicles[vehicle_key(vehicle.trailer, TRAILER_COLOUR)] = VehicleEntry(
            vehicle.trailer,
            TRAILER_COLOUR,
            vehicle.certificate + "9",
            from_s,
            from_s + LONG_AGO_S + VALID_S,
            "B11",
            TRAILER_LOAD,
            4000,
            frozenset({GENERAL}),
        )
