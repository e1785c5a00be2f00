"""Who takes part: one operator with its fleet and finished trips, and the truck that drives now.

The operator's world is a freight scenario with four faults planted; the truck of today is one more vehicle
of its best carrier, with a driver of its own, unknown to any finished document.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from protocols.freight.certificates import Certificate, Paper
from protocols.wire.bcd import identity_of

from ...authority.books import Registry
from ...authority.books.registry import DriverRecord, TerminalRecord, VehicleRecord
from ...authority.indicators.registers import DriverEntry
from ...freight.actors import Driver, Settlement, Trip, Vehicle
from ...freight.casting import Size
from ...freight.places import KUNMING
from ...freight.registration import driver_papers, vehicle_papers
from ...freight.scenarios import Scenario, build
from ...freight.trial import recent
from ...freight.world import World
from ...freight.writing import funds, waybill

FAULTS: Final = {"overload": 1, "expired_transport": 1, "missing_location": 1, "unpaid": 1}
SCENARIO: Final = Scenario("demonstration", KUNMING, Size(companies=1, vehicles=8, trips=2), FAULTS)
ACTOR: Final = "demo"
NAME: Final = "王小明"  # as 张三 elsewhere: nobody in particular
LATER: Final = ("despatchActualDateTime", "goodsReceiptDateTime", "sendToProDateTime")  # the trip tells them


@dataclass(frozen=True)
class Today:
    """The truck that drives now. papers: of driver, vehicle and carrier, as the registers have them."""

    phone: str
    vehicle: Vehicle
    driver: Driver
    papers: tuple[Certificate, ...]
    pattern: Trip

    def application(self, wrong: Certificate | None = None) -> dict[str, Any]:
        """For a driver code. wrong: shown instead of the true one of its kind."""
        papers = [wrong if wrong and each.paper is wrong.paper else each for each in self.papers]
        return {
            "holder": "driver",
            "identity": self.driver.identity,
            "name": self.driver.name,
            "plate": self.vehicle.plate,
            "plate_colour": self.vehicle.colour,
            "carrier_id": self.vehicle.carrier.carrier_id,
            "papers": [_form(each) for each in papers],
        }

    def order(self, number: str, now_s: int) -> dict[str, Any]:
        """A waybill before its trip."""
        document = waybill(self._trip(number, now_s))
        return {key: value for key, value in document.items() if key not in LATER}

    def payment(self, number: str, now_s: int) -> dict[str, Any]:
        """The funds document for it."""
        trip = self._trip(number, now_s)
        return funds(Settlement(f"ZJ{number[2:]}", [trip], trip.freight))

    def _trip(self, number: str, now_s: int) -> Trip:
        return replace(
            self.pattern, number=number, serial="0000", vehicle=self.vehicle, drivers=[self.driver],
            created_s=now_s, despatch_s=now_s + 60, receipt_s=now_s + 3600,
        )  # fmt: skip


def invent(seed: int, now_s: int) -> World:
    """The finished world of this seed, in a period that ends with today."""
    return build(SCENARIO, seed, period=recent(now_s))


def today(world: World, phone: str, plate: str, colour: int) -> Today:
    """One more truck with a driver for the world's carrier."""
    spoilt = set().union(*world.truth.spoilt.values())
    pattern = next(
        trip
        for trip in world.cast.trips
        if not trip.vehicle.medium and not {trip.key, trip.vehicle.key} & spoilt
    )
    like = pattern.drivers[0]
    identity = like.identity[:6] + "19880307" + like.identity[14:]
    driver = replace(like, name=NAME, identity=identity, qualification=like.qualification[:-1] + "X")
    entry = replace(
        world.registers.vehicles[pattern.vehicle.key], plate=plate, colour=str(colour),
        certificate=pattern.vehicle.certificate + "8",
    )  # fmt: skip
    vehicle = replace(
        pattern.vehicle, plate=plate, colour=str(colour), certificate=entry.certificate, drivers=[driver]
    )
    known = world.registers.drivers[like.identity]
    person = DriverEntry(identity, NAME, driver.qualification, known.from_s, known.until_s, False)
    papers = (*driver_papers(person), *vehicle_papers(entry, vehicle))
    return Today(phone, vehicle, driver, papers, pattern)


def enter(registry: Registry, one: Today, gateway: str, now_s: int) -> Today:
    """Puts the truck of today into the books; gives it with its carrier's permit among the papers."""
    vehicle, driver, carrier = one.vehicle, one.driver, one.vehicle.carrier
    terminal = TerminalRecord(identity_of(one.phone), vehicle.key, gateway)
    person = DriverRecord(driver.identity, driver.name, carrier.carrier_id, driver.telephone)
    of_vehicle = (carrier.carrier_id, vehicle.kind, vehicle.tonnage, vehicle.gross)
    with registry.book.writing():
        registry.put_driver(person, at_s=now_s, actor=ACTOR)
        registry.put_vehicle(
            VehicleRecord(vehicle.plate, vehicle.colour, *of_vehicle), at_s=now_s, actor=ACTOR
        )
        for paper in one.papers:
            registry.put_paper(paper, at_s=now_s, actor=ACTOR)
        registry.put_terminal(terminal, at_s=now_s, actor=ACTOR)
    permit = registry.paper(Paper.PERMIT, carrier.permit)
    assert permit is not None, "the world was entered before"
    return replace(one, papers=(*one.papers, permit.certificate))


def _form(paper: Certificate) -> dict[str, Any]:
    return vars(paper) | {"classes": list(paper.classes), "scope": sorted(paper.scope)}
