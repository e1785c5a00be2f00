"""What the whole fleet will do, decided by one seed before anything starts.

A plan is data: the same seed, size, length and options give the same plan on every machine, so a run can
be repeated and argued about. Nothing here moves, listens or connects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Final

from .gnss import TALKERS
from .motion import TUNNEL_LIMIT_MPS, Plan, Stop
from .routes import Route

EDITIONS: Final = (2011, 2013, 2019)
DEFAULT_BASE: Final = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)  # eight in the morning in Yunnan
CRUISE_KMH: Final = (74.0, 88.0)
TUNNEL_SHARE: Final = 0.25  # of the run that may be spent in a tunnel, at most
_MEAN_MPS: Final = 70 / 3.6  # with climbs, tunnels and starts; decides how early a tunnel must come
_PLATE_LETTERS: Final = "ACDEFGHJKLMN"  # the prefectures of Yunnan, as far as they are used here
_PLATE_COLOURS: Final = (1, 2)


@dataclass(frozen=True)
class Options:
    """What may be chosen. seconds: how long GNSS is heard. compression: seconds of the truck's world in one
    second of its receiver. base: UTC of the first epoch. interval_s: between reports of a moving truck.
    edition_mix: editions in turn. trucks: how many.
    """

    trucks: int
    seconds: float
    compression: int = 1
    interval_s: int = 10
    edition_mix: tuple[int, ...] = EDITIONS
    base: datetime = DEFAULT_BASE

    def __post_init__(self) -> None:
        if self.trucks < 1 or self.seconds <= 0 or self.compression < 1 or self.interval_s < 1:
            raise ValueError("trucks, seconds, compression and interval must be positive")
        if not self.edition_mix or set(self.edition_mix) - set(EDITIONS):
            raise ValueError(f"editions {self.edition_mix}; known: {EDITIONS}")


@dataclass(frozen=True)
class TruckPlan:
    """One truck: who it is, where it drives, what will happen to it. seed: of its receiver and jitter."""

    number: int
    phone: str
    edition: int
    plate: str
    plate_colour: int
    talker: str
    seed: int
    route: Route
    motion: Plan


@dataclass(frozen=True)
class Scenario:
    """A seed, its options and the plans they give."""

    seed: int
    options: Options
    plans: tuple[TruckPlan, ...]


def plan_fleet(seed: int, options: Options, routes: Sequence[Route]) -> Scenario:
    """The plans of all trucks, spread over the routes in turn."""
    plans = [_plan_truck(seed, number, options, routes) for number in range(options.trucks)]
    return Scenario(seed, options, tuple(plans))


def _plan_truck(seed: int, number: int, options: Options, routes: Sequence[Route]) -> TruckPlan:
    # A generator of its own for each truck: adding a truck does not change the others.
    random = Random(f"{seed}/{number}")
    edition = options.edition_mix[number % len(options.edition_mix)]
    route = routes[number % len(routes)]
    return TruckPlan(
        number=number,
        phone=phone_of(number),
        edition=edition,
        plate=_plate(random),
        plate_colour=random.choice(_PLATE_COLOURS),
        talker=TALKERS[number % len(TALKERS)],
        seed=random.getrandbits(32),
        route=route,
        motion=plan_motion(random, route, options.seconds * options.compression),
    )


def phone_of(number: int) -> str:
    """A mainland mobile number that no operator has given out, distinct for each truck."""
    return f"100{number:08d}"


def plan_motion(random: Random, route: Route, seconds: float) -> Plan:
    """A start, a direction and rests, so that `seconds` of driving meet a tunnel and a rest.

    The tunnel comes in the first half, the rest after it, as far as the route's length allows. In a run so
    short that a tunnel would swallow it the truck starts anywhere.
    """
    reach_m = min(seconds * _MEAN_MPS, route.length_m)
    direction = random.choice((1, -1))
    cruise_mps = random.uniform(*CRUISE_KMH) / 3.6
    before_tunnel_m = reach_m * random.uniform(0.08, 0.35)
    rest_after_m = reach_m * random.uniform(0.5, 0.75)
    anywhere_m = random.uniform(0, route.length_m)
    passable_m = seconds * TUNNEL_SHARE * TUNNEL_LIMIT_MPS
    short_enough = [tunnel for tunnel in route.tunnels if tunnel.to_m - tunnel.from_m <= passable_m]
    tunnel = random.choice(short_enough) if short_enough else None
    if tunnel is None:
        start_m = anywhere_m
    elif direction > 0:
        start_m = tunnel.from_m - before_tunnel_m
    else:
        start_m = tunnel.to_m + before_tunnel_m
    stop = Stop(rest_after_m, seconds * random.uniform(0.06, 0.12), random.random() < 0.5)
    return Plan(min(max(start_m, 0.0), route.length_m), direction, cruise_mps, (stop,))


def _plate(random: Random) -> str:
    return f"云{random.choice(_PLATE_LETTERS)}{random.randrange(100_000):05d}"
