"""What the cab senses on the day beside the satellites, and the limits that the platform sets."""

from __future__ import annotations

from typing import Final, NamedTuple

from firmware.terminal.vehicle import inputs
from protocols.wire import tables
from protocols.wire.bodies import encode_layout, layout_of
from protocols.wire.pages import parameters as parameter_pages

from . import truth

BATTERY_LOW_MV: Final = 20_000
BATTERY_MV: Final = 25_000
BLOW: Final = 15 << 8 | 10  # as inputs.SHOCK
COLLISION: Final = 10 << 8 | 4  # as parameter 0x005D


class Sensing(NamedTuple):
    """At `at` an input of `kind` takes `value`, and `after` when it has lasted `lasts_s`; the alarm must be
    told once, `told_s` after its begin."""

    at: str
    alarm: int
    kind: int
    value: int
    after: int
    lasts_s: int
    told_s: int


SENSED: Final = (
    Sensing("11:40", tables.ALARM_EMERGENCY, inputs.EMERGENCY, 1, 0, 2, 0),  # while the gateway is away
    Sensing("15:00", tables.ALARM_EMERGENCY, inputs.EMERGENCY, 1, 0, 2, 0),
    Sensing("16:40", tables.ALARM_POWER_LOW, inputs.SUPPLY_MV, BATTERY_LOW_MV, BATTERY_MV, 120, 10),
    Sensing("17:00", tables.ALARM_POWER_LOST, inputs.SUPPLY_MV, 0, BATTERY_MV, 60, 1),
    Sensing("18:50", tables.ALARM_GNSS_ANTENNA_OPEN, inputs.ANTENNA, inputs.ANTENNA_OPEN, 0, 300, 2),
    Sensing("19:00", tables.ALARM_COLLISION, inputs.SHOCK, BLOW, 0, 1, 0),
)


def limits(edition: int) -> bytes:
    """The body of the 0x8103 that sets the limits of `truth`."""
    numbers = {
        tables.PARAMETER_MAX_SPEED_KMH: truth.LIMIT_KMH,
        tables.PARAMETER_OVERSPEED_DURATION_S: truth.LIMIT_AFTER_S,
        tables.PARAMETER_CONTINUOUS_DRIVING_LIMIT_S: truth.DRIVING_LIMIT_S,
        tables.PARAMETER_MIN_REST_S: truth.MIN_REST_S,
        tables.PARAMETER_MAX_PARKING_S: truth.PARKING_LIMIT_S,
    }
    words = {
        tables.PARAMETER_OVERSPEED_MARGIN_DKMH: truth.MARGIN_KMH * 10,
        tables.PARAMETER_FATIGUE_MARGIN_S: truth.DRIVING_WARNING_S,
        tables.PARAMETER_COLLISION_SETTINGS: COLLISION,
    }
    items = [(one, value.to_bytes(4, "big")) for one, value in numbers.items()]
    items += [(one, value.to_bytes(2, "big")) for one, value in words.items()]
    parameters = [{"id": one, "value": value} for one, value in items]
    layout = layout_of(parameter_pages.BODIES, 0x8103, edition)
    return bytes(encode_layout(layout, {"count": len(items), "parameters": parameters}))
