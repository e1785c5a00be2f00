"""The body of 0x0200 (JT/T 808-2013 §8.12) written into a buffer that stays; nothing is allocated.

Offsets and item ids are the generated ones. Must not decide whether to report.
"""

from protocols.wire import tables

from .calendar import read_beijing_bcd, write_beijing_bcd
from .record_log import BODY_BYTES_MAX

_OFFSETS = {}
for _name, _offset, _width in tables.POSITION_FIELDS:
    _OFFSETS[_name] = _offset
ALARM_AT = _OFFSETS["alarm"]
STATUS_AT = _OFFSETS["status"]
LATITUDE_AT = _OFFSETS["latitude_udeg"]
LONGITUDE_AT = _OFFSETS["longitude_udeg"]
ALTITUDE_AT = _OFFSETS["altitude_m"]
SPEED_AT = _OFFSETS["speed_dkmh"]
DIRECTION_AT = _OFFSETS["direction_deg"]
TIME_AT = _OFFSETS["time_bcd"]

HEMISPHERE_SOUTH = 1 << tables.STATUS_SOUTH
HEMISPHERE_WEST = 1 << tables.STATUS_WEST
FIXED = 1 << tables.STATUS_FIXED


class PositionBody:
    """`write` fills `buffer[:length]`."""

    __slots__ = ("buffer", "length")

    def __init__(self):
        self.buffer = bytearray(BODY_BYTES_MAX)
        self.length = 0

    def write(self, fix, fixed, status, alarm_high, alarm_low, day, second, odometer_m, signal, vehicle=None):
        """A whole body; gives its length in bytes.

        fix: nmea.Fix, its position that of the last valid fix. fixed: whether it is current (status bit 1).
        status: the other status bits, without 1, 2 and 3. alarm_high, alarm_low: halves of the alarm word,
        so that bit 31 stays off the heap on 32-bit boards. day, second: device time in UTC. odometer_m:
        metres. signal: 0…255, -1 unknown. vehicle: adds items of its own by `write_items`, None for none.
        """
        if fixed:
            status |= FIXED
        if fix.latitude_udeg < 0:
            status |= HEMISPHERE_SOUTH
        if fix.longitude_udeg < 0:
            status |= HEMISPHERE_WEST
        self._word(ALARM_AT, alarm_high)
        self._word(ALARM_AT + 2, alarm_low)
        self._double(STATUS_AT, status)
        self._double(LATITUDE_AT, abs(fix.latitude_udeg))
        self._double(LONGITUDE_AT, abs(fix.longitude_udeg))
        # The standard has no altitude below the sea; a two's complement would read as 65 km.
        self._word(ALTITUDE_AT, max(0, min(fix.altitude_m, 0xFFFF)))
        self._word(SPEED_AT, fix.speed_dkmh if fixed else 0)
        self._word(DIRECTION_AT, fix.direction_deg)
        write_beijing_bcd(day, second, self.buffer, TIME_AT)
        self.length = tables.POSITION_BYTES
        self._item(tables.ITEM_ODOMETER_DKM, 4, odometer_m // 100)
        if signal >= 0:
            self._item(tables.ITEM_RADIO_STRENGTH, 1, min(signal, 255))
        if fixed and fix.satellites >= 0:
            self._item(tables.ITEM_SATELLITES, 1, fix.satellites)
        if vehicle is not None:
            self.length = vehicle.write_items(self.buffer, self.length)
        return self.length

    def time(self):
        """(day, second) in UTC of the body in the buffer, (-1, 0) when it holds none."""
        return read_beijing_bcd(self.buffer, TIME_AT)

    def _item(self, item_id, width, value):
        at = self.length
        self.buffer[at] = item_id
        self.buffer[at + 1] = width
        if width == 4:
            self._double(at + 2, value)
        else:
            self.buffer[at + 2] = value
        self.length = at + 2 + width

    def _word(self, at, value):
        self.buffer[at] = value >> 8
        self.buffer[at + 1] = value & 0xFF

    def _double(self, at, value):
        self._word(at, value >> 16)
        self._word(at + 2, value & 0xFFFF)
