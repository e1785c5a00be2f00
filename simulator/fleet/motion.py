"""How a truck moves along its route: speed limits, acceleration, rests, changes of driver.

Pure and exact in its randomness: the same route, plan and steps give the same places on every machine.
It does not know what a receiver would make of it; that is `gnss`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt
from typing import Final

from .geometry import Point
from .routes import Route

ACCELERATION_MPS2: Final = 0.35  # a loaded 49-tonne lorry
BRAKING_MPS2: Final = 0.8
TUNNEL_LIMIT_MPS: Final = 60 / 3.6
CURVE_LIMIT_MPS: Final = 50 / 3.6
CURVE_LOOKAHEAD_M: Final = 400.0
CURVE_TURN_DEG: Final = 35.0  # over the lookahead; a motorway's own bends stay below
STEP_S: Final = 1.0  # the integration step


@dataclass(frozen=True)
class Stop:
    """A rest at `after_m` metres of driving, for `rest_s`. Ignition is off when the driver changes."""

    after_m: float
    rest_s: float
    driver_change: bool = False


@dataclass(frozen=True)
class Plan:
    """What one truck will do: where it starts, which way and how fast it goes, where it rests."""

    start_m: float
    direction: int
    cruise_mps: float
    stops: tuple[Stop, ...] = ()


@dataclass
class Motion:
    """The state of one moving truck.

    along_m: where on the route. driven_m: how far since the start. speed_mps: now. ignition: whether the
    engine runs. `advance` moves it; at the end of the route the truck turns round.
    """

    route: Route
    plan: Plan
    along_m: float = field(init=False)
    direction: int = field(init=False)
    speed_mps: float = field(init=False, default=0.0)
    driven_m: float = field(init=False, default=0.0)
    resting_s: float = field(init=False, default=0.0)
    ignition: bool = field(init=False, default=True)
    _next_stop: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.along_m = self.plan.start_m
        self.direction = self.plan.direction

    @property
    def point(self) -> Point:
        """Where the truck truly is."""
        return self.route.line.at(self.along_m)

    @property
    def heading_deg(self) -> float:
        """Where its nose points, degrees from north."""
        heading = self.route.line.heading_deg(self.along_m)
        return heading if self.direction > 0 else (heading + 180.0) % 360.0

    @property
    def in_tunnel(self) -> bool:
        """Whether there is neither sky nor network."""
        return self.route.tunnel_at(self.along_m) is not None

    def advance(self, seconds: float) -> None:
        """Live on for `seconds` of the truck's world."""
        whole, rest = divmod(seconds, STEP_S)
        for _ in range(int(whole)):
            self._step(STEP_S)
        if rest:
            self._step(rest)

    def _step(self, seconds: float) -> None:
        if self.resting_s > 0:
            self.resting_s = max(0.0, self.resting_s - seconds)
            self.ignition = self.ignition or self.resting_s == 0
            return
        self.speed_mps = self._speed_after(seconds)
        self._roll(self.speed_mps * seconds)
        if self._stop_gap_m() <= 0:
            self._rest(self.plan.stops[self._next_stop])

    def _speed_after(self, seconds: float) -> float:
        """Towards the wanted speed, no harder than engine and brakes allow."""
        wanted = self._wanted_mps()
        if wanted >= self.speed_mps:
            return min(wanted, self.speed_mps + ACCELERATION_MPS2 * seconds)
        return max(wanted, self.speed_mps - BRAKING_MPS2 * seconds)

    def _wanted_mps(self) -> float:
        """The lowest of: the driver's habit, the limits here, and what still lets it stop in time."""
        limit = self.plan.cruise_mps
        if self.in_tunnel:
            limit = min(limit, TUNNEL_LIMIT_MPS)
        if self._turns_sharply():
            limit = min(limit, CURVE_LIMIT_MPS)
        # A crawl remains, so that rounding never leaves the truck standing a centimetre before its stop.
        return min(limit, max(1.0, sqrt(2 * BRAKING_MPS2 * max(0.0, self._stop_gap_m()))))

    def _turns_sharply(self) -> bool:
        line = self.route.line
        ahead = line.heading_deg(self.along_m + self.direction * CURVE_LOOKAHEAD_M)
        turn = abs(ahead - line.heading_deg(self.along_m)) % 360.0
        return min(turn, 360.0 - turn) > CURVE_TURN_DEG

    def _roll(self, metres: float) -> None:
        self.driven_m += metres
        self.along_m += self.direction * metres
        if not 0.0 <= self.along_m <= self.route.length_m:
            self.along_m = min(max(self.along_m, 0.0), self.route.length_m)
            self.direction = -self.direction

    def _stop_gap_m(self) -> float:
        if self._next_stop == len(self.plan.stops):
            return float("inf")
        return self.plan.stops[self._next_stop].after_m - self.driven_m

    def _rest(self, stop: Stop) -> None:
        self._next_stop += 1
        self.speed_mps = 0.0
        self.resting_s = stop.rest_s
        self.ignition = not stop.driver_change
