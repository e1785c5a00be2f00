"""The fast lane: position reports of the terminal that is authenticated, whole and well formed.

Verifies check byte, header and length without taking anything apart, keeps the body as it came, and makes
the answer from parts prepared once. Whatever is not exactly that goes the long way through `core`, with the
same outcome for the same bytes: the tests send every frame both ways.
"""

from collections.abc import Callable
from functools import cache, lru_cache
from struct import Struct
from typing import Any, Final, NamedTuple, Protocol

from numpy import bitwise_xor, frombuffer, uint8

from protocols.monitoring.records import LIVE
from protocols.wire.errors import RemoteProtocolError
from protocols.wire.framing import DELIMITER, ESCAPE, escape, unescape, xor_of
from protocols.wire.header import (
    BODY_LENGTH_MAX,
    EDITION_2019,
    HEADER_BYTES,
    HEADER_BYTES_2019,
    VERSION_BIT,
    Header,
    build_header,
)
from protocols.wire.tables import (
    MSG_PLATFORM_GENERAL_RESPONSE,
    MSG_POSITION_REPORT,
    POSITION_BYTES,
    RESULT_OK,
)

from ..journal.packed import ITEM

_FIRST: Final = Struct(">HH")  # message id, attributes
_TAIL: Final = Struct(">HHHBB")  # own serial; reply serial, reply id, result; check
_ANSWER_BODY_BYTES: Final = 5
_DELIMITER_BYTE: Final = DELIMITER[0]
_ESCAPE_BYTE: Final = ESCAPE[0]
_pack_item: Final = ITEM.pack
_pack_tail: Final = _TAIL.pack
_MANY_PIECES: Final = 9  # of a read, with four frames: from here on it pays to look at them together
_ALIKE_MAX: Final = 64  # frames taken apart by one call; of each such call a layout is kept
_SERIALS: Final = 0x10000
_LAYOUTS_KEPT: Final = 256  # of runs of frames; some 15 KB each at most
_FOLDED_BYTES: Final = 128  # frames up to here are checked by folding in place

Take = Callable[[bytes], tuple[Any, ...]]


class Lane(Protocol):
    """One terminal on one connection."""

    def take(self, data: bytes, at: int, serial: int, /) -> tuple[int, int, bytes, bytes]:
        """See PortableLane.take."""


class Parts(NamedTuple):
    """What a lane is made of. opening: delimiter and escaped header of an answer, without its serial. sender:
    the header's bytes between attributes and serial. flag: the attributes' version bit or 0. overhead: bytes
    of a frame beside its body. base: the check byte of an answer but for the two serials."""

    opening: bytes
    sender: bytes
    flag: int
    overhead: int
    base: int


def parts_for(header: Header) -> Parts:
    """Of the message that authenticated; layout, version and phone are those to expect."""
    new = header.edition == EDITION_2019
    fixed = build_header(MSG_PLATFORM_GENERAL_RESPONSE, _ANSWER_BODY_BYTES, header.phone, 0, header.version)
    return Parts(
        DELIMITER + escape(fixed[:-2]),  # the serial is the header's last word
        bytes([header.version]) + header.phone if new else header.phone,
        VERSION_BIT if new else 0,
        (HEADER_BYTES_2019 if new else HEADER_BYTES) + 1,
        xor_of(fixed) ^ MSG_POSITION_REPORT >> 8 ^ MSG_POSITION_REPORT & 0xFF ^ RESULT_OK,
    )


class PortableLane:
    """The lane where there is no compiler, and the oracle of its twin in C.

    `take` is the rule: one loop over the frames, without calls of our own, for a call costs as much as
    checking a header. `_take_alike` asks the same of many frames of one size at once.
    """

    __slots__ = ("_between", "_kinds", "_opening", "_parts")

    def __init__(self, opening: bytes, sender: bytes, flag: int, overhead: int, base: int) -> None:
        self._opening = opening
        self._between = DELIMITER + opening
        self._parts = sender, flag, overhead, base
        # Size of a frame, unescaped → what a plain report of that size begins with, and what takes beginning,
        # serial and body out of it.
        self._kinds: dict[int, tuple[bytes, Take]] = {}

    def take(self, data: bytes, at: int, serial: int) -> tuple[int, int, bytes, bytes]:
        """Takes plain position reports from `at` on, where a frame may begin or the one before end.

        Gives where it stopped (behind a delimiter, or at `at`), how many it took, the reports packed as the
        journal takes them, and the answers, numbered from `serial` on.
        """
        pieces = data[at:].split(DELIMITER)
        if len(pieces) >= _MANY_PIECES and (taken := self._take_alike(pieces, serial)):
            return len(data) - len(pieces[-1]), *taken
        kinds = self._kinds
        base = self._parts[3]
        packed: list[bytes] = []
        tails: list[bytes] = []
        del pieces[-1]  # it has not ended
        for piece in pieces:
            if not piece:
                at += 1
                continue
            frame = _unescaped(piece) if _ESCAPE_BYTE in piece else piece
            size = len(frame)
            kind = kinds.get(size) or self._kind_of(size)
            if kind is None:
                break
            # Message id, attributes (not sub-packaged, not encrypted, this long), version and phone at once.
            expected, taken_out_of = kind
            beginning, theirs, body = taken_out_of(frame)
            if beginning != expected:
                break
            if size > _FOLDED_BYTES:
                if xor_of(frame):
                    break
            else:
                folded = int.from_bytes(frame, "big")
                folded ^= folded >> 512
                folded ^= folded >> 256
                folded ^= folded >> 128
                folded ^= folded >> 64
                folded ^= folded >> 32
                folded ^= folded >> 16
                if (folded & 0xFFFF) % 257:  # 257 divides 256 * a + b, two bytes, where a is b
                    break
            packed.append(_pack_item(theirs, LIVE, len(body)))
            packed.append(body)
            mixed = serial ^ theirs
            tail = _pack_tail(
                serial, theirs, MSG_POSITION_REPORT, RESULT_OK, (base ^ mixed ^ mixed >> 8) & 0xFF
            )
            tails.append(escape(tail) if _ESCAPE_BYTE in tail or _DELIMITER_BYTE in tail else tail)
            serial = serial + 1 & 0xFFFF
            at += len(piece) + 1
        if not tails:
            return at, 0, b"", b""
        return at, len(tails), b"".join(packed), self._opening + self._between.join(tails) + DELIMITER

    def _take_alike(self, pieces: list[bytes], serial: int) -> tuple[int, bytes, bytes] | None:
        """How many reports, packed, and their answers, where all ended candidates are plain reports of one
        size; None, for `take` to find out what they are, where they are not."""
        _, _, overhead, base = self._parts
        frames = [_unescaped(piece) if _ESCAPE_BYTE in piece else piece for piece in pieces[:-1] if piece]
        count, size = len(frames), len(frames[0]) if frames else 0
        kind = self._kinds.get(size) or self._kind_of(size)
        if kind is None or serial + count > _SERIALS or [*map(len, frames)].count(size) != count:
            return None
        joined = b"".join(frames)
        if bitwise_xor.reduce(frombuffer(joined, uint8).reshape(count, size), 1).tobytes() != bytes(count):
            return None
        packed, tails = [], []
        for first in range(0, count, _ALIKE_MAX):
            part = joined[first * size : (first + _ALIKE_MAX) * size]
            fields_of, run_of, fields = _alike(len(kind[0]), size - overhead, len(part) // size)
            found = fields_of(part)
            if found[::3].count(kind[0]) != len(part) // size:
                return None
            fields = fields.copy()
            fields[::3], fields[2::3] = found[1::3], found[2::3]
            packed.append(run_of(*fields))
            tails += [
                _pack_tail(own, their, MSG_POSITION_REPORT, RESULT_OK, (base ^ mixed ^ mixed >> 8) & 0xFF)
                for own, their in enumerate(found[1::3], serial + first)
                for mixed in (own ^ their,)
            ]
        together = b"".join(tails)
        if _ESCAPE_BYTE in together or _DELIMITER_BYTE in together:
            tails = [
                escape(tail) if _ESCAPE_BYTE in tail or _DELIMITER_BYTE in tail else tail for tail in tails
            ]
        return count, b"".join(packed), self._opening + self._between.join(tails) + DELIMITER

    def _kind_of(self, size: int) -> "tuple[bytes, Take] | None":
        """What `_kinds` holds for a size, put there on the way; None: no plain report has that size."""
        sender, flag, overhead, _ = self._parts
        body_bytes = size - overhead
        if not POSITION_BYTES <= body_bytes <= BODY_LENGTH_MAX:
            return None
        start = _FIRST.pack(MSG_POSITION_REPORT, body_bytes | flag) + sender
        kind = self._kinds[size] = start, _fields_of(len(start), body_bytes)
        return kind


@cache
def _fields_of(start_bytes: int, body_bytes: int) -> Take:
    """Takes beginning, serial and body out of a frame: of two headers and a thousand sizes of bodies."""
    return Struct(f">{start_bytes}sH{body_bytes}sx").unpack


@lru_cache(_LAYOUTS_KEPT)
def _alike(start_bytes: int, body_bytes: int, count: int) -> tuple[Take, Any, list[Any]]:
    """For so many frames one behind the other: what takes beginning, serial and body out of each; what makes
    a packed run of serial, the rest of what stands before a body, and body; those fields, to be filled in."""
    rest = ITEM.pack(0, LIVE, body_bytes)[2:]
    unpack = Struct(">" + f"{start_bytes}sH{body_bytes}sx" * count).unpack
    pack = Struct("<" + f"H{len(rest)}s{body_bytes}s" * count).pack
    return unpack, pack, [0, rest, b""] * count


def _unescaped(frame: bytes) -> bytes:
    """The candidate as it was before escaping; nothing for what cannot have been escaped."""
    try:
        return unescape(frame)
    except RemoteProtocolError:
        return b""


# CPython may have a twin in C. ImportError: it was not built, or DIANYUN_PURE is set.
try:
    from .._hotpath import ReportLane
except ImportError:
    ReportLane = PortableLane  # type: ignore


def lane_for(header: Header) -> Lane:
    """The lane of the terminal that sent the header; the twin in C where it is built."""
    return ReportLane(*parts_for(header))
