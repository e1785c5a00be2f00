"""What must have been told of the day: each alarm once, at its second and place, from the scenario alone.

And what was told, read from the reports as they are on the wire. Holds one against the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from protocols.wire import tables
from protocols.wire.bodies import decode_body

from ..fleet.geometry import Point, distance_m
from .areas import ZONE_AFTER_S, ZONE_KMH, Area, crossings
from .schedule import Schedule, clock_s

LIMIT_KMH: Final = 80
LIMIT_AFTER_S: Final = 10
MARGIN_KMH: Final = 5
WARNING_AFTER_S: Final = 2
DRIVING_LIMIT_S: Final = 4 * 3600
DRIVING_WARNING_S: Final = 1800  # before
MIN_REST_S: Final = 20 * 60
PARKING_LIMIT_S: Final = 4 * 3600
MOVING_KMH: Final = 5.0
TOLERANCE_S: Final = 8
ROUTE_TOLERANCE_S: Final = 30  # the corridor's ends are round
TOLERANCE_M: Final = 60.0  # beside what the truck drives in the tolerated time
CROSSED: Final = (tables.ALARM_AREA_CROSSED, tables.ALARM_ROUTE_CROSSED)  # told by item 0x12, one for each

NAMES: Final = {
    tables.ALARM_EMERGENCY: ("emergency button", "紧急报警"),
    tables.ALARM_OVERSPEED: ("overspeed", "超速报警"),
    tables.ALARM_OVERSPEED_WARNING: ("overspeed pre-warning", "超速预警"),
    tables.ALARM_FATIGUE: ("fatigue", "疲劳驾驶"),
    tables.ALARM_FATIGUE_WARNING: ("fatigue pre-warning", "疲劳驾驶预警"),
    tables.ALARM_GNSS_ANTENNA_OPEN: ("antenna open", "天线未接"),
    tables.ALARM_POWER_LOW: ("undervoltage", "主电源欠压"),
    tables.ALARM_POWER_LOST: ("main power lost", "主电源掉电"),
    tables.ALARM_PARKING_TIME_EXCEEDED: ("parked too long", "超时停车"),
    tables.ALARM_COLLISION: ("collision", "碰撞预警"),
}
_KINDS: Final = {
    1: ("circle", "圆形区域"),
    2: ("rectangle", "矩形区域"),
    3: ("polygon", "多边形区域"),
    4: ("route", "路线"),
}
_WAYS: Final = (("entered", "进"), ("left", "出"))


class Alarm(NamedTuple):
    """An alarm that is raised, or an area that is crossed. what: a bit of the alarm word, or (kind, number,
    direction) of an area. second: since midnight. tolerance_s: of the truth."""

    what: int | tuple[int, int, int]
    second: int
    point: Point
    tolerance_s: int = TOLERANCE_S


def name_of(what: int | tuple[int, int, int]) -> tuple[str, str]:
    """In English and Chinese."""
    if isinstance(what, int):
        return NAMES.get(what, (f"alarm bit {what}", f"报警位 {what}"))
    kind, number, direction = what
    english, chinese = _KINDS.get(kind, ("area", "区域"))
    way = _WAYS[direction & 1]
    return f"{english} {number} {way[0]}", f"{way[1]}{chinese} {number}"


def expected(schedule: Schedule, areas: Iterable[Area], inputs: Mapping[int, list[int]]) -> list[Alarm]:
    """The truth of the day, in order. inputs: by alarm, the seconds at which a sensed one must be raised."""
    areas = list(areas)
    found = [(what, second) for what, seconds in inputs.items() for second in seconds]
    found += _too_fast(schedule, areas) + _tired(schedule)
    found.append((tables.ALARM_PARKING_TIME_EXCEEDED, PARKING_LIMIT_S))
    alarms = [Alarm(what, second, _seen_at(schedule, second)) for what, second in found]
    for area in areas:
        if area.tells:
            tolerance_s = ROUTE_TOLERANCE_S if area.kind == 4 else TOLERANCE_S
            alarms += [
                Alarm(
                    (area.kind, area.number, direction), second, schedule.seconds[second].point, tolerance_s
                )
                for second, direction in crossings(schedule, area)
            ]
    return sorted(alarms, key=lambda alarm: alarm.second)


def told(bodies: Iterable[bytes], edition: int = 2019) -> list[Alarm]:
    """What reports of this edition say, in the order in which the terminal made them: every alarm bit
    that comes up, every crossing."""
    alarms: list[Alarm] = []
    before = 0
    for body in bodies:
        values = decode_body(tables.MSG_POSITION_REPORT, edition, body)
        point = Point(values["latitude_udeg"] / 1e6, values["longitude_udeg"] / 1e6)
        digits = values["time_bcd"].hex()
        second = clock_s(f"{digits[6:8]}:{digits[8:10]}:{digits[10:12]}")
        raised, before = values["alarm"] & ~before, values["alarm"]
        alarms += [Alarm(bit, second, point) for bit in range(32) if raised >> bit & 1 and bit not in CROSSED]
        alarms += [
            Alarm(
                (item["value"]["type"], item["value"]["area_id"], item["value"]["direction"]), second, point
            )
            for item in values["items"]
            if item["id"] == tables.ITEM_AREA_CROSSED
        ]
    return alarms


def differences(wanted: list[Alarm], seen: list[Alarm]) -> list[str]:
    """What was not told, told twice, or told at the wrong time or place; empty when all was right."""
    left = list(seen)
    faults = []
    for alarm in wanted:
        match = next((one for one in left if _fits(alarm, one)), None)
        if match is None:
            faults.append(f"not told: {name_of(alarm.what)[0]} at {alarm.second} s")
        else:
            left.remove(match)
    return faults + [f"not true: {name_of(alarm.what)[0]} at {alarm.second} s" for alarm in left]


def _fits(truth: Alarm, said: Alarm) -> bool:
    late_s = abs(said.second - truth.second)
    near_m = TOLERANCE_M + truth.tolerance_s * LIMIT_KMH / 3.6
    return (
        truth.what == said.what
        and late_s <= truth.tolerance_s
        and distance_m(truth.point, said.point) <= near_m
    )


def _seen_at(schedule: Schedule, second: int) -> Point:
    """Where satellites were seen last: a report from a tunnel bears the place before it."""
    while schedule.seconds[second].covered:
        second -= 1
    return schedule.seconds[second].point


def _too_fast(schedule: Schedule, areas: list[Area]) -> list[tuple[int, int]]:
    """Overspeed and its pre-warning, each when its cause has lasted."""
    zones = [area for area in areas if not area.tells]
    found: list[tuple[int, int]] = []
    over_s = close_s = 0
    for second, now in enumerate(schedule.seconds):
        zone = any(area.from_s <= second < area.until_s and area.holds(now) for area in zones)
        limit = ZONE_KMH if zone and now.speed_kmh > 0 else LIMIT_KMH
        after = ZONE_AFTER_S if zone else LIMIT_AFTER_S
        over_s = over_s + 1 if now.speed_kmh > limit else 0
        close_s = close_s + 1 if now.speed_kmh >= limit - MARGIN_KMH else 0
        if over_s == after + 1:
            found.append((tables.ALARM_OVERSPEED, second))
        if close_s == WARNING_AFTER_S + 1:
            found.append((tables.ALARM_OVERSPEED_WARNING, second))
    return found


def _tired(schedule: Schedule) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    driven_s = rest_s = 0
    for second, now in enumerate(schedule.seconds):
        moves = now.speed_kmh >= MOVING_KMH
        driven_s, rest_s = driven_s + moves, 0 if moves else rest_s + 1
        if rest_s >= MIN_REST_S:
            driven_s = 0
        if moves and driven_s == DRIVING_LIMIT_S - DRIVING_WARNING_S:
            found.append((tables.ALARM_FATIGUE_WARNING, second))
        if moves and driven_s == DRIVING_LIMIT_S:
            found.append((tables.ALARM_FATIGUE, second))
    return found
