"""One group of records as two blobs: who is in it, and the records by column.

The contents blob is small, so counting a backlog by terminal never touches the records. The records blob
keeps each column together: it is built by a few `struct` calls for the whole group, any run of records can
be taken out of its middle, and the identifiers of a group can be read without its bodies.
Knows nothing of SQLite. A change of layout takes a new version number and keeps reading the old one.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from protocols.monitoring.records import KIND_MESSAGE_IDS, Record

VERSION: Final = 1
ID_BYTES: Final = 8  # of the 16 of a record id: enough to tell the reports of one terminal apart
GROUP_MAX: Final = 0xFFFF  # records; the counts are 16 bits wide

_CONTENTS = struct.Struct("<BH")  # version, terminals
_TERMINAL = struct.Struct("<HB")  # edition, length of the phone text
_HEAD = struct.Struct(
    "<BBHQI"
)  # version, reserved, records, earliest receive time (UTC ms), CRC-32 of the rest
_COLUMN_BYTES = 2 + 4 + 2 + 1 + 2 + ID_BYTES  # of one record, its body aside

# terminal index, received_ms, serial, kind, id prefix, body
Row = tuple[int, int, int, int, bytes, bytes]


class DamagedGroupError(Exception):
    """The bytes of a group are not what was written: the medium lied or somebody edited the file."""


class Terminal(NamedTuple):
    """One terminal of a group's contents: phone digits as on the wire, edition, how many records are its."""

    phone: str
    edition: int
    records: int


def pack_terminal(phone: str, edition: int) -> bytes:
    """What every contents blob says of this terminal; made once, written with each of its groups."""
    text = phone.encode("ascii")
    return _TERMINAL.pack(edition, len(text)) + text


def pack_contents(terminals: list[bytes], counts: list[int]) -> bytes:
    """The contents blob: terminals as `pack_terminal` gave them, and how many records are whose."""
    count = len(terminals)
    return _CONTENTS.pack(VERSION, count) + struct.pack(f"<{count}H", *counts) + b"".join(terminals)


def unpack_contents(contents: bytes) -> list[Terminal]:
    """The inverse of `pack_contents`. Raises DamagedGroupError."""
    try:
        version, count = _CONTENTS.unpack_from(contents)
        _check_version(version)
        counts = struct.unpack_from(f"<{count}H", contents, _CONTENTS.size)
        terminals, at = [], _CONTENTS.size + 2 * count
        for records in counts:
            edition, length = _TERMINAL.unpack_from(contents, at)
            at += _TERMINAL.size + length
            terminals.append(Terminal(contents[at - length : at].decode("ascii"), edition, records))
    except (struct.error, UnicodeDecodeError) as error:
        raise DamagedGroupError(f"contents of a group cannot be read: {error}") from error
    return terminals


def pack_records(rows: list[Row]) -> bytes:
    """The records blob of 1…GROUP_MAX rows."""
    count = len(rows)
    indexes, times, serials, kinds, ids, bodies = zip(*rows, strict=True)
    base_ms = min(times)
    columns = b"".join(
        [
            struct.pack(f"<{count}H", *indexes),
            struct.pack(f"<{count}I", *[received_ms - base_ms for received_ms in times]),
            struct.pack(f"<{count}H", *serials),
            bytes(kinds),
            struct.pack(f"<{count}H", *map(len, bodies)),
            *ids,
            *bodies,
        ]
    )
    return _HEAD.pack(VERSION, 0, count, base_ms, zlib.crc32(columns)) + columns


def unpack_records(
    contents: bytes, records: bytes, first_sequence: int, skip: int = 0, limit: int = GROUP_MAX
) -> list[Record]:
    """The records of a group, without the first `skip`, at most `limit`. Raises DamagedGroupError."""
    count, base_ms = _open(records)
    terminals = unpack_contents(contents)
    end = min(count, skip + limit)
    wanted = end - skip
    if wanted <= 0:
        return []
    at = _HEAD.size
    indexes = struct.unpack_from(f"<{wanted}H", records, at + 2 * skip)
    at += 2 * count
    deltas = struct.unpack_from(f"<{wanted}I", records, at + 4 * skip)
    at += 4 * count
    serials = struct.unpack_from(f"<{wanted}H", records, at + 2 * skip)
    at += 2 * count
    kinds = records[at + skip : at + end]
    at += count
    lengths = struct.unpack_from(f"<{end}H", records, at)
    at += 2 * count + ID_BYTES * count + sum(lengths[:skip])
    taken = []
    for offset in range(wanted):
        phone, edition, _ = terminals[indexes[offset]]
        kind, body_end = kinds[offset], at + lengths[skip + offset]
        taken.append(
            Record(
                first_sequence + skip + offset,
                base_ms + deltas[offset],
                phone,
                edition,
                KIND_MESSAGE_IDS[kind],
                serials[offset],
                kind,
                records[at:body_end],
            )
        )
        at = body_end
    return taken


def unpack_ids(contents: bytes, records: bytes) -> Iterator[tuple[str, bytes]]:
    """(phone, id prefix) of every record of a group, in order. Raises DamagedGroupError."""
    count, _ = _open(records)
    phones = [terminal.phone for terminal in unpack_contents(contents)]
    indexes = struct.unpack_from(f"<{count}H", records, _HEAD.size)
    at = _HEAD.size + (_COLUMN_BYTES - ID_BYTES) * count
    for index in indexes:
        yield phones[index], records[at : at + ID_BYTES]
        at += ID_BYTES


def _open(records: bytes) -> tuple[int, int]:
    """The count and the earliest receive time, once version, size and CRC are found right."""
    if len(records) < _HEAD.size:
        raise DamagedGroupError(f"a group of {len(records)} bytes")
    version, _, count, base_ms, check = _HEAD.unpack_from(records)
    _check_version(version)
    if zlib.crc32(memoryview(records)[_HEAD.size :]) != check:
        raise DamagedGroupError("wrong CRC over a group")
    return count, base_ms


def _check_version(version: int) -> None:
    if version != VERSION:
        raise DamagedGroupError(f"a group of layout {version}; this program knows {VERSION}")
