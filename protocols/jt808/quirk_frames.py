"""Frames whose check byte is not as the standard says, taken and given back when a profile allows it.

The strict reading is always tried first, so a frame without fault is the same with and without a profile.
Nothing but the check byte is forgiven: an illegal escape or a wrong length stays a refusal.

On a stream only what a profile allows is taken. A frame that somebody shows to us by itself is read as far as
it goes (`open_for_people`), and what is wrong with it is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from protocols.wire.errors import RemoteProtocolError
from protocols.wire.framing import DELIMITER, ESCAPE, escape, open_frame, unescape, xor_of
from protocols.wire.header import parse_header

from .hex_lines import single_frame
from .quirks import ChecksumLeniency

_STRICT = ChecksumLeniency()
_ANY = ChecksumLeniency(unescaped=True, wrong=True)
NOT_ESCAPED = "the check byte is not escaped"


class Opened(NamedTuple):
    """A payload and its check byte: right or not, escaped as it should be or not."""

    payload: bytes
    check: int
    unescaped: bool = False

    @property
    def right(self) -> bool:
        """Whether the check byte is that of the payload."""
        return self.check == xor_of(self.payload)

    def frame(self) -> bytes:
        """The frame, delimiters included, with this very check byte."""
        check = bytes([self.check])
        return DELIMITER + escape(self.payload) + (check if self.unescaped else escape(check)) + DELIMITER


def open_candidate(candidate: bytes, leniency: ChecksumLeniency = _STRICT) -> Opened:
    """What stood between two delimiters, as FrameSplitter.split gives it (there a check byte of 7E that was
    not escaped is gone: it was taken for the delimiter), or with that 7E still behind it.

    Raises RemoteProtocolError, the reason of the strict reading, for what the leniency does not cover.
    """
    if DELIMITER in candidate:
        error = RemoteProtocolError("a delimiter within the frame", offset=candidate.find(DELIMITER))
    else:
        try:
            payload = open_frame(candidate)
        except RemoteProtocolError as refusal:
            error = refusal
        else:
            return Opened(payload, xor_of(payload))
    opened = _forgiven(candidate, leniency)
    if opened is None:
        raise error
    return opened


def open_whole(frame: bytes, leniency: ChecksumLeniency = _STRICT) -> Opened:
    """Exactly one frame, delimiters included. Raises RemoteProtocolError; also for a frame that would not
    come back byte for byte.
    """
    opened = open_candidate(single_candidate(frame, leniency), leniency)
    if opened.frame() != frame:
        raise RemoteProtocolError("a check byte of 7E needs its delimiter behind it", field="check")
    return opened


def open_for_people(frame: bytes, allowed: ChecksumLeniency = _STRICT) -> tuple[Opened, str]:
    """One frame, delimiters included, whatever its check byte; and what is wrong with that, "" when it is
    right or allowed.

    Raises RemoteProtocolError for what is no frame in any other way.
    """
    try:
        return open_whole(frame, allowed), ""
    except RemoteProtocolError as refusal:
        try:
            opened = open_whole(frame, _ANY)
        except RemoteProtocolError:
            raise refusal from None
        return opened, NOT_ESCAPED if opened.right else str(refusal)


def single_candidate(frame: bytes, leniency: ChecksumLeniency = _STRICT) -> bytes:
    """What stands between the delimiters of one frame, an unescaped check byte included."""
    if leniency.unescaped and frame.endswith(DELIMITER + DELIMITER) and len(frame) > 3:
        return single_frame(frame[:-1]) + DELIMITER
    return single_frame(frame)


def _forgiven(candidate: bytes, leniency: ChecksumLeniency) -> Opened | None:
    for opened in _readings(candidate, leniency):
        try:
            parse_header(opened.payload)
        except RemoteProtocolError:
            continue
        return opened
    return None


def _readings(candidate: bytes, leniency: ChecksumLeniency) -> Iterator[Opened]:
    """The ways to read the candidate that the leniency allows, the length not yet verified."""
    if leniency.unescaped:
        bare = candidate.endswith((ESCAPE, DELIMITER))
        check = candidate[-1] if bare else DELIMITER[0]
        payload = _unescaped(candidate[:-1] if bare else candidate)
        if payload is not None and xor_of(payload) == check:
            yield Opened(payload, check, unescaped=True)
    if leniency.wrong:
        data = _unescaped(candidate)
        if data and DELIMITER not in candidate:
            yield Opened(data[:-1], data[-1])


def _unescaped(escaped: bytes) -> bytes | None:
    try:
        return unescape(escaped)
    except RemoteProtocolError:
        return None
