"""One group of records as two blobs: who is in it, and the records by column.

The contents blob is small, so counting a backlog by terminal never touches the records. The records blob
keeps each column together: it is built by a few `struct` calls for the whole group, any run of records can
be taken out of its middle, and the identifiers of a group can be read without its bodies.
One check covers both blobs. Knows nothing of SQLite. A change of layout takes a new version number, here and
in `schema`, and keeps reading the old one.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple, Protocol

import numpy as np

from protocols.monitoring.byte_rows import INT, ByteRows
from protocols.monitoring.records import MESSAGE, PACKED_ID_BYTES, Record, pack_message
from protocols.monitoring.table import MESSAGE_IDS_OF_KINDS, Columns, RecordTable

VERSION: Final = 1
VERSION_LONG: Final = 2  # written only where a body needs it: the column of lengths is 32 bits wide
_LENGTHS: Final = {VERSION: ("H", 2), VERSION_LONG: ("I", 4)}
ID_BYTES: Final = 8  # of the 16 of a record id: enough to tell the reports of one terminal apart
GROUP_MAX: Final = 0xFFFF  # records; the counts are 16 bits wide

_CONTENTS = struct.Struct("<BH")  # version, terminals
_TERMINAL = struct.Struct("<HBB")  # edition, version byte of the header, length of the phone text
_HEAD = struct.Struct("<BBHQ")  # version, bytes of a receive time, records, earliest receive time (UTC ms)
_CHECK = struct.Struct("<I")  # CRC-32 of contents, head and columns
_COLUMNS_AT: Final = _HEAD.size + _CHECK.size
# Receive times stand as differences to the earliest. Where a clock was set in the middle of a group (a board
# without a battery begins in 1970), four bytes of milliseconds, 49 days, are not enough.
_TIME_CODES: Final = {4: "I", 8: "Q"}


class Rows(Protocol):
    """The rows of a group, as `rows` collects them."""

    @property
    def count(self) -> int:
        """How many."""

    @property
    def longest(self) -> int:
        """Bytes of the longest body."""

    @property
    def earliest_ms(self) -> int:
        """Of the receive times."""

    @property
    def latest_ms(self) -> int:
        """Of the receive times."""

    def columns(self, time_bytes: int, length_bytes: int, /) -> bytes:
        """The columns one behind the other."""


Buffer = bytes | memoryview


class DamagedGroupError(Exception):
    """The bytes of a group are not what was written: the medium lied or somebody edited the file."""


class Terminal(NamedTuple):
    """One terminal of a group's contents: phone digits as on the wire, edition, version byte of its header (0
    before 2019), how many records are its."""

    phone: str
    edition: int
    version: int
    records: int


def pack_terminal(phone: str, edition: int, version: int) -> bytes:
    """What every contents blob says of this terminal; made once, written with each of its groups."""
    text = phone.encode("ascii")
    return _TERMINAL.pack(edition, version, len(text)) + text


def pack_group(terminals: list[bytes], counts: list[int], rows: Rows) -> tuple[bytes, bytes]:
    """The contents blob and the records blob of 1…GROUP_MAX rows of at most GROUP_MAX terminals, which are as
    `pack_terminal` gave them and have so many `counts` of the rows."""
    contents = _CONTENTS.pack(VERSION, len(counts)) + struct.pack(f"<{len(counts)}H", *counts)
    contents += b"".join(terminals)
    return contents, _pack_records(contents, rows)


def unpack_contents(contents: bytes) -> list[Terminal]:
    """Whose records a contents blob says are there; not checked by itself. Raises DamagedGroupError."""
    try:
        version, count = _CONTENTS.unpack_from(contents)
        _check_version(version)
        counts = struct.unpack_from(f"<{count}H", contents, _CONTENTS.size)
        terminals, at = [], _CONTENTS.size + 2 * count
        for records in counts:
            edition, protocol, length = _TERMINAL.unpack_from(contents, at)
            at += _TERMINAL.size + length
            terminals.append(Terminal(contents[at - length : at].decode("ascii"), edition, protocol, records))
    except (struct.error, UnicodeDecodeError) as error:
        raise DamagedGroupError(f"contents of a group cannot be read: {error}") from error
    return terminals


def _pack_records(contents: bytes, rows: Rows) -> bytes:
    time_bytes = 4 if rows.latest_ms - rows.earliest_ms >> 32 == 0 else 8
    version = VERSION if rows.longest <= 0xFFFF else VERSION_LONG
    columns = rows.columns(time_bytes, _LENGTHS[version][1])
    head = _HEAD.pack(version, time_bytes, rows.count, rows.earliest_ms)
    return b"".join((head, _CHECK.pack(_check_of(contents, head, columns)), columns))


def unpack_records(
    contents: bytes, records: bytes, first_sequence: int, skip: int = 0, limit: int = GROUP_MAX
) -> RecordTable:
    """The records of a group, without the first `skip`, at most `limit`. Raises DamagedGroupError."""
    count, base_ms, time_bytes, (_, length_bytes) = _open(contents, records)
    terminals = unpack_contents(contents)
    at = _COLUMNS_AT
    found = []
    for width in (2, time_bytes, 2, 1, length_bytes):  # index, time, serial, kind, length
        found.append(np.frombuffer(records, f"<u{width}", count, at).astype(INT))
        at += width * count
    indexes, later_ms, serials, kinds, lengths = found
    ends = at + ID_BYTES * count + np.cumsum(lengths)
    is_message = kinds == MESSAGE
    message_ids = MESSAGE_IDS_OF_KINDS[kinds]
    for row in np.flatnonzero(is_message).tolist():  # a MESSAGE has its id before its body
        begin = int(ends[row] - lengths[row])
        message_ids[row] = int.from_bytes(records[begin : begin + PACKED_ID_BYTES], "big")
    before = PACKED_ID_BYTES * is_message
    sequences = np.arange(first_sequence, first_sequence + count, dtype=INT)
    columns = Columns(indexes, sequences, base_ms + later_ms, message_ids, serials, kinds)
    bodies = ByteRows(records, ends - lengths + before, lengths - before)
    senders = [(terminal.phone, terminal.edition, terminal.version) for terminal in terminals]
    return RecordTable(senders, columns, bodies).take(slice(skip, skip + limit))


def report_of(record: Record) -> tuple[int, int, bytes]:
    """The `Report` that a record was submitted as."""
    body = pack_message(record.message_id, record.body) if record.kind == MESSAGE else record.body
    return record.serial, record.kind, body


def unpack_ids(contents: bytes, records: bytes) -> Iterator[tuple[str, int, bytes]]:
    """(phone, received_ms, id prefix) of every record of a group, in order. Raises DamagedGroupError."""
    count, base_ms, time_bytes, (_, length_bytes) = _open(contents, records)
    phones = [terminal.phone for terminal in unpack_contents(contents)]
    indexes = struct.unpack_from(f"<{count}H", records, _COLUMNS_AT)
    times = struct.unpack_from(f"<{count}{_TIME_CODES[time_bytes]}", records, _COLUMNS_AT + 2 * count)
    at = _COLUMNS_AT + (2 + time_bytes + 2 + 1 + length_bytes) * count  # the columns before the ids
    for index, later_ms in zip(indexes, times, strict=True):
        yield phones[index], base_ms + later_ms, records[at : at + ID_BYTES]
        at += ID_BYTES


def _open(contents: bytes, records: bytes) -> tuple[int, int, int, tuple[str, int]]:
    """Count, earliest receive time, bytes of a time, struct's code and the bytes of a length: once
    version, size and CRC are right."""
    if len(records) < _COLUMNS_AT:
        raise DamagedGroupError(f"a group of {len(records)} bytes")
    (check,) = _CHECK.unpack_from(records, _HEAD.size)
    view = memoryview(records)
    if _check_of(contents, view[: _HEAD.size], view[_COLUMNS_AT:]) != check:
        raise DamagedGroupError("wrong CRC over a group")
    version, time_bytes, count, base_ms = _HEAD.unpack_from(records)
    if version not in _LENGTHS:
        _check_version(version)
    return count, base_ms, time_bytes, _LENGTHS[version]


def _check_of(contents: bytes, head: Buffer, columns: Buffer) -> int:
    return zlib.crc32(columns, zlib.crc32(head, zlib.crc32(contents)))


def _check_version(version: int) -> None:
    if version != VERSION:
        raise DamagedGroupError(f"a group of layout {version}; this program knows {VERSION}")
