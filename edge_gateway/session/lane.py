"""The fast lane: position reports of the terminal that is authenticated, whole and well formed.

Verifies check byte, header and length without taking anything apart, keeps the body as it came, and makes
the answer from parts prepared once. Whatever is not exactly that goes the long way through `core`, with the
same outcome for the same bytes: the tests send every frame both ways.
"""

from struct import Struct
from typing import Final, NamedTuple, Protocol

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
_LOW_64: Final = (1 << 64) - 1
_FOLDED_BYTES: Final = 128  # frames up to here are checked by unrolled folding …
_HALF_FOLDED_BYTES: Final = 64  # … of which those up to here need a step less


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

    One loop without calls of our own: a call costs as much as checking a header.
    """

    __slots__ = ("_opening", "_parts", "_starts")

    def __init__(self, opening: bytes, sender: bytes, flag: int, overhead: int, base: int) -> None:
        self._opening = opening
        # Everything the loop in `take` needs, in one tuple: for a single report its set-up counts.
        self._parts = sender, flag, overhead, overhead - 1, base
        self._starts: dict[int, bytes] = {}  # size of a frame → what it begins with

    def take(self, data: bytes, at: int, serial: int) -> tuple[int, int, bytes, bytes]:
        """Takes plain position reports from `at` on, where a frame may begin or the one before end.

        Gives where it stopped (behind a delimiter, or at `at`), how many it took, the reports packed as the
        journal takes them, and the answers, numbered from `serial` on.
        """
        _, _, overhead, body_at, base = self._parts
        starts = self._starts
        packed: list[bytes] = []
        tails: list[bytes] = []
        for piece in data[at:].split(DELIMITER)[:-1]:
            frame = piece
            if not frame:
                at += 1
                continue
            if ESCAPE in frame:
                frame = _unescaped(frame)
            size = len(frame)
            # Message id, attributes (not sub-packaged, not encrypted, this long), version and phone at once.
            if not frame.startswith(starts.get(size) or self._start_of(size)):
                break
            if size > _FOLDED_BYTES:
                if xor_of(frame):
                    break
            else:
                folded = int.from_bytes(frame, "big")
                if size > _HALF_FOLDED_BYTES:
                    folded ^= folded >> 512
                folded ^= folded >> 256
                folded ^= folded >> 128
                folded = (folded ^ folded >> 64) & _LOW_64
                folded ^= folded >> 32
                folded ^= folded >> 16
                if (folded ^ folded >> 8) & 0xFF:
                    break
            theirs = frame[body_at - 2] << 8 | frame[body_at - 1]
            packed.append(ITEM.pack(theirs, LIVE, size - overhead))
            packed.append(frame[body_at:-1])
            mixed = serial ^ theirs
            tail = _TAIL.pack(
                serial, theirs, MSG_POSITION_REPORT, RESULT_OK, (base ^ mixed ^ mixed >> 8) & 0xFF
            )
            tails.append(escape(tail) if ESCAPE in tail or DELIMITER in tail else tail)
            serial = serial + 1 & 0xFFFF
            at += len(piece) + 1
        if not tails:
            return at, 0, b"", b""
        opening = self._opening
        return at, len(tails), b"".join(packed), opening + (DELIMITER + opening).join(tails) + DELIMITER

    def _start_of(self, size: int) -> bytes | tuple[()]:
        """What a plain report of so many bytes, unescaped, begins with; for `startswith`, to which the empty
        tuple says that there is no such report."""
        sender, flag, overhead, _, _ = self._parts
        body_bytes = size - overhead
        if not POSITION_BYTES <= body_bytes <= BODY_LENGTH_MAX:
            return ()
        start = self._starts[size] = _FIRST.pack(MSG_POSITION_REPORT, body_bytes | flag) + sender
        return start


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
