"""A run of reports as one piece of bytes: how they travel from the session's fast lane to the journal.

Serial (16 bits), kind (8), length of the body (32), body; the next; little-endian. One object for a whole
read of a socket, whatever it held.
"""

import struct
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import chain
from typing import Any, Final

# Serial of the frame, kind (protocols.monitoring.records), and the 0x0200 body; of a MESSAGE what
# records.pack_message made of its id and body.
Report = tuple[int, int, bytes]

ITEM: Final = struct.Struct("<HBI")
FIELDS: Final = 4  # of a report, once taken apart, at these places:
SERIAL, KIND, LENGTH, BODY = range(FIELDS)
_LENGTH_AT: Final = struct.calcsize("<HB")
_ALIKE_MAX: Final = 64  # reports taken apart by one call
_LAYOUTS_KEPT: Final = 256  # for such calls, some 10 KB each at most
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


def fields_of(packed: bytes) -> tuple[Any, ...]:
    """The inverse, flat: serial, kind, length and body of the first, of the next, and so on: FIELDS of each.
    Raises ValueError for what is no such piece."""
    length = int.from_bytes(packed[_LENGTH_AT : ITEM.size], "little")
    size = ITEM.size + length
    count, rest = divmod(len(packed), size)
    if rest:
        return _walked(packed)
    if count <= _ALIKE_MAX:
        fields = _alike(length, count)(packed)
    else:
        parts = [packed[at : at + _ALIKE_MAX * size] for at in range(0, len(packed), _ALIKE_MAX * size)]
        fields = tuple(chain.from_iterable(_alike(length, len(part) // size)(part) for part in parts))
    # Where the first is as long as it says, and the next, and each of them, nothing else can be there.
    return fields if fields[LENGTH::FIELDS].count(length) == count else _walked(packed)


def unpack_reports(packed: bytes) -> list[Report]:
    """The inverse. Raises ValueError for what is no such piece."""
    fields = fields_of(packed)
    return list(zip(fields[SERIAL::FIELDS], fields[KIND::FIELDS], fields[BODY::FIELDS], strict=True))


def _walked(packed: bytes) -> tuple[Any, ...]:
    fields: list[Any] = []
    at, end = 0, len(packed)
    try:
        while at < end:
            item = ITEM.unpack_from(packed, at)
            begin = at + ITEM.size
            at = begin + item[LENGTH]
            fields += (*item, packed[begin:at])
    except struct.error as error:
        raise ValueError("no packed run of reports") from error
    if at > end:
        raise ValueError("no packed run of reports")
    return tuple(fields)


@lru_cache(_LAYOUTS_KEPT)
def _alike(length: int, count: int) -> Callable[[bytes], tuple[Any, ...]]:
    """What takes so many reports apart whose bodies are all of one length."""
    return struct.Struct("<" + f"{ITEM.format[1:]}{length}s" * count).unpack
