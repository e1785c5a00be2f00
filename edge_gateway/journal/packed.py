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


def unpack_reports(packed: bytes) -> list[Report]:
    """The inverse. Raises ValueError for what is no such piece."""
    reports, at, end = [], 0, len(packed)
    while at < end:
        if end - at < ITEM.size:
            raise ValueError("no packed run of reports")
        serial, kind, length = ITEM.unpack_from(packed, at)
        at += ITEM.size + length
        if at > end:
            raise ValueError("no packed run of reports")
        reports.append((serial, kind, packed[at - length : at]))
    return reports
