"""Enters a world into the authority's books: operators, carriers, vehicles, drivers, papers, the bank.

What the indicators' registers say of the world stands on the papers here; the papers that indicators do not
ask for (identity, driving licence, vehicle registration, policy) are added, for driver codes need them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from protocols.freight.certificates import Certificate, Paper
from protocols.freight.registers import Register
from protocols.freight.values import day_text

from ..authority.books import Registry
from ..authority.books.registry import DriverRecord, TerminalRecord, VehicleRecord
from ..authority.indicators.registers import DriverEntry, VehicleEntry
from ..authority.reporting import AREAS
from .actors import Vehicle
from .places import EXISTING
from .world import World

ACTOR: Final = "import"
VALID_FOR_S: Final = 3 * 365 * 86400
_FIRST_PHONE: Final = 19_900_000_000  # eleven digits, of no network


def phone_of(world: World) -> dict[str, str]:
    """Vehicle key → phone of its terminal, of those that have one."""
    return {
        vehicle.key: str(_FIRST_PHONE + number)
        for number, vehicle in enumerate(world.cast.vehicles)
        if vehicle.terminal
    }


def register(registry: Registry, world: World, gateway_of: dict[str, str], now_s: int) -> None:
    """Enters everything in one transaction. gateway_of: operator's code → the gateway that it sends through.

    Raises BookError for a record that the books do not take.
    """
    with registry.book.writing():
        _operators(registry, world, gateway_of, now_s)
        for carrier in world.cast.carriers:
            registry.put_company(
                carrier.carrier_id, carrier.name, carrier.company.code, at_s=now_s, actor=ACTOR
            )
        _carriers(registry, world, now_s)
        _drivers(registry, world, now_s)
        _vehicles(registry, world, gateway_of, now_s)
        for sequence, entry in world.registers.bank.items():
            registry.put_bank(sequence, entry, at_s=now_s, actor=ACTOR)
        registry.book.put(
            AREAS, "codes", {"codes": sorted(EXISTING)}, at_s=now_s, actor=ACTOR, action="entered"
        )


def _operators(registry: Registry, world: World, gateway_of: dict[str, str], now_s: int) -> None:
    served: dict[str, list[str]] = {}
    for code, name in world.registers.enterprises.items():
        registry.put_enterprise(code, name, at_s=now_s, actor=ACTOR)
        served.setdefault(gateway_of[code], []).append(code)
    for gateway, codes in served.items():
        registry.put_gateway(gateway, codes, at_s=now_s, actor=ACTOR)


def _carriers(registry: Registry, world: World, now_s: int) -> None:
    names = {carrier.carrier_id: carrier.name for carrier in world.cast.carriers}
    for entry in world.registers.carriers.values():
        name = names[entry.carrier_id]
        permit = _paper(Paper.PERMIT, entry.permit, name, entry.carrier_id, (entry.from_s, entry.until_s))
        _enter(registry, now_s, _scoped(permit, entry.scope))


def _drivers(registry: Registry, world: World, now_s: int) -> None:
    companies = {driver.identity: vehicle.carrier.carrier_id
                 for vehicle in world.cast.vehicles for driver in vehicle.drivers}  # fmt: skip
    phones = {driver.identity: driver.telephone for driver in world.cast.drivers}
    for entry in world.registers.drivers.values():
        record = DriverRecord(
            entry.identity, entry.name, companies.get(entry.identity, ""), phones[entry.identity]
        )
        registry.put_driver(record, at_s=now_s, actor=ACTOR)
        _enter(registry, now_s, *driver_papers(entry))
        if entry.blacklisted:
            registry.put_blacklisted(
                Register.DRIVER, entry.identity, "credit assessment", at_s=now_s, actor=ACTOR
            )


def _vehicles(registry: Registry, world: World, gateway_of: dict[str, str], now_s: int) -> None:
    owners = {vehicle.key: vehicle for vehicle in world.cast.vehicles}
    owners |= {f"{vehicle.trailer}/2": vehicle for vehicle in world.cast.vehicles if vehicle.trailer}
    for key, entry in world.registers.vehicles.items():
        owner = owners[key]
        registry.put_vehicle(
            VehicleRecord(
                entry.plate, entry.colour, owner.carrier.carrier_id, entry.vehicle_type, entry.tonnage,
                entry.gross, entry.dangerous,
            ),
            at_s=now_s, actor=ACTOR,
        )  # fmt: skip
        _enter(registry, now_s, *vehicle_papers(entry, owner))
    for key, phone in phone_of(world).items():
        gateway = gateway_of[owners[key].carrier.company.code]
        registry.put_terminal(TerminalRecord(phone, key, gateway), at_s=now_s, actor=ACTOR)


def driver_papers(entry: DriverEntry) -> tuple[Certificate, ...]:
    """Qualification as registered, identity card and driving licence."""
    span, long = (entry.from_s, entry.until_s), (entry.from_s, entry.from_s + 2 * VALID_FOR_S)
    person = (entry.name, entry.identity)
    return (
        _paper(Paper.QUALIFICATION, entry.qualification, *person, span),
        _paper(Paper.IDENTITY, entry.identity, *person, long),
        _paper(Paper.DRIVING, f"D{entry.identity}", *person, long, classes=("A2",)),
    )


def vehicle_papers(entry: VehicleEntry, owner: Vehicle) -> tuple[Certificate, ...]:
    """Transport certificate as registered, vehicle registration and policy."""
    span, long = (entry.from_s, entry.until_s), (entry.from_s, entry.from_s + 2 * VALID_FOR_S)
    holder = (owner.carrier.name, owner.carrier.carrier_id)
    vehicle = (entry.plate, entry.colour)
    transport = _paper(Paper.TRANSPORT, entry.certificate, *holder, span, vehicle=vehicle)
    return (
        _scoped(transport, entry.scope),
        _paper(Paper.REGISTRATION, f"R{entry.plate}", *holder, long, vehicle=vehicle),
        _paper(Paper.POLICY, f"P{entry.plate}", *holder, long, vehicle=vehicle),
    )


def _enter(registry: Registry, now_s: int, *papers: Certificate) -> None:
    for paper in papers:
        registry.put_paper(paper, at_s=now_s, actor=ACTOR)


def _paper(
    kind: Paper,
    number: str,
    holder: str,
    holder_id: str,
    span: tuple[int, int],
    *,
    vehicle: tuple[str, str] = ("", ""),
    classes: tuple[str, ...] = (),
) -> Certificate:
    """span: from the first second to the one after the last, both at midnight."""
    days = day_text(span[0]), day_text(span[1] - 1)
    return Certificate(kind, number, holder, holder_id, *days, "示例机关", *vehicle, classes)


def _scoped(certificate: Certificate, scope: frozenset[str]) -> Certificate:
    return replace(certificate, scope=scope)
