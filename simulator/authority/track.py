"""A terminal's track as others ask for it."""

from __future__ import annotations

from typing import NamedTuple

from protocols.monitoring.reading import read_position
from protocols.monitoring.records import Record


class TrackPoint(NamedTuple):
    """One stored position of a terminal; times are UTC milliseconds, reported_ms None when unreadable.
    status: the 32 flags of JT/T 808."""

    reported_ms: int | None
    received_ms: int
    latitude_udeg: int
    longitude_udeg: int
    speed_dkmh: int
    direction_deg: int
    kind: int
    fixed: bool
    status: int


def point_of(record: Record) -> TrackPoint:
    """The point that a stored position says."""
    reading = read_position(record.body)
    return TrackPoint(
        reading.reported_ms,
        record.received_ms,
        reading.latitude_udeg,
        reading.longitude_udeg,
        reading.speed_dkmh,
        reading.direction_deg,
        record.kind,
        reading.fixed,
        reading.status,
    )
