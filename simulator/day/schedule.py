"""What the truck does from midnight to midnight (Beijing time), second by second: the scenario's own truth.

One driver in the morning, another until the evening; rests, tunnels, and four times too fast. Pure: the same
seed gives the same day.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final, NamedTuple

from ..fleet.geometry import Point
from ..fleet.gnss import TALKERS, Receiver, Sensed
from ..fleet.routes import Route
from ..fleet.source import Epoch

DAY_S: Final = 86_400
MIDNIGHT: Final = datetime(2026, 3, 1, 16, 0, tzinfo=UTC)  # in Beijing it is 2 March
TUNNEL_KMH: Final = 58.0
BURST_KMH: Final = 92.0
BURST_S: Final = 60
CLEAR_M: Final = 4_000.0  # without a tunnel, ahead and behind
_FASTER_MPS2: Final = 0.5
_SLOWER_MPS2: Final = 0.8
_ENGINE_S: Final = 60  # runs so long before and after driving


def clock_s(text: str) -> int:
    """Seconds since midnight of "HH:MM" or "HH:MM:SS"."""
    parts = [int(part) for part in text.split(":")]
    return sum(part * scale for part, scale in zip(parts, (3600, 60, 1), strict=False))


def clock_text(second: int) -> str:
    """The inverse."""
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


class Leg(NamedTuple):
    """Driving between two rests, seconds since midnight."""

    start_s: int
    end_s: int


LEGS: Final = tuple(
    Leg(clock_s(start), clock_s(end))
    for start, end in (("05:05", "09:25"), ("09:50", "13:00"), ("13:40", "16:30"), ("17:45", "20:00"))
)
BURSTS: Final = tuple(clock_s(at) for at in ("07:00", "10:40", "14:10", "18:20"))  # or when the road is clear


class Second(NamedTuple):
    """The truth of one second. along_m: on the route."""

    point: Point
    along_m: float
    heading_deg: float
    speed_kmh: float
    ignition: bool
    covered: bool


@dataclass
class Schedule:
    """The day of a seed on a route. seconds: its truth, DAY_S of them. bursts: seconds at which the driver
    begins to go too fast."""

    seed: int
    route: Route
    seconds: list[Second] = field(default_factory=list)
    bursts: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        random = Random(f"day/{self.seed}")
        # Nobody rests in a tunnel, and nobody drives too fast near one: another start then.
        while len(self.bursts) < len(BURSTS) or any(
            now.covered and not now.speed_kmh for now in self.seconds
        ):
            self._drive(random.uniform(66, 71), random.uniform(0.05, 0.2) * self.route.length_m)

    def _drive(self, cruise_kmh: float, start_m: float) -> None:
        self.seconds, self.bursts = [], []
        self._cruise_kmh, self._along_m = cruise_kmh, start_m
        self._direction, self._speed_mps, self._burst_until = 1, 0.0, 0
        wanted = list(BURSTS)
        for second in range(DAY_S):
            leg = next((leg for leg in LEGS if leg.start_s <= second < leg.end_s), None)
            if leg and wanted and second >= wanted[0] and self.is_clear(self._along_m, CLEAR_M):
                wanted.pop(0)
                self._burst_until = second + BURST_S
                self.bursts.append(second)
            self._move(second, leg)
            self.seconds.append(self._look(second))

    def is_clear(self, along_m: float, within_m: float) -> bool:
        """Whether no tunnel and no end of the route is so near."""
        if not within_m < along_m < self.route.length_m - within_m:
            return False
        return all(
            not tunnel.from_m - within_m <= along_m <= tunnel.to_m + within_m for tunnel in self.route.tunnels
        )

    def clear_after(self, second: int, within_m: float) -> int:
        """The first second from then on at which the truck drives steadily where it `is_clear`, and not too
        fast."""
        while not self._is_calm(second) or not self.is_clear(self.seconds[second].along_m, within_m):
            second += 1
        return second

    def _is_calm(self, second: int) -> bool:
        near = any(burst - 120 <= second <= burst + BURST_S + 120 for burst in self.bursts)
        return not near and any(leg.start_s + 300 <= second <= leg.end_s - 300 for leg in LEGS)

    def _move(self, second: int, leg: Leg | None) -> None:
        if leg is None:
            self._speed_mps = 0.0
            return
        limit_kmh = BURST_KMH if second < self._burst_until else self._cruise_kmh
        if self.route.tunnel_at(self._along_m + self._direction * 100) or self.route.tunnel_at(self._along_m):
            limit_kmh = TUNNEL_KMH
        to_stop_mps = max(0.0, leg.end_s - second - 1) * _SLOWER_MPS2  # so that it stands when the leg ends
        wanted_mps = min(limit_kmh / 3.6, to_stop_mps)
        step = min(wanted_mps, self._speed_mps + _FASTER_MPS2)
        self._speed_mps = max(step, self._speed_mps - _SLOWER_MPS2)
        self._along_m += self._direction * self._speed_mps
        if not 0 < self._along_m < self.route.length_m:
            self._direction = -self._direction

    def _look(self, second: int) -> Second:
        line = self.route.line
        heading = line.heading_deg(self._along_m) + (0 if self._direction > 0 else 180)
        ignition = any(leg.start_s - _ENGINE_S <= second < leg.end_s + _ENGINE_S for leg in LEGS)
        covered = self.route.tunnel_at(self._along_m) is not None
        return Second(
            line.at(self._along_m), self._along_m, heading % 360, self._speed_mps * 3.6, ignition, covered
        )


class DaySky:
    """What the truck's receiver senses of a Schedule, and after midnight of a parked truck."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._receiver = Receiver(schedule.seed, TALKERS[schedule.seed % len(TALKERS)])
        self._second = 0

    def next_epoch(self) -> Epoch:
        """The next second."""
        truth = self._schedule.seconds[min(self._second, DAY_S - 1)]
        at = MIDNIGHT + timedelta(seconds=self._second)
        self._second += 1
        sensed = Sensed(truth.point, truth.speed_kmh / 3.6, truth.heading_deg, truth.covered)
        return Epoch(self._receiver.sentences(at, sensed, 1.0), truth.point, truth.ignition, truth.covered)
