"""Makes a clean world: companies, holders, trips, settlements. Counts the truth as it goes."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from ..fleet.geometry import Point, distance_m
from .actors import TONNE_G, Carrier, Cast, Company, Driver, Settlement, Trip, Vehicle
from .places import Place
from .truth import PER_FUNDS, PER_WAYBILL, Truth

GENERAL: Final = "普通货运"
NETWORK: Final = "网络货运"
DANGEROUS: Final = "危险货物运输"
SURNAMES: Final = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN: Final = "伟芳娜敏静丽强磊军洋勇艳杰涛明超秀霞平刚"
ORDINARY_CARGO: Final = ("0400", "0500", "0600", "1100", "1200", "1601", "1700")
SPEED_MPS: Final = 55 / 3.6  # on the straight line: lorries in mountains
REST_S: Final = 3 * 3600
URBAN_DELIVERY: Final = "1003997"
LINE_HAUL: Final = "1002996"
VALID_S: Final = 3 * 365 * 86400

# kind (GA/T 16.4), gross and rated load in hundredths of a tonne. On both sides of both limits.
MODELS: Final = (
    ("H31", 450, 170),
    ("H21", 451, 175),
    ("H21", 1200, 650),
    ("H11", 1201, 660),
    ("H11", 1800, 990),
    ("H12", 2500, 1500),
    ("Q11", 2500, 0),
)
TRAILER_LOAD: Final = 3200


@dataclass(frozen=True)
class Size:
    """How big a world is. vehicles: of each company. trips: of each vehicle."""

    companies: int
    vehicles: int
    trips: int


class Casting:
    """One world in the making; `cast` and `truth` are its results."""

    def __init__(self, random: Random, places: tuple[Place, ...], size: Size, start_s: int) -> None:
        self.cast, self.truth = Cast(), Truth()
        self._random, self._places, self._size, self._start_s = random, places, size, start_s
        for i in range(size.companies):
            self._company(i)
        self._settle()

    def _company(self, i: int) -> None:
        place = self._places[i % len(self._places)]
        company = Company(
            f"{place.code}{i:04d}",
            f"云途示例货运{i + 1}号公司",
            f"91{place.code}MA{i:08d}",
            f"{place.code}9{i:05d}",
            place,
        )
        self.cast.companies.append(company)
        self.truth.count(("1", "2"))
        carriers = [self._carrier(company, light) for light in (True, False, False)]
        for j in range(self._size.vehicles):
            self._vehicle(company, carriers, j)
        if i == 0:
            self._dangerous_vehicle(company)

    def _carrier(
        self, company: Company, light: bool, scope: frozenset[str] = frozenset({GENERAL})
    ) -> Carrier:
        number = len(self.cast.carriers)
        permit = f"{company.place.code}000000" if light else f"{company.place.code}3{number:05d}"
        carrier = Carrier(
            f"CARRIER{number:06d}",
            f"示例运输户{number}",
            permit,
            scope,
            company,
            light,
            self._start_s + VALID_S,
        )
        self.cast.carriers.append(carrier)
        return carrier

    def _vehicle(self, company: Company, carriers: list[Carrier], j: int) -> None:
        kind, gross, tonnage = MODELS[j % len(MODELS)]
        carrier = carriers[0] if gross <= 450 else carriers[1 + j % 2]
        self._add_vehicle(carrier, kind, gross, tonnage, dangerous=False)

    def _dangerous_vehicle(self, company: Company) -> None:
        """Of 4.50 t and not exempt all the same."""
        carrier = self._carrier(company, False, frozenset({GENERAL, DANGEROUS}))
        self._add_vehicle(carrier, "H31", 450, 170, dangerous=True)

    def _add_vehicle(self, carrier: Carrier, kind: str, gross: int, tonnage: int, dangerous: bool) -> None:
        number, place = len(self.cast.vehicles), carrier.company.place
        light = gross <= 450 and not dangerous
        tractor = kind.startswith("Q")
        drivers = [self._driver(carrier.company, light) for _ in range(2 if tractor else 1)]
        vehicle = Vehicle(
            f"云{place.letter}{10000 + number}",
            "1" if light else "2",
            kind,
            gross,
            tonnage,
            TRAILER_LOAD if tractor else tonnage,
            f"{place.code}000000" if light else f"{place.code}1{number:07d}",
            self._start_s + VALID_S,
            carrier,
            drivers,
            trailer=f"云{place.letter}{number:04d}挂" if tractor else "",
            dangerous=dangerous,
            terminal=gross > 1200 or dangerous,
        )
        self.cast.vehicles.append(vehicle)
        self._trips(vehicle)
        self._count_holders(vehicle)

    def _driver(self, company: Company, light: bool) -> Driver:
        number = len(self.cast.drivers)
        name = self._random.choice(SURNAMES) + "".join(self._random.sample(GIVEN, 2))
        born = f"19{60 + number % 40}{number % 12 + 1:02d}{number % 28 + 1:02d}"
        identity = f"{company.place.code}{born}{number % 10000:04d}"
        qualification = f"{identity[:6]}000000000000" if light else f"{identity[:6]}2{number:011d}"
        driver = Driver(
            identity, name, qualification, f"139{number:08d}", company, light, self._start_s + VALID_S
        )
        self.cast.drivers.append(driver)
        return driver

    def _count_holders(self, vehicle: Vehicle) -> None:
        """The wholes of 6, 7, 8 and 14: a vehicle, its drivers; its carrier with its first heavy vehicle."""
        self.truth.count(("14",))
        if vehicle.light:
            return
        self.truth.count(("6",))
        self.truth.count(("7",), len(vehicle.drivers))
        others = (other for other in self.cast.vehicles if other is not vehicle and not other.light)
        if all(other.carrier is not vehicle.carrier for other in others):
            self.truth.count(("8",))

    def _trips(self, vehicle: Vehicle) -> None:
        now_s = self._start_s + 86400 + self._random.randrange(3600) * 60
        here = vehicle.carrier.company.place
        for _ in range(self._size.trips):
            there = self._random.choice([place for place in self._places if place is not here])
            trip = self._trip(vehicle, here, there, now_s)
            now_s = trip.receipt_s + REST_S + self._random.randrange(240) * 60
            here = there

    def _trip(self, vehicle: Vehicle, here: Place, there: Place, now_s: int) -> Trip:
        random, number = self._random, len(self.cast.trips)
        metres = distance_m(Point(here.latitude, here.longitude), Point(there.latitude, there.longitude))
        minutes = max(40, int(metres / SPEED_MPS / 60) + 20)
        despatch_s = now_s + random.randrange(30, 120) * 60
        weight_g = vehicle.load * random.randrange(40, 96) * (TONNE_G // 10_000)
        trip = Trip(
            f"YD{vehicle.carrier.company.code}{number:08d}",
            "0001" if number % 9 == 4 else "0000",  # some are one segment of a longer journey
            vehicle,
            list(vehicle.drivers),
            vehicle.carrier,
            here,
            there,
            now_s,
            despatch_s,
            despatch_s + minutes * 60,
            weight_g,
            random.randrange(300, 9000) * 1000,
            "0200" if vehicle.dangerous else random.choice(ORDINARY_CARGO),
            URBAN_DELIVERY if vehicle.light else LINE_HAUL,
            random.randrange(2**32),
            here.code,
            there.code,
        )
        self.cast.trips.append(trip)
        self.truth.count(PER_WAYBILL)
        self.truth.count(("4",))  # its location document
        self.truth.count(("16",), weight_g)
        return trip

    def _settle(self) -> None:
        """A funds document for each trip; now and then one for two trips of a vehicle."""
        waiting: list[Trip] = []
        for trip in self.cast.trips:
            if waiting and waiting[0].vehicle is not trip.vehicle:
                self._pay(waiting)
                waiting = []
            waiting.append(trip)
            if len(waiting) == 2 or self._random.random() < 0.7:
                self._pay(waiting)
                waiting = []
        if waiting:
            self._pay(waiting)

    def _pay(self, trips: list[Trip]) -> None:
        number = f"ZJ{len(self.cast.settlements):010d}"
        self.cast.settlements.append(Settlement(number, list(trips), sum(trip.freight for trip in trips)))
        self.truth.count(PER_FUNDS)
