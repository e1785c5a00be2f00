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
from collections.abc import Sequence
from typing import Final

from ..wire.errors import LocalProtocolError, RemoteProtocolError
from .batch import COUNT_MAX, Batch, check_batch, fault_of
from .columns import ColumnReader, ColumnWriter, read_varint, varint
from .compression import compress, expand
from .records import KIND_MESSAGE_IDS, KIND_NAMES, MESSAGE, Record
from .topics import SEQUENCE_MAX, batch_id, is_gateway_id

MAGIC: Final = b"DYPB"
VERSION: Final = 1  # positions without a gap
VERSION_FLAGGED: Final = 2
HAS_MESSAGES: Final = 1
SPARSE: Final = 2
CONTENT_BYTES_MAX: Final = 8 * 1024 * 1024
_CHECK_BYTES: Final = 4
_HEAD_BYTES_MIN: Final = len(MAGIC) + 3  # version, compression, length of the gateway id

Sender = tuple[str, int, int]  # phone digits, edition, version byte of the header


def encode(batch: Batch, compression: str = "zstd") -> bytes:
    """The message for a batch. compression: "zstd", "zlib" or "none".

    Raises LocalProtocolError when the batch breaks the contract or is larger than CONTENT_BYTES_MAX.
    """
    check_batch(batch)
    flags, content = _content_of(batch.records, batch.sparse)
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


def _content_of(records: Sequence[Record], sparse: bool) -> tuple[int, bytes]:
    """(flags, content before compression)."""
    sequences, received, phones, editions, versions, ids, serials, kinds, bodies = zip(*records, strict=True)
    senders: dict[Sender, int] = {}
    numbers = [
        senders.setdefault(sender, len(senders)) for sender in zip(phones, editions, versions, strict=True)
    ]
    flags = (HAS_MESSAGES if MESSAGE in kinds else 0) | (SPARSE if sparse else 0)
    writer = ColumnWriter()
    if flags:
        writer.put_varint(flags)
    writer.put_varint(len(senders))
    writer.put_integers([edition for _, edition, _ in senders])
    writer.put_integers([version for _, _, version in senders])
    writer.put_rows([bytes.fromhex(phone) for phone, _, _ in senders])
    writer.put_integers(numbers)
    writer.put_deltas(received)
    writer.put_integers(_serial_steps(numbers, serials, len(senders)))
    writer.put_integers(kinds)
    if flags & HAS_MESSAGES:
        writer.put_rows([body for kind, body in zip(kinds, bodies, strict=True) if kind != MESSAGE])
        writer.put_integers([number for kind, number in zip(kinds, ids, strict=True) if kind == MESSAGE])
        writer.put_rows([body for kind, body in zip(kinds, bodies, strict=True) if kind == MESSAGE])
    else:
        writer.put_rows(bodies)
    if flags & SPARSE:
        writer.put_deltas(sequences)
    return flags, writer.content()


def _read_flags(reader: ColumnReader) -> int:
    flags = reader.varint("flags")
    if not 0 < flags <= HAS_MESSAGES | SPARSE:
        raise RemoteProtocolError(f"flags {flags} are not known", field="flags")
    return flags


def _records_of(reader: ColumnReader, first_sequence: int, count: int, flags: int) -> list[Record]:
    senders = _read_senders(reader, count)
    numbers = reader.integers(count, "sender")
    if max(numbers) >= len(senders):
        raise RemoteProtocolError(f"sender {max(numbers)} of {len(senders)}", field="sender")
    received = reader.deltas(count, "received_ms")
    serials = _serials(numbers, reader.integers(count, "serial"), len(senders))
    kinds = reader.integers(count, "kind")
    if max(kinds) >= (len(KIND_NAMES) if flags & HAS_MESSAGES else MESSAGE):
        raise RemoteProtocolError(f"kind {max(kinds)} is unknown", field="kind")
    message_ids, bodies = _read_bodies(reader, kinds, flags)
    sequences = _read_sequences(reader, first_sequence, count, flags)
    reader.end("body")
    phones, editions, versions = zip(*[senders[number] for number in numbers], strict=True)
    columns = (sequences, received, phones, editions, versions, message_ids, serials, kinds, bodies)
    records = list(map(Record, *columns))
    fault = fault_of(records, bool(flags & SPARSE))
    if fault:
        raise RemoteProtocolError(fault[1], field=fault[0])
    return records


def _read_bodies(
    reader: ColumnReader, kinds: Sequence[int], flags: int
) -> tuple[Sequence[int], Sequence[bytes]]:
    """(message ids, bodies), in the order of the records."""
    if not flags & HAS_MESSAGES:
        return [KIND_MESSAGE_IDS[kind] for kind in kinds], reader.rows(len(kinds), "body")
    amount = kinds.count(MESSAGE)
    positions = iter(reader.rows(len(kinds) - amount, "body"))
    ids = iter(reader.integers(amount, "message_id"))
    messages = iter(reader.rows(amount, "body"))
    return (
        [next(ids) if kind == MESSAGE else KIND_MESSAGE_IDS[kind] for kind in kinds],
        [next(messages if kind == MESSAGE else positions) for kind in kinds],
    )


def _read_sequences(reader: ColumnReader, first_sequence: int, count: int, flags: int) -> Sequence[int]:
    if not flags & SPARSE:
        return range(first_sequence, first_sequence + count)
    sequences = reader.deltas(count, "sequence")
    if sequences[0] != first_sequence:
        raise RemoteProtocolError("does not begin where the head says", field="sequence")
    return sequences


def _read_senders(reader: ColumnReader, count: int) -> list[Sender]:
    amount = reader.varint("senders")
    if not 1 <= amount <= count:
        raise RemoteProtocolError(f"{amount} senders of {count} records", field="senders")
    editions = reader.integers(amount, "edition")
    versions = reader.integers(amount, "version")
    phones = [phone.hex() for phone in reader.rows(amount, "phone")]
    return list(zip(phones, editions, versions, strict=True))


def _serial_steps(numbers: Sequence[int], serials: Sequence[int], senders: int) -> list[int]:
    """The difference of each serial to the last one of the same sender (0 before the first)."""
    last = [0] * senders
    steps = []
    for number, serial in zip(numbers, serials, strict=True):
        steps.append((serial - last[number]) & 0xFFFF)
        last[number] = serial
    return steps


def _serials(numbers: Sequence[int], steps: Sequence[int], senders: int) -> list[int]:
    last = [0] * senders
    serials = []
    for number, step in zip(numbers, steps, strict=True):
        last[number] = (last[number] + step) & 0xFFFF
        serials.append(last[number])
    return serials
