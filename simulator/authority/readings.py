"""What many stored positions say, as columns: `protocols.monitoring.reading` for many at once."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from protocols.freight.values import day_start, time_text
from protocols.monitoring.byte_rows import Column
from protocols.wire.tables import POSITION_BYTES, POSITION_FIELDS, STATUS_SOUTH, STATUS_WEST

_FORMATS: Final = {1: "u1", 2: ">u2", 4: ">u4", 6: "(6,)u1"}
_BLOCK: Final = np.dtype(
    {
        "names": [name for name, _, _ in POSITION_FIELDS],
        "formats": [_FORMATS[width] for _, _, width in POSITION_FIELDS],
        "offsets": [offset for _, offset, _ in POSITION_FIELDS],
        "itemsize": POSITION_BYTES,
    }
)
UNREADABLE: Final = -1
_CENTURY: Final = "20"  # as in `reading`


class Readings(NamedTuple):
    """seconds: Unix time by the device, UNREADABLE for bytes that are no time. latitude, longitude:
    micro-degrees, south and west negative. status: flags of JT/T 808."""

    seconds: Column
    latitude: Column
    longitude: Column
    status: Column


def readings_of(blocks: Column) -> Readings:
    """blocks: the basic block of each position, rows × POSITION_BYTES."""
    block = np.ascontiguousarray(blocks).view(_BLOCK)[:, 0]
    status = block["status"].astype(np.int64)
    return Readings(
        _seconds(block["time_bcd"]),
        _signed(block["latitude_udeg"], status >> STATUS_SOUTH & 1),
        _signed(block["longitude_udeg"], status >> STATUS_WEST & 1),
        status,
    )


def taken_from(second: int) -> int:
    """From which number of `positions.taken_at` on positions may be of this second or later; 0: any."""
    text = time_text(max(second, 0))  # a careless document may say the year 1
    return int(text.removeprefix(_CENTURY), 16) if text.startswith(_CENTURY) else 0


def _signed(magnitudes: Column, negative: Column) -> Column:
    values = magnitudes.astype(np.int64)
    return np.where(negative != 0, -values, values)


def _seconds(bcd: Column) -> Column:
    high, low = bcd >> 4, bcd & 15
    digits = ((high <= 9) & (low <= 9)).all(axis=1)
    year, month, day, hour, minute, second = (high * 10 + low).astype(np.int64).T
    days, places = np.unique((year * 100 + month) * 100 + day, return_inverse=True)
    midnights = [day_start(f"{_CENTURY}{each:06d}") for each in days.tolist()]
    known = np.array([midnight is not None for midnight in midnights], bool)
    start = np.array([midnight or 0 for midnight in midnights], np.int64)[places]
    good = digits & known[places] & (hour < 24) & (minute < 60) & (second < 60)
    return np.where(good, start + hour * 3600 + minute * 60 + second, UNREADABLE)
