"""The areas and the route that the platform sets on the day, where the truck will come by; and when it does.

Bodies of 0x8600 … 0x8606 for the terminal, crossings for the truth: the first in the standard's integers, the
second by geometry on the scenario's own places.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from protocols.wire.bodies import encode_layout, layout_of
from protocols.wire.pages.areas import BODIES

from ..fleet.geometry import Point, Polyline, distance_m, offset
from .schedule import DAY_S, Schedule, Second, clock_s

CIRCLES, CIRCLES_GONE, RECTANGLES, POLYGONS, ROUTES = 0x8600, 0x8601, 0x8602, 0x8604, 0x8606
TELL: Final = 1 << 3 | 1 << 5  # entered and left, both to the platform
SPEED: Final = 1 << 1
CLEAR_M: Final = 2_500.0  # no tunnel so near to an area
RADIUS_M: Final = 400
ZONE_KMH: Final = 50
ZONE_AFTER_S: Final = 5  # of too fast in the zone
ROUTE_WIDTH_M: Final = 200
ROUTE_S: Final = 20 * 60
_SIDE_M: Final = 450.0


@dataclass(frozen=True)
class Area:
    """kind: as in item 0x12: 1 circle, 2 rectangle, 3 polygon, 4 route. message_id, values: what sets it.
    holds(second): whether the truck is inside then. until_s: when the platform takes it away. tells: whether
    crossings are reported; else it has a limit of ZONE_KMH."""

    kind: int
    number: int
    message_id: int
    values: dict[str, object]
    holds: Callable[[Second], bool]
    from_s: int
    until_s: int = DAY_S
    tells: bool = True

    def body(self, edition: int) -> bytes:
        """Of the message that sets it."""
        return _encoded(self.message_id, self.values, edition)


def plan_areas(schedule: Schedule, set_s: int) -> list[Area]:
    """Two circles (the second is crossed while the gateway is away), one that is taken away before the truck
    comes, a zone with a limit of its own, a polygon, a route."""
    return [
        _circle(schedule, 1, clock_s("08:00"), set_s),
        _circle(schedule, 2, clock_s("11:15"), set_s),
        _circle(schedule, 3, clock_s("15:40"), set_s, until_s=clock_s("13:30")),
        _zone(schedule, 4, clock_s("14:40"), set_s),
        _polygon(schedule, 5, clock_s("18:00"), set_s),
        _route(schedule, 6, clock_s("19:10"), set_s),
    ]


def deletion(area: Area, edition: int) -> bytes:
    """The body of 0x8601 for this circle."""
    return _encoded(CIRCLES_GONE, {"count": 1, "ids": [area.number]}, edition)


def crossings(schedule: Schedule, area: Area) -> list[tuple[int, int]]:
    """(second, direction) of each crossing while the area is set: 0 in, 1 out."""
    found = []
    inside = area.holds(schedule.seconds[area.from_s])
    for second in range(area.from_s, area.until_s):
        now = area.holds(schedule.seconds[second])
        if now != inside:
            found.append((second, 0 if now else 1))
            inside = now
    return found


def _circle(schedule: Schedule, number: int, at_s: int, set_s: int, until_s: int = DAY_S) -> Area:
    centre = _place(schedule, at_s)
    values = {"id": number, "attributes": TELL, **_coordinates(centre), "radius_m": RADIUS_M, "name": b""}
    setting = {"setting": 1, "count": 1, "areas": [values]}
    return Area(
        1, number, CIRCLES, setting, lambda s: distance_m(s.point, centre) <= RADIUS_M, set_s, until_s
    )


def _zone(schedule: Schedule, number: int, at_s: int, set_s: int) -> Area:
    centre = _place(schedule, at_s)
    north_west, south_east = offset(centre, _SIDE_M, -_SIDE_M), offset(centre, -_SIDE_M, _SIDE_M)
    values = {
        "id": number,
        "attributes": SPEED,
        "max_speed_kmh": ZONE_KMH,
        "overspeed_s": ZONE_AFTER_S,
        "night_max_speed_kmh": ZONE_KMH,
        "name": b"",
        **_coordinates(north_west, "upper_left_"),
        **_coordinates(south_east, "lower_right_"),
    }
    setting = {"setting": 1, "count": 1, "areas": [values]}

    def holds(second: Second) -> bool:
        return (
            south_east.latitude <= second.point.latitude <= north_west.latitude
            and north_west.longitude <= second.point.longitude <= south_east.longitude
        )

    return Area(2, number, RECTANGLES, setting, holds, set_s, tells=False)


def _polygon(schedule: Schedule, number: int, at_s: int, set_s: int) -> Area:
    """A square that stands on its corner: |north| + |east| ≤ side, as the truth knows it."""
    centre = _place(schedule, at_s)
    corners = [
        offset(centre, _SIDE_M * north, _SIDE_M * east) for north, east in ((1, 0), (0, 1), (-1, 0), (0, -1))
    ]
    values = {
        "id": number,
        "attributes": TELL,
        "vertex_count": len(corners),
        "vertices": [_coordinates(corner) for corner in corners],
        "name": b"",
    }

    def holds(second: Second) -> bool:
        point = second.point
        north = distance_m(Point(point.latitude, centre.longitude), centre)
        east = distance_m(Point(point.latitude, point.longitude), Point(point.latitude, centre.longitude))
        return north + east <= _SIDE_M

    return Area(3, number, POLYGONS, values, holds, set_s)


def _route(schedule: Schedule, number: int, at_s: int, set_s: int) -> Area:
    """The road itself between two clear places, point by point of its line."""
    first_s = schedule.clear_after(at_s, CLEAR_M)
    last_s = schedule.clear_after(first_s + ROUTE_S, CLEAR_M)
    low, high = sorted(schedule.seconds[second].along_m for second in (first_s, last_s))
    points = Polyline(schedule.route.line.slice(low, high)).points
    values = {
        "id": number,
        "attributes": TELL,
        "point_count": len(points),
        "points": [
            {"point_id": index + 1, "section_id": index + 1, **_coordinates(point), "width_m": ROUTE_WIDTH_M,
             "attributes": 0}
            for index, point in enumerate(points)
        ],
        "name": b"",
    }  # fmt: skip
    return Area(4, number, ROUTES, values, lambda s: low <= s.along_m <= high, set_s)


def _place(schedule: Schedule, at_s: int) -> Point:
    return schedule.seconds[schedule.clear_after(at_s, CLEAR_M)].point


def _coordinates(point: Point, prefix: str = "") -> dict[str, int]:
    return {
        f"{prefix}latitude_udeg": round(point.latitude * 1e6),
        f"{prefix}longitude_udeg": round(point.longitude * 1e6),
    }


def _encoded(message_id: int, values: dict[str, object], edition: int) -> bytes:
    return bytes(encode_layout(layout_of(BODIES, message_id, edition), values))
