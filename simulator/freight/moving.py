"""Where drivers and vehicles were: points on the straight line between the ends, some hundred metres off."""

from __future__ import annotations

from random import Random
from typing import Final

import numpy as np

from ..authority.indicators.tracks import POINT, Points
from .actors import Cast, Trip

STEP_S: Final = 600
WANDER_UDEG: Final = 2000  # some 200 m
ELSEWHERE_UDEG: Final = 500_000  # 55 km
GAP_HALF_S: Final = 20 * 60 + 30
PHASE_S: Final = 30  # a vehicle's point comes within the driver's minute


def driver_points(trip: Trip) -> Points:
    """The driver's points, from despatch to receipt, both included."""
    points = _line(trip, trip.seed)
    if trip.driver_elsewhere:
        points["latitude"] += ELSEWHERE_UDEG
    if trip.track_gap:
        middle = (trip.despatch_s + trip.receipt_s) // 2
        points = points[np.abs(points["time"].astype(np.int64) - middle) > GAP_HALF_S]
    return points


def vehicle_points(trip: Trip) -> Points:
    """The vehicle's points on the same journey, each within the same minute."""
    points = _line(trip, trip.seed + 1)
    random = Random(trip.seed + 2)
    points["time"] += np.array([random.randrange(PHASE_S) for _ in points], dtype=np.uint32)
    return points


def positions_of(cast: Cast, heard_s: int) -> dict[str, Points]:
    """Vehicle key → its track; none of vehicles that no terminal is heard of. heard_s: when each is heard
    once more, parked where its last trip ended."""
    parts: dict[str, list[Points]] = {}
    for trip in cast.trips:
        vehicle = trip.vehicle
        if vehicle.terminal and vehicle.heard and not trip.track_shift_s:
            parts.setdefault(vehicle.key, []).append(vehicle_points(trip))
    for each in parts.values():
        parked = each[-1][-1:].copy()
        parked["time"] = heard_s
        each.append(parked)
    return {key: np.concatenate(each) for key, each in parts.items()}


def _line(trip: Trip, seed: int) -> Points:
    random = Random(seed)
    from_s, until_s = trip.despatch_s - trip.track_shift_s, trip.receipt_s - trip.track_shift_s
    times = [*range(from_s, until_s, STEP_S), until_s]
    points = np.empty(len(times), POINT)
    points["time"] = times
    done = (np.array(times) - from_s) / (until_s - from_s)
    for name, a, b in (
        ("latitude", trip.origin.latitude, trip.destination.latitude),
        ("longitude", trip.origin.longitude, trip.destination.longitude),
    ):
        wander = [random.randrange(-WANDER_UDEG, WANDER_UDEG) for _ in times]
        points[name] = np.rint((a + (b - a) * done) * 1e6).astype(np.int32) + wander
    return points
