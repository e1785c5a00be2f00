"""The compact form of a batch for the line: 10–25 bytes a position, every byte of every report kept.

    44 59 50 42        "DYPB"
    version            1, or 2 when there are messages or a filter left records out
    compression        0 none, 1 zlib, 2 zstd
    gateway            length byte, ASCII
    first sequence     varint
    count              varint, 1…10,000
    content length     varint, before compression, at most 8 MiB
    content            compressed
    check              CRC-32 of everything before it, 4 bytes, big-endian

The content: in version 2 a varint of flags (1: messages, 2: sparse); senders (varint count, editions,
version bytes of their headers, phones), then a column each for sender number, receive time (milliseconds
UTC, differences), serial (difference to the sender's last one in the batch, modulo 65536), kind, and the
bodies of positions. `columns` says how a column is written. Sequences are contiguous and the message ids of
positions follow from the kinds, so neither is written, and a position costs no byte for what it does not
use. Messages add two columns, each only of messages: their ids, and their bodies. A sparse batch ends with
the differences of its sequences. The head stays outside the compression so that a receiver can name a batch
that it must refuse.
"""

import zlib
from typing import Final

import numpy as np

from ..wire.errors import LocalProtocolError, RemoteProtocolError
from .batch import COUNT_MAX, Batch, checked, fault_of
from .byte_rows import INT, ByteRows, Column
from .columns import ColumnReader, ColumnWriter, read_varint, varint
from .compression import compress, expand
from .records import KIND_NAMES, MESSAGE
from .table import MESSAGE_IDS_OF_KINDS, Columns, RecordTable, Sender
from .topics import SEQUENCE_MAX, batch_id, is_gateway_id

MAGIC: Final = b"DYPB"
VERSION: Final = 1  # positions without a gap
VERSION_FLAGGED: Final = 2
HAS_MESSAGES: Final = 1
SPARSE: Final = 2
CONTENT_BYTES_MAX: Final = 8 * 1024 * 1024
_CHECK_BYTES: Final = 4
_HEAD_BYTES_MIN: Final = len(MAGIC) + 3  # version, compression, length of the gateway id


def encode(batch: Batch, compression: str = "zstd") -> bytes:
    """The message for a batch. compression: "zstd", "zlib" or "none".

    Raises LocalProtocolError when the batch breaks the contract or is larger than CONTENT_BYTES_MAX.
    """
    table = checked(batch)
    flags, content = _content_of(table, batch.sparse)
    if len(content) > CONTENT_BYTES_MAX:
        raise LocalProtocolError(f"{len(content)} bytes before compression", field="content")
    code, packed = compress(content, compression)
    gateway = batch.gateway.encode("ascii")
    numbers = varint(batch.first_sequence) + varint(batch.count) + varint(len(content))
    message = (
        MAGIC
        + bytes([VERSION_FLAGGED if flags else VERSION, code, len(gateway)])
        + gateway
        + numbers
        + packed
    )
    return message + zlib.crc32(message).to_bytes(_CHECK_BYTES, "big")


def decode(message: bytes) -> Batch:
    """The batch of a message. Raises RemoteProtocolError, naming the field, for anything else."""
    head = _Head(message)
    if int.from_bytes(message[-_CHECK_BYTES:], "big") != zlib.crc32(message[:-_CHECK_BYTES]):
        raise RemoteProtocolError("wrong CRC-32", field="check", offset=len(message) - _CHECK_BYTES)
    content = expand(head.compression, message[head.content_at : -_CHECK_BYTES], head.content_length)
    reader = ColumnReader(content)
    flags = _read_flags(reader) if head.version == VERSION_FLAGGED else 0
    records = _records_of(reader, head.first_sequence, head.count, flags)
    return Batch(head.gateway, records, bool(flags & SPARSE))


def name_of(message: bytes) -> str:
    """The batch id in the head of a message, even when the rest is damaged.

    Raises RemoteProtocolError when the head itself cannot be read.
    """
    head = _Head(message)
    return batch_id(head.gateway, head.first_sequence, head.count)


class _Head:
    """What stands before the content, checked for range."""

    def __init__(self, message: bytes) -> None:
        if len(message) < _HEAD_BYTES_MIN or not message.startswith(MAGIC):
            raise RemoteProtocolError("no columnar batch", field="magic", offset=0)
        at = len(MAGIC)
        self.version, self.compression, length = message[at : at + 3]
        if self.version not in (VERSION, VERSION_FLAGGED):
            raise RemoteProtocolError(f"version {self.version} is not known", field="version", offset=at)
        at += 3
        self.gateway = message[at : at + length].decode("ascii", "replace")
        if not is_gateway_id(self.gateway):
            raise RemoteProtocolError("no gateway id", field="gateway", offset=at)
        at += length
        self.first_sequence, at = _bounded(message, at, "first_sequence", 1, SEQUENCE_MAX - COUNT_MAX)
        self.count, at = _bounded(message, at, "count", 1, COUNT_MAX)
        self.content_length, at = _bounded(message, at, "content_length", 1, CONTENT_BYTES_MAX)
        self.content_at = at


def _bounded(message: bytes, at: int, field: str, low: int, high: int) -> tuple[int, int]:
    value, behind = read_varint(message, at, field)
    if not low <= value <= high:
        raise RemoteProtocolError(f"{value} is outside {low}…{high}", field=field, offset=at)
    return value, behind


def _content_of(table: RecordTable, sparse: bool) -> tuple[int, bytes]:
    """(flags, content before compression)."""
    is_message = table.kinds == MESSAGE
    flags = (HAS_MESSAGES if is_message.any() else 0) | (SPARSE if sparse else 0)
    writer = ColumnWriter()
    if flags:
        writer.put_varint(flags)
    writer.put_varint(len(table.senders))
    writer.put_integers([edition for _, edition, _ in table.senders])
    writer.put_integers([version for _, _, version in table.senders])
    writer.put_rows(ByteRows.of([bytes.fromhex(phone) for phone, _, _ in table.senders]))
    writer.put_integers(table.numbers)
    writer.put_deltas(table.received_ms)
    writer.put_integers(_serial_steps(table.numbers, table.serials))
    writer.put_integers(table.kinds)
    if flags & HAS_MESSAGES:
        writer.put_rows(table.bodies.take(~is_message))
        writer.put_integers(table.message_ids[is_message])
        writer.put_rows(table.bodies.take(is_message))
    else:
        writer.put_rows(table.bodies)
    if flags & SPARSE:
        writer.put_deltas(table.sequences)
    return flags, writer.content()


def _read_flags(reader: ColumnReader) -> int:
    flags = reader.varint("flags")
    if not 0 < flags <= HAS_MESSAGES | SPARSE:
        raise RemoteProtocolError(f"flags {flags} are not known", field="flags")
    return flags


def _records_of(reader: ColumnReader, first_sequence: int, count: int, flags: int) -> RecordTable:
    senders = _read_senders(reader, count)
    numbers = reader.integers(count, "sender")
    if int(numbers.max()) >= len(senders):
        raise RemoteProtocolError(f"sender {numbers.max()} of {len(senders)}", field="sender")
    received = reader.deltas(count, "received_ms")
    serials = _serials(numbers, reader.integers(count, "serial"))
    kinds = reader.integers(count, "kind")
    if int(kinds.max()) >= (len(KIND_NAMES) if flags & HAS_MESSAGES else MESSAGE):
        raise RemoteProtocolError(f"kind {kinds.max()} is unknown", field="kind")
    message_ids, bodies = _read_bodies(reader, kinds, flags)
    sequences = _read_sequences(reader, first_sequence, count, flags)
    reader.end("body")
    columns = Columns(numbers, sequences, received, message_ids, serials, kinds)
    table = RecordTable(senders, columns, bodies).compact()
    fault = fault_of(table, bool(flags & SPARSE))
    if fault:
        raise RemoteProtocolError(fault[1], field=fault[0])
    return table


def _read_bodies(reader: ColumnReader, kinds: Column, flags: int) -> tuple[Column, ByteRows]:
    """(message ids, bodies), in the order of the records."""
    message_ids = MESSAGE_IDS_OF_KINDS[kinds]
    if not flags & HAS_MESSAGES:
        return message_ids, reader.rows(len(kinds), "body")
    is_message = kinds == MESSAGE
    amount = int(is_message.sum())
    positions = reader.rows(len(kinds) - amount, "body")
    message_ids[is_message] = reader.integers(amount, "message_id")
    both = ByteRows.joined([positions, reader.rows(amount, "body")])
    places = np.empty(len(kinds), INT)
    places[~is_message] = np.arange(len(positions))
    places[is_message] = np.arange(len(positions), len(kinds))
    return message_ids, both.take(places)


def _read_sequences(reader: ColumnReader, first_sequence: int, count: int, flags: int) -> Column:
    if not flags & SPARSE:
        return np.arange(first_sequence, first_sequence + count, dtype=INT)
    sequences = reader.deltas(count, "sequence")
    if sequences[0] != first_sequence:
        raise RemoteProtocolError("does not begin where the head says", field="sequence")
    return sequences


def _read_senders(reader: ColumnReader, count: int) -> list[Sender]:
    amount = reader.varint("senders")
    if not 1 <= amount <= count:
        raise RemoteProtocolError(f"{amount} senders of {count} records", field="senders")
    editions = reader.integers(amount, "edition").tolist()
    versions = reader.integers(amount, "version").tolist()
    phones = [phone.hex() for phone in reader.rows(amount, "phone")]
    return list(zip(phones, editions, versions, strict=True))


def _serial_steps(numbers: Column, serials: Column) -> Column:
    """The difference of each serial to the last one of the same sender (0 before the first)."""
    order, begins = _by_sender(numbers)
    grouped = serials[order]
    before = np.concatenate((np.zeros(1, INT), grouped[:-1]))
    before[begins] = 0
    steps = np.empty(len(serials), INT)
    steps[order] = (grouped - before) & 0xFFFF
    return steps


def _serials(numbers: Column, steps: Column) -> Column:
    """The inverse."""
    order, begins = _by_sender(numbers)
    grouped = steps[order] & 0xFFFF  # so that no sum of 10,000 leaves 64 bits
    sums = np.cumsum(grouped)
    lengths = np.diff(np.append(begins, len(order)))
    serials = np.empty(len(steps), INT)
    serials[order] = sums - np.repeat(sums[begins] - grouped[begins], lengths) & 0xFFFF
    return serials


def _by_sender(numbers: Column) -> tuple[Column, Column]:
    """(the order in which each sender's records stand together, where each sender begins in it)."""
    order = np.argsort(numbers, kind="stable")
    grouped = numbers[order]
    return order, np.flatnonzero(np.concatenate((np.ones(1, bool), grouped[1:] != grouped[:-1])))
