"""Finds a place for each fault: its own trip, settlement or holder, so that no two meet."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from typing import TypeVar

from .actors import Carrier, Cast, Company, Driver, Settlement, Trip, Vehicle
from .truth import Truth

T = TypeVar("T")


class PlantError(ValueError):
    """The world has nothing left in which this fault could be planted."""


class Planter:
    """Plants faults into one cast. Whole companies first, then holders, then trips: the caller sees to it."""

    def __init__(self, cast: Cast, truth: Truth, random: Random, start_s: int) -> None:
        self.cast, self.truth, self.random, self.start_s = cast, truth, random, start_s
        self._taken: set[int] = set()
        self._settlements = {
            id(trip): settlement for settlement in cast.settlements for trip in settlement.trips
        }

    def pick(self, candidates: Iterable[T]) -> T:
        """One that no plant has; it is taken from now on. Raises PlantError when there is none."""
        free = [each for each in candidates if id(each) not in self._taken]
        if not free:
            raise PlantError("the world is too small for so many faults")
        chosen = self.random.choice(free)
        self._taken.add(id(chosen))
        return chosen

    def company(self) -> Company:
        """One of which no other fault is: its trips and drivers are taken with it."""
        company = self.pick(self.cast.companies[1:])
        self.take(*self.trips_of(company))
        self.take(*(driver for driver in self.cast.drivers if driver.company is company))
        return company

    def trips_of(self, company: Company) -> list[Trip]:
        """Its trips."""
        return [trip for trip in self.cast.trips if trip.carrier.company is company]

    def trip(self, suits: Callable[[Trip], bool] = lambda trip: True) -> Trip:
        """One that suits, settled alone, so that a fault of its money is its own."""
        return self.pick(
            trip
            for trip in self.cast.trips
            if suits(trip) and len(self.settlement(trip).trips) == 1 and self.settlement(trip).sent
        )

    def take(self, *others: object) -> None:
        """Keeps further plants away from these."""
        self._taken.update(id(other) for other in others)

    def settle(self, trip: Trip, settlement: Settlement) -> None:
        """Adds a waybill and what is paid for it; both are taken."""
        self.cast.trips.append(trip)
        self.cast.settlements.append(settlement)
        self._settlements[id(trip)] = settlement
        self.take(trip, settlement)

    def settlement(self, trip: Trip) -> Settlement:
        """The funds document that pays it."""
        return self._settlements[id(trip)]

    def heavy_vehicle(self) -> Vehicle:
        """One that needs a certificate."""
        return self.pick(vehicle for vehicle in self.cast.vehicles if not vehicle.light)

    def heavy_driver(self) -> Driver:
        """One who needs a qualification."""
        return self.pick(driver for driver in self.cast.drivers if not driver.light)

    def heavy_carrier(self) -> Carrier:
        """One that needs a permit and has trips."""
        used = {id(trip.carrier) for trip in self.cast.trips}
        return self.pick(
            carrier for carrier in self.cast.carriers if not carrier.light_only and id(carrier) in used
        )
