"""One uplink message as it is journalled, delivered and received, and the name it is known by everywhere.

Positions are most of them and are named by their content alone; every other message is of kind MESSAGE. A
record keeps the bytes as they came. What they mean is decided by whoever reads them, so an item that nobody
knows today is still there tomorrow.
"""

import struct
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

from ..wire.bcd import identity_of

# How the report came. Backfill may be late by days, so live maps and alarms must not take it for news.
LIVE: Final = 0  # 0x0200
BACKFILL: Final = 1  # 0x0704, kind 1: recorded in a blind zone
BATCHED: Final = 2  # 0x0704, kind 0: an ordinary batch
REPLY: Final = 3  # 0x0201: the answer to a position query
MESSAGE: Final = 4  # any other uplink message

KIND_NAMES: Final = ("live", "backfill", "batched", "reply", "message")
KIND_MESSAGE_IDS: Final = (0x0200, 0x0704, 0x0704, 0x0201)  # which message carries each kind of position

RECORD_ID_BYTES: Final = 16
_PERSON: Final = b"dianyun.record"  # no other hash of this project can ever give the same value
_MESSAGE_PERSON: Final = b"dianyun.message"  # and no position the name of a message
_MESSAGE_HEAD: Final = struct.Struct(">HH")  # serial, message id
_PACKED_ID: Final = struct.Struct(">H")
PACKED_ID_BYTES: Final = _PACKED_ID.size
_PHONES_KEPT: Final = 20_000  # some 10 MB; a receiver names many reports of few terminals


class Record(NamedTuple):
    """One journalled uplink message.

    sequence: journal-wide, from 1, without gaps, given at commit. received_ms: UTC milliseconds when the
    gateway read it. phone: the digits of the header's phone field as on the wire, zeros kept (12 of them,
    20 in the 2019 header). edition: 2011, 2013 or 2019. version: the protocol version byte of the 2019
    header, 0 before. message_id and serial: of the frame that carried it, of the first one when the message
    came in sub-packages. kind: LIVE, BACKFILL, BATCHED or REPLY for positions, MESSAGE for all else. body: a
    whole 0x0200 body (28 bytes or more) as it came; of a MESSAGE the whole body, joined and decrypted, which
    may be empty.
    """

    sequence: int
    received_ms: int
    phone: str
    edition: int
    version: int
    message_id: int
    serial: int
    kind: int
    body: bytes


def record_id(phone: str, body: bytes, kind: int = LIVE, serial: int = 0, message_id: int = 0) -> bytes:
    """The 16 bytes that name a record: the same one resent, backfilled or seen elsewhere has the same.

    A position is named by the terminal's identity and its body alone (not by serial, clock or gateway): it
    holds its own time, and comes again by 0x0704 under no serial of its own. Other messages hold no time
    (two equal events are two facts), so serial and message id, which `kind` MESSAGE alone needs, are part
    of their names. Every receiver computes the name again from what it holds and nobody has to be believed.
    """
    hasher = _named(phone, _MESSAGE_PERSON if kind == MESSAGE else _PERSON).copy()
    if kind == MESSAGE:
        hasher.update(_MESSAGE_HEAD.pack(serial, message_id))
    hasher.update(body)
    return hasher.digest()


def id_of(record: Record) -> bytes:
    """The `record_id` of a record."""
    return record_id(record.phone, record.body, record.kind, record.serial, record.message_id)


def record_hasher(phone: str) -> blake2b:
    """The state of `record_id` before the body of a position: who names many reports of one terminal copies
    it, updates the copy with the body and takes its digest, at less than half the cost. Never to be updated
    itself: it is everybody's."""
    return _named(phone, _PERSON)


def message_hasher(phone: str) -> blake2b:
    """The same for a MESSAGE, but a copy of one's own. To be updated with the serial, two bytes, highest
    first, and then with the packed message, which is `pack_message` of its id and body."""
    return _named(phone, _MESSAGE_PERSON).copy()


def pack_message(message_id: int, body: bytes) -> bytes:
    """Message id, two bytes, highest first, and body: how a MESSAGE travels where a position has its body."""
    return _PACKED_ID.pack(message_id) + body


def unpack_message(packed: bytes) -> tuple[int, bytes]:
    """The inverse of `pack_message`: (message id, body)."""
    return int.from_bytes(packed[:PACKED_ID_BYTES], "big"), packed[PACKED_ID_BYTES:]


@lru_cache(maxsize=_PHONES_KEPT)
def _named(phone: str, person: bytes) -> blake2b:
    """To be copied, never updated."""
    named = identity_of(phone).encode("ascii") + b"\0"
    return blake2b(named, digest_size=RECORD_ID_BYTES, person=person)
