"""The signed snapshot of the registers for one gateway: its operators' carriers, vehicles, drivers, papers.

What a gateway gets is what it needs for its own fleet and no more (minimum collection). Its sequence is the
number of the last change in the books.
"""

from __future__ import annotations

from typing import Final

from protocols.freight.certificates import Certificate
from protocols.freight.registers import Blacklisted, Company, Driver, Register, Vehicle
from protocols.freight.snapshot import Signer, Snapshot, seal
from protocols.guomi import Guomi

from .books.holders import HOLDER
from .books.registry import (
    BLACKLIST,
    COMPANY,
    DRIVER,
    GATEWAY,
    PAPER,
    TERMINAL,
    VEHICLE,
    DriverRecord,
    VehicleRecord,
)
from .bureau import Bureau

VALID_S: Final = 24 * 3600  # a gateway that hears nothing for a day says "unverified"
WATCHED: Final = (COMPANY, VEHICLE, DRIVER, PAPER, TERMINAL, GATEWAY, BLACKLIST, HOLDER)
RENEW_S: Final = VALID_S // 4  # a standing one is made anew that long after it was


def snapshot_for(bureau: Bureau, gateway: str, now_s: int) -> Snapshot:
    """What this gateway may know now; empty registers for one that is not registered."""
    registry = bureau.registry
    companies, vehicles, drivers = [], [], []
    for enterprise in registry.enterprises_of(gateway):
        for company_id, name in registry.companies(enterprise):
            companies.append(Company(company_id, name, _papers(bureau, f"company:{company_id}")))
            own, people = registry.fleet(company_id)
            vehicles += [_vehicle(bureau, each) for each in own]
            drivers += [_driver(bureau, each, now_s) for each in people]
    subjects = {
        Register.COMPANY: {each.company_id for each in companies},
        Register.VEHICLE: {each.key for each in vehicles},
        Register.DRIVER: {each.identity for each in drivers},
    }
    blacklist = [
        Blacklisted(register, subject, words)
        for (register, subject), words in sorted(registry.blacklisted().items())
        if subject in subjects[register]
    ]
    return Snapshot(
        max(1, registry.book.sequence()),
        gateway,
        now_s,
        now_s + VALID_S,
        tuple(companies),
        tuple(vehicles),
        tuple(drivers),
        tuple(blacklist),
    )


def sealed_for(bureau: Bureau, guomi: Guomi, gateway: str, now_s: int) -> tuple[int, bytes]:
    """(sequence, sealed bytes), signed by the key of today. Raises SnapshotError for a fleet too large."""
    key, private = bureau.keys.current
    snapshot = snapshot_for(bureau, gateway, now_s)
    return snapshot.sequence, seal(snapshot, Signer(guomi, key.key_id, private))


def _papers(bureau: Bureau, link: str) -> tuple[Certificate, ...]:
    return tuple(record.certificate for record in bureau.registry.papers_of(link))


def _vehicle(bureau: Bureau, each: VehicleRecord) -> Vehicle:
    terminal = bureau.registry.terminal_of(each.key)
    return Vehicle(
        each.plate,
        each.colour,
        each.company_id,
        each.vehicle_type,
        each.tonnage,
        each.gross,
        each.dangerous,
        each.classes,
        each.annual_check_until,
        "" if terminal is None else terminal.phone,
        _papers(bureau, f"vehicle:{each.key}"),
    )


def _driver(bureau: Bureau, each: DriverRecord, now_s: int) -> Driver:
    """With the colour of the code; a holder without a code has none."""
    holder = bureau.office.holder_of(each.identity)
    papers = _papers(bureau, f"person:{each.identity}")
    if bureau.holders.get(holder) is None:
        return Driver(each.identity, each.name, papers=papers)
    standing = bureau.office.standing(holder, now_s)
    return Driver(each.identity, each.name, holder, standing.colour, standing.causes, papers)
