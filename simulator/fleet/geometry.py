"""Distances, headings and curves on the WGS-84 sphere, as good as a simulated truck needs.

Knows points and lines only: no roads, no trucks. A spherical Earth is within 0.6 % of the ellipsoid.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from math import asin, atan2, ceil, cos, degrees, hypot, radians, sin, sqrt
from typing import Final, NamedTuple

EARTH_RADIUS_M: Final = 6_371_008.8  # mean radius of WGS-84
METRES_PER_DEGREE: Final = EARTH_RADIUS_M * radians(1)


class Point(NamedTuple):
    """A place: WGS-84 degrees, altitude in metres above the sea."""

    latitude: float
    longitude: float
    altitude_m: float = 0.0


class Bounds(NamedTuple):
    """A box of latitudes and longitudes in degrees."""

    south: float
    west: float
    north: float
    east: float


def distance_m(a: Point, b: Point) -> float:
    """Great-circle distance by the haversine formula, in metres."""
    half_latitude = radians(b.latitude - a.latitude) / 2
    half_longitude = radians(b.longitude - a.longitude) / 2
    scale = cos(radians(a.latitude)) * cos(radians(b.latitude))
    chord = sin(half_latitude) ** 2 + scale * sin(half_longitude) ** 2
    return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(chord)))


def bearing_deg(a: Point, b: Point) -> float:
    """Initial heading from a to b, 0 ≤ heading < 360, clockwise from north."""
    east = radians(b.longitude - a.longitude)
    north_a, north_b = radians(a.latitude), radians(b.latitude)
    x = sin(east) * cos(north_b)
    y = cos(north_a) * sin(north_b) - sin(north_a) * cos(north_b) * cos(east)
    return degrees(atan2(x, y)) % 360.0


def between(a: Point, b: Point, fraction: float) -> Point:
    """The point at `fraction` (0…1) of the way; straight in degrees, good for steps of a few kilometres."""
    return Point(*(p + (q - p) * fraction for p, q in zip(a, b, strict=True)))


def offset(point: Point, north_m: float, east_m: float, up_m: float = 0.0) -> Point:
    """The point moved by metres to the north, the east and upwards."""
    per_longitude = METRES_PER_DEGREE * cos(radians(point.latitude))
    return Point(
        point.latitude + north_m / METRES_PER_DEGREE,
        point.longitude + east_m / per_longitude,
        point.altitude_m + up_m,
    )


def bounds_of(points: Sequence[Point], margin: float = 0.0) -> Bounds:
    """The smallest box around the points, widened on each side by `margin` of its larger side.

    Raises ValueError when there is no point.
    """
    if not points:
        raise ValueError("no points, so no bounds")
    latitudes = [p.latitude for p in points]
    longitudes = [p.longitude for p in points]
    width = max(max(latitudes) - min(latitudes), max(longitudes) - min(longitudes), 0.001) * margin
    return Bounds(
        min(latitudes) - width, min(longitudes) - width, max(latitudes) + width, max(longitudes) + width
    )


def smooth(points: Sequence[Point], step_m: float) -> list[Point]:
    """A curve through all points, with a vertex about every `step_m` metres.

    Centripetal Catmull–Rom: it passes through each waypoint and, unlike the uniform kind, makes no loops
    where a long and a short stretch meet.
    """
    if len(points) < 3:
        return list(points)
    padded = [_mirrored(points[0], points[1]), *points, _mirrored(points[-1], points[-2])]
    curve = [points[0]]
    for i in range(len(points) - 1):
        pieces = max(1, ceil(distance_m(points[i], points[i + 1]) / step_m))
        curve += [_on_curve(padded[i : i + 4], piece / pieces) for piece in range(1, pieces)]
        curve.append(points[i + 1])
    return curve


def _mirrored(centre: Point, point: Point) -> Point:
    return Point(*(2 * c - p for c, p in zip(centre, point, strict=True)))


def _on_curve(four: Sequence[Point], fraction: float) -> Point:
    """The Barry–Goldman pyramid for the middle span of four points."""
    knots = [0.0]
    for a, b in pairwise(four):
        gap = hypot(b.latitude - a.latitude, b.longitude - a.longitude)
        knots.append(knots[-1] + max(sqrt(gap), 1e-6))
    at = knots[1] + (knots[2] - knots[1]) * fraction
    level = list(four)
    for width in (1, 2):
        level = [
            between(level[i], level[i + 1], (at - knots[i]) / (knots[i + width] - knots[i]))
            for i in range(len(level) - 1)
        ]
    return between(level[0], level[1], (at - knots[1]) / (knots[2] - knots[1]))


class Polyline:
    """A line measured from its start. Raises ValueError for fewer than two distinct points."""

    def __init__(self, points: Sequence[Point]) -> None:
        self.points: list[Point] = [p for i, p in enumerate(points) if i == 0 or p[:2] != points[i - 1][:2]]
        if len(self.points) < 2:
            raise ValueError("a line needs at least two different points")
        self._starts_m = [0.0]
        for a, b in pairwise(self.points):
            self._starts_m.append(self._starts_m[-1] + distance_m(a, b))

    @property
    def length_m(self) -> float:
        """Length of the whole line in metres."""
        return self._starts_m[-1]

    def at(self, along_m: float) -> Point:
        """The point `along_m` metres from the start; beyond an end, that end."""
        i, fraction = self._place(along_m)
        return between(self.points[i], self.points[i + 1], fraction)

    def heading_deg(self, along_m: float) -> float:
        """The direction of the line at `along_m`."""
        i, _ = self._place(along_m)
        return bearing_deg(self.points[i], self.points[i + 1])

    def slice(self, from_m: float, to_m: float) -> list[Point]:
        """The points from one distance to another, both ends included."""
        first = bisect_right(self._starts_m, from_m)
        last = bisect_right(self._starts_m, to_m)
        return [self.at(from_m), *self.points[first:last], self.at(to_m)]

    def nearest_m(self, point: Point) -> float:
        """How far along the line its vertex nearest to `point` lies."""
        i = min(range(len(self.points)), key=lambda i: distance_m(self.points[i], point))
        return self._starts_m[i]

    def _place(self, along_m: float) -> tuple[int, float]:
        clamped = min(max(along_m, 0.0), self.length_m)
        i = min(bisect_right(self._starts_m, clamped), len(self.points) - 1) - 1
        return i, (clamped - self._starts_m[i]) / (self._starts_m[i + 1] - self._starts_m[i])
