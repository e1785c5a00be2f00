"""Positions over time, of vehicles and of drivers on a waybill: twelve bytes a point, in order of time.

Points that prove nothing are refused here: without a fix, or of a vehicle out of operation. A point counts by
its own time, so positions sent late prove as much as live ones.
"""

from collections.abc import Sequence
from typing import Any, Final, Protocol

import numpy as np

Points = np.ndarray[Any, Any]
POINT: Final = np.dtype([("time", "<u4"), ("latitude", "<i4"), ("longitude", "<i4")])  # s, udeg, udeg
STATUS_FIX: Final = 1 << 1  # JT/T 808, status: the receiver has a fix
STATUS_OUT_OF_OPERATION: Final = 1 << 5
_BYTES: Final = np.dtype(f"V{POINT.itemsize}")
EMPTY: Final = np.empty(0, POINT)


class Tracks(Protocol):
    """Where the indicators get positions from."""

    def add_driver(self, key: str, points: Points) -> int:
        """Adds what a location document says of this waybill's driver; gives the number of this part."""

    def retire_driver(self, parts: Sequence[int]) -> None:
        """Takes these parts out: their documents were replaced."""

    def vehicle(self, key: str, from_s: int, until_s: int) -> Points:
        """The points of this vehicle from from_s to until_s, both included, by time."""

    def driver(self, key: str, from_s: int, until_s: int) -> Points:
        """The points of the driver on this waybill (number/serial), likewise."""


class TracksInMemory:
    """Tracks of one computation; the caller bounds how many it adds."""

    def __init__(self) -> None:
        self._vehicles: dict[str, list[Points]] = {}
        self._drivers: dict[str, list[Points]] = {}
        self._parts: list[tuple[str, Points]] = []  # of drivers

    def add_vehicle(self, key: str, points: Points) -> None:
        """Adds points that already count; see `counting`."""
        self._vehicles.setdefault(key, []).append(ordered([points]))

    def add_driver(self, key: str, points: Points) -> int:
        """See `Tracks`."""
        self._parts.append((key, ordered([points])))
        self._drivers.clear()  # of all parts, made when somebody asks
        return len(self._parts) - 1

    def retire_driver(self, parts: Sequence[int]) -> None:
        """See `Tracks`."""
        for part in parts:
            self._parts[part] = (self._parts[part][0], EMPTY)
        self._drivers.clear()

    def vehicle(self, key: str, from_s: int, until_s: int) -> Points:
        """See `Tracks`."""
        return _looked_up(self._vehicles, key, from_s, until_s)

    def driver(self, key: str, from_s: int, until_s: int) -> Points:
        """See `Tracks`."""
        if not self._drivers:
            for name, points in self._parts:
                self._drivers.setdefault(name, []).append(points)
        return _looked_up(self._drivers, key, from_s, until_s)


def counting(points: Points, status: Points) -> Points:
    """Those points whose status flags say that they have a fix and that the vehicle is in operation."""
    good = (status & STATUS_FIX != 0) & (status & STATUS_OUT_OF_OPERATION == 0)
    return points[good]


def joined(parts: Sequence[Points]) -> Points:
    """One after the other. As plain bytes: numpy is slow at joining records."""
    return np.concatenate([np.empty(0, _BYTES), *(part.view(_BYTES) for part in parts)]).view(POINT)


def ordered(parts: Sequence[Points]) -> Points:
    """All points by time; points of one second as they came."""
    points = parts[0] if len(parts) == 1 else joined(parts)
    times = points["time"]
    if np.all(times[1:] >= times[:-1]):
        return points
    return points[np.argsort(times, kind="stable")]


def window(points: Points, from_s: int, until_s: int) -> Points:
    """Those of ordered points from from_s to until_s, both included."""
    times = points["time"]
    return points[times.searchsorted(max(from_s, 0), "left") : times.searchsorted(max(until_s, 0), "right")]


def _looked_up(tracks: dict[str, list[Points]], key: str, from_s: int, until_s: int) -> Points:
    parts = tracks.get(key)
    if parts is None:
        return EMPTY
    if len(parts) > 1:
        parts[:] = [ordered(parts)]
    return window(parts[0], from_s, until_s)
