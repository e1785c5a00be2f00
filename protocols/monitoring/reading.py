"""What a record says, for those who show or query it: signed coordinates and UTC instead of wire values.

Reads the basic block only and judges nothing: an impossible time is None, an impossible place stays as it
came. Evidence is the record's body, never this.
"""

import struct
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from ..wire.bcd import bcd_to_digits, is_bcd
from ..wire.errors import RemoteProtocolError
from ..wire.tables import POSITION_BYTES, POSITION_FIELDS, STATUS_FIXED, STATUS_SOUTH, STATUS_WEST

_CODES: Final = {1: "B", 2: "H", 4: "I"}
_BLOCK: Final = struct.Struct(
    ">" + "".join(_CODES.get(width, f"{width}s") for _, _, width in POSITION_FIELDS)
)
_BEIJING: Final = timedelta(hours=8)  # device times are UTC+8 everywhere in China (JT/T 808, time fields)
_CENTURY: Final = 2000  # the standard writes two digits and began in 2011
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TIMES_KEPT: Final = 4096  # reports of one fleet share their seconds


class Reading(NamedTuple):
    """The basic block of one report.

    latitude_udeg, longitude_udeg: micro-degrees, south and west negative. fixed: whether the receiver had
    a fix. reported_ms: device time as UTC milliseconds, None when the bytes are no time.
    """

    alarm: int
    status: int
    latitude_udeg: int
    longitude_udeg: int
    altitude_m: int
    speed_dkmh: int
    direction_deg: int
    fixed: bool
    reported_ms: int | None


def read_position(body: bytes) -> Reading:
    """The reading of a whole 0x0200 body. Raises RemoteProtocolError below 28 bytes."""
    if len(body) < POSITION_BYTES:
        raise RemoteProtocolError(f"{len(body)} bytes hold no position", field="body")
    alarm, status, latitude, longitude, altitude, speed, direction, time_bcd = _BLOCK.unpack_from(body)
    return Reading(
        alarm,
        status,
        -latitude if status >> STATUS_SOUTH & 1 else latitude,
        -longitude if status >> STATUS_WEST & 1 else longitude,
        altitude,
        speed,
        direction,
        bool(status >> STATUS_FIXED & 1),
        utc_ms_of(time_bcd),
    )


@lru_cache(maxsize=_TIMES_KEPT)
def utc_ms_of(time_bcd: bytes) -> int | None:
    """YYMMDDhhmmss of Beijing as UTC milliseconds; None for bytes that are no such time."""
    if not is_bcd(time_bcd):
        return None
    digits = bcd_to_digits(time_bcd)
    year, month, day, hour, minute, second = (int(digits[at : at + 2]) for at in range(0, 12, 2))
    try:
        moment = datetime(_CENTURY + year, month, day, hour, minute, second, tzinfo=UTC) - _BEIJING
    except ValueError:
        return None
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def text_of_ms(utc_ms: int) -> str:
    """`2026-11-21T06:00:00.123Z`, for years 1970 to 9999."""
    moment = _EPOCH + timedelta(milliseconds=utc_ms)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{utc_ms % 1000:03d}Z"


def ms_of_text(text: str) -> int:
    """The inverse of `text_of_ms`. Raises ValueError for any other spelling."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} names no time zone")
    utc_ms = (moment - _EPOCH) // timedelta(milliseconds=1)
    if text_of_ms(utc_ms) != text:
        raise ValueError(f"{text!r} is not written as this form writes it")
    return utc_ms
