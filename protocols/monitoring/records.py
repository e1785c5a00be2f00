"""One position as it is journalled, delivered and received, and the name it is known by everywhere.

A record keeps the report's bytes as they came. What they mean is decided by whoever reads them, so an item
that nobody knows today is still there tomorrow.
"""

from hashlib import blake2b
from typing import Final, NamedTuple

from ..wire.bcd import identity_of

# How the report came. Backfill may be late by days, so live maps and alarms must not take it for news.
LIVE: Final = 0  # 0x0200
BACKFILL: Final = 1  # 0x0704, kind 1: recorded in a blind zone
BATCHED: Final = 2  # 0x0704, kind 0: an ordinary batch
REPLY: Final = 3  # 0x0201: the answer to a position query

KIND_NAMES: Final = ("live", "backfill", "batched", "reply")
KIND_MESSAGE_IDS: Final = (0x0200, 0x0704, 0x0704, 0x0201)  # which message carries each kind

RECORD_ID_BYTES: Final = 16
_PERSON: Final = b"dianyun.record"  # no other hash of this project can ever give the same value


class Record(NamedTuple):
    """One journalled position report.

    sequence: journal-wide, from 1, without gaps, given at commit. received_ms: UTC milliseconds when the
    gateway read it. phone: the digits of the header's phone field as on the wire, zeros kept (12 of them,
    20 in the 2019 header). edition: 2011, 2013 or 2019. version: the protocol version byte of the 2019
    header, 0 before. message_id and serial: of the frame that carried it. kind: LIVE, BACKFILL, BATCHED or
    REPLY. body: a whole 0x0200 body (28 bytes or more) as it came.
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


def record_id(phone: str, body: bytes) -> bytes:
    """The 16 bytes that name a report: the same report resent, backfilled or seen elsewhere has the same.

    Made of the terminal's identity and the report alone (not of serial, clock or gateway), so every
    receiver computes it again from what it holds and nobody has to be believed.
    """
    hasher = record_hasher(phone)
    hasher.update(body)
    return hasher.digest()


def record_hasher(phone: str) -> blake2b:
    """The state of `record_id` before the body: who names many reports of one terminal copies it, updates
    the copy with the body and takes its digest, at less than half the cost."""
    named = identity_of(phone).encode("ascii") + b"\0"
    return blake2b(named, digest_size=RECORD_ID_BYTES, person=_PERSON)
