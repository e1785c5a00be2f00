"""A run of reports as one piece of bytes: how they travel from the session's fast lane to the journal.

Serial (16 bits), kind (8), length of the body (32), body; the next; little-endian. One object for a whole
read of a socket, whatever it held.
"""

import struct
from collections.abc import Iterable
from typing import Final

# Serial of the frame, kind (protocols.monitoring.records), and the 0x0200 body; of a MESSAGE what
# records.pack_message made of its id and body.
Report = tuple[int, int, bytes]

ITEM: Final = struct.Struct("<HBI")
BODY_MAX: Final = 1 << 20  # bytes of one body: far more than any message that the gateway joins


def pack_reports(reports: Iterable[Report]) -> bytes:
    """The reports in one piece. Raises ValueError for a body beyond BODY_MAX."""
    parts = []
    for serial, kind, body in reports:
        if len(body) > BODY_MAX:
            raise ValueError(f"a report of {len(body)} bytes")
        parts += [ITEM.pack(serial, kind, len(body)), body]
    return b"".join(parts)


def first_serial_of(packed: bytes) -> int:
    """Of the first report of a run that has one."""
    return packed[0] | packed[1] << 8


def unpack_reports(packed: bytes) -> list[Report]:
    """The inverse. Raises ValueError for what is no such piece."""
    reports, at, end = [], 0, len(packed)
    unpack, size = ITEM.unpack_from, ITEM.size
    try:
        while at < end:
            serial, kind, length = unpack(packed, at)
            begin = at + size
            at = begin + length
            reports.append((serial, kind, packed[begin:at]))
    except struct.error as error:
        raise ValueError("no packed run of reports") from error
    if at > end:
        raise ValueError("no packed run of reports")
    return reports
