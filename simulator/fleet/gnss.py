"""The receiver in the cab: noise, loss of fix in tunnels, and NMEA 0183 sentences (RMC and GGA).

`pynmea2` writes the sentences, so that the terminal's own parser is never tested against its own idea of
NMEA. The receiver keeps its clock without a fix, as real ones do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import exp, sqrt
from random import Random
from typing import Final, NamedTuple

import pynmea2

from .geometry import Point, offset

TALKERS: Final = ("GP", "GN", "BD", "GB")  # GPS, several systems, BeiDou before and since NMEA 4.10
KNOTS_PER_MPS: Final = 1 / 0.514_444
HORIZONTAL_NOISE_M: Final = 2.5  # one sigma of an open-sky single-frequency receiver
VERTICAL_NOISE_M: Final = 4.0
NOISE_MEMORY_S: Final = 120.0  # errors of a receiver wander, they do not jump
SPEED_NOISE_MPS: Final = 0.08
REACQUIRE_S: Final = 2.0  # without a fix after the tunnel's end


class Sensed(NamedTuple):
    """What a receiver senses of a truck at one moment."""

    point: Point
    speed_mps: float
    heading_deg: float
    covered: bool


@dataclass
class Receiver:
    """One GNSS receiver. seed: of its noise. talker: the two letters its sentences begin with."""

    seed: int
    talker: str = "GN"
    _random: Random = field(init=False)
    _error_m: list[float] = field(init=False)
    _blind_s: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        if self.talker not in TALKERS:
            raise ValueError(f"talker {self.talker!r}; known: {', '.join(TALKERS)}")
        self._random = Random(self.seed)
        self._error_m = [self._random.gauss(0, sigma) for sigma in _SIGMAS_M]

    def sentences(self, at: datetime, truck: Sensed, passed_s: float) -> bytes:
        """RMC and GGA of one epoch, each with checksum and CR LF.

        at: an aware UTC time. passed_s: seconds since the epoch before, for noise and re-acquisition.
        """
        self._wander(passed_s)
        # However the truck moves, the random numbers drawn are the same: one tunnel more shifts nothing else.
        jitter_mps = self._random.gauss(0, SPEED_NOISE_MPS)
        self._blind_s = REACQUIRE_S if truck.covered else max(0.0, self._blind_s - passed_s)
        if truck.covered or self._blind_s > 0:
            return void_sentences(self.talker, at)
        north, east, up = self._error_m
        seen = truck._replace(
            point=offset(truck.point, north, east, up), speed_mps=max(0.0, truck.speed_mps + jitter_mps)
        )
        return fix_sentences(self.talker, at, seen, satellites=14 - int(abs(north)))

    def _wander(self, passed_s: float) -> None:
        """A first-order Gauss–Markov step: the error forgets itself over NOISE_MEMORY_S."""
        kept = exp(-passed_s / NOISE_MEMORY_S)
        fresh = sqrt(1 - kept * kept)
        for i, sigma in enumerate(_SIGMAS_M):
            self._error_m[i] = self._error_m[i] * kept + self._random.gauss(0, sigma) * fresh


_SIGMAS_M: Final = (HORIZONTAL_NOISE_M, HORIZONTAL_NOISE_M, VERTICAL_NOISE_M)


def fix_sentences(talker: str, at: datetime, seen: Sensed, satellites: int) -> bytes:
    """RMC and GGA of a valid position; minutes with five decimals, about 2 cm."""
    time, date = _clock(at)
    place = (*_angle(seen.point.latitude, "N", "S", 2), *_angle(seen.point.longitude, "E", "W", 3))
    speed = f"{seen.speed_mps * KNOTS_PER_MPS:.2f}"
    rmc = (time, "A", *place, speed, f"{seen.heading_deg:.2f}", date, "", "", "A")
    altitude = f"{seen.point.altitude_m:.1f}"
    gga = (time, *place, "1", f"{max(4, satellites):02d}", "0.9", altitude, "M", "-34.0", "M", "", "")
    return _lines(talker, rmc, gga)


def void_sentences(talker: str, at: datetime) -> bytes:
    """RMC and GGA of a receiver that sees no sky but knows the time."""
    time, date = _clock(at)
    rmc = (time, "V", "", "", "", "", "", "", date, "", "", "N")
    return _lines(talker, rmc, (time, "", "", "", "", "0", "00", "99.9", "", "M", "", "M", "", ""))


def _lines(talker: str, rmc: tuple[str, ...], gga: tuple[str, ...]) -> bytes:
    both = (pynmea2.RMC(talker, "RMC", rmc), pynmea2.GGA(talker, "GGA", gga))
    return "".join(f"{sentence}\r\n" for sentence in both).encode("ascii")


def _clock(at: datetime) -> tuple[str, str]:
    utc = at.astimezone(UTC)
    return f"{utc:%H%M%S}.{utc.microsecond // 1000:03d}", f"{utc:%d%m%y}"


def _angle(degrees: float, positive: str, negative: str, width: int) -> tuple[str, str]:
    """Degrees as NMEA's ddmm.mmmmm, rounded once and in integers so that minutes never read 60."""
    minutes_e5 = round(abs(degrees) * 60 * 100_000)
    whole, rest = divmod(minutes_e5, 60 * 100_000)
    text = f"{whole:0{width}d}{rest // 100_000:02d}.{rest % 100_000:05d}"
    return text, positive if degrees >= 0 else negative
