"""Verifies the proof of presence in a scanned symbol: was it made just now, by a terminal with the key?"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from ..wire import presence
from ..wire.errors import RemoteProtocolError

MAX_AGE = timedelta(seconds=90)  # 60 s that a symbol stands, and 30 s for the scan and the clocks
MAX_AHEAD = timedelta(seconds=30)  # of the terminal's clock
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
DAY_SECONDS = 86400


class Verdict(StrEnum):
    """What a proof says. Only PRESENT says that the screen was before the scanner."""

    PRESENT = "present"
    ABSENT = "absent"
    OLD = "old"
    AHEAD = "ahead"
    UNKNOWN_KEY = "unknown_key"
    FORGED = "forged"


@dataclass(frozen=True)
class Presence:
    """A scanned text taken apart: the code, the verdict, when the symbol was made and by which key."""

    code: str
    verdict: Verdict
    made_at: datetime | None = None
    key_reference: int | None = None


def hashed(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA256."""
    return hmac.digest(key, message, "sha256")


def verify(
    text: str,
    key_of: Callable[[int], bytes | None],
    now: datetime,
    max_age: timedelta = MAX_AGE,
    max_ahead: timedelta = MAX_AHEAD,
) -> Presence:
    """Judges a scanned text at `now` (aware). key_of(reference): the key, None when there is no such.

    Raises nothing, whatever was scanned. The code itself, its signature, is not judged here.
    """
    try:
        code, proof = presence.split(text.encode())
    except RemoteProtocolError:
        return Presence(text, Verdict.FORGED)
    if not proof:
        return Presence(text, Verdict.ABSENT)
    day, second, reference = presence.head_of(proof)
    if second >= DAY_SECONDS:
        return Presence(code.decode(), Verdict.FORGED, None, reference)
    made_at = EPOCH + timedelta(days=day, seconds=second)
    verdict = _verdict(code, proof, key_of(reference))
    if verdict is Verdict.PRESENT and made_at < now - max_age:
        verdict = Verdict.OLD
    elif verdict is Verdict.PRESENT and made_at > now + max_ahead:
        verdict = Verdict.AHEAD
    return Presence(code.decode(), verdict, made_at, reference)


def _verdict(code: bytes, proof: bytes, key: bytes | None) -> Verdict:
    if not key:
        return Verdict.UNKNOWN_KEY
    head, tag = proof[: presence.HEAD_BYTES], proof[presence.HEAD_BYTES :]
    good = hmac.compare_digest(tag, presence.tag(code, head, key, hashed))
    return Verdict.PRESENT if good else Verdict.FORGED
