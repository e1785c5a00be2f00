"""Positions over time, of vehicles and of drivers on a waybill: twelve bytes a point.

A point counts by its own time, so positions sent late prove as much as live ones. Tracks are named by
identities (`columns.identities_of`): of a vehicle's key, of a waybill's label.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Protocol

import numpy as np

from protocols.wire.tables import STATUS_FIXED

Column = np.ndarray[Any, Any]
Points = np.ndarray[Any, Any]
POINT: Final = np.dtype([("time", "<u4"), ("latitude", "<i4"), ("longitude", "<i4")])  # s, udeg, udeg
STATUS_FIX: Final = 1 << STATUS_FIXED  # JT/T 808, status: the receiver has a fix
STATUS_OUT_OF_OPERATION: Final = 1 << 5
_BYTES: Final = np.dtype(f"V{POINT.itemsize}")
EMPTY: Final = np.empty(0, POINT)


class Asked(NamedTuple):
    """Which tracks are asked for: one a row. From from_s to until_s, both included."""

    names: Column
    from_s: Column
    until_s: Column


class Trail(NamedTuple):
    """The answer: points by row, in a row by time. owner: the row."""

    owner: Column
    time: Column
    latitude: Column
    longitude: Column


class Tracks(Protocol):
    """Where the indicators get positions from."""

    def add_drivers(self, names: Sequence[int], parts: Sequence[bytes]) -> Column:
        """Adds what location documents say of these waybills' drivers, POINTs each; gives their numbers."""

    def retire_drivers(self, parts: Column) -> None:
        """Takes these parts out: their documents were replaced."""

    def vehicles(self, asked: Asked) -> Trail:
        """The points of these vehicles."""

    def drivers(self, asked: Asked) -> Trail:
        """The points of the drivers on these waybills."""


class TracksInMemory:
    """Tracks of one computation; the caller bounds how many it adds."""

    def __init__(self) -> None:
        self._vehicles: dict[int, list[Points]] = {}
        self._drivers: dict[int, list[Points]] = {}
        self._parts: list[tuple[int, Points]] = []  # of drivers

    def add_vehicle(self, key: str, points: Points) -> None:
        """Adds points that already count; see `counting`."""
        self._vehicles.setdefault(hash(key), []).append(points)

    def add_drivers(self, names: Sequence[int], parts: Sequence[bytes]) -> Column:
        """See `Tracks`."""
        first = len(self._parts)
        for name, data in zip(names, parts, strict=True):
            self._parts.append((name, np.frombuffer(data, POINT)))
        self._drivers.clear()  # of all parts, made when somebody asks
        return np.arange(first, len(self._parts))

    def retire_drivers(self, parts: Column) -> None:
        """See `Tracks`."""
        for part in parts.tolist():
            self._parts[part] = (self._parts[part][0], EMPTY)
        self._drivers.clear()

    def vehicles(self, asked: Asked) -> Trail:
        """See `Tracks`."""
        return _looked_up(self._vehicles, asked)

    def drivers(self, asked: Asked) -> Trail:
        """See `Tracks`."""
        if not self._drivers:
            for name, points in self._parts:
                self._drivers.setdefault(name, []).append(points)
        return _looked_up(self._drivers, asked)


def counting(points: Points, status: Column) -> Points:
    """Those points whose status flags say that they have a fix and that the vehicle is in operation."""
    return points[counts(status)]


def counts(status: Column) -> Column:
    """The same as a mask."""
    flags: Column = status & (STATUS_FIX | STATUS_OUT_OF_OPERATION)
    return flags == STATUS_FIX


def joined(parts: Sequence[Points]) -> Points:
    """One after the other. As plain bytes: numpy is slow at joining records."""
    return np.concatenate([np.empty(0, _BYTES), *(part.view(_BYTES) for part in parts)]).view(POINT)


def trail_of(owner: Column, points: Points, asked: Asked) -> Trail:
    """The trail of the points that were asked for, which may stand in any order; of one second as they came.
    owner: of each point."""
    time = points["time"].astype(np.int64)
    inside = np.flatnonzero((time >= asked.from_s[owner]) & (time <= asked.until_s[owner]))
    order = owner[inside] << 32 | time[inside]
    if np.any(order[1:] < order[:-1]):
        inside = inside[np.argsort(order, kind="stable")]
    return Trail(owner[inside], time[inside], points["latitude"][inside], points["longitude"][inside])


def _looked_up(tracks: dict[int, list[Points]], asked: Asked) -> Trail:
    parts = [
        (row, part)
        for row, name in enumerate(asked.names.view(np.int64).tolist())
        for part in tracks.get(name, ())
    ]
    owner = np.repeat([row for row, _ in parts], [len(part) for _, part in parts]).astype(np.int64)
    return trail_of(owner, joined([part for _, part in parts]), asked)
