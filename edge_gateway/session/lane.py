"""The fast lane: position reports of the terminal that is authenticated, whole and well formed.

Verifies check byte, header and length without taking anything apart, keeps the body as it came, and makes
the answer from parts prepared once. Whatever is not exactly that goes the long way through `core`, with the
same outcome for the same bytes: the tests send every frame both ways.
"""

from struct import Struct
from typing import Final

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

from ..journal import Report

_HEAD_2013: Final = Struct(">HH6sH")  # message id, attributes, phone, serial
_HEAD_2019: Final = Struct(">HH11sH")  # the same with the version byte before the phone
_TAIL: Final = Struct(">HHHBB")  # own serial; reply serial, reply id, result; check
_ANSWER_BODY_BYTES: Final = 5
_LOW_64: Final = (1 << 64) - 1
_FOLDED_BYTES: Final = 128  # frames up to here are checked by unrolled folding


class ReportLane:
    """One terminal on one connection. Collects in `reports` and `answers` until they are taken."""

    __slots__ = ("_joint", "_opening", "_prepared")

    def __init__(self, header: Header) -> None:
        """`header`: of the message that authenticated; layout, version and phone are those to expect."""
        new = header.edition == EDITION_2019
        fixed = build_header(
            MSG_PLATFORM_GENERAL_RESPONSE, _ANSWER_BODY_BYTES, header.phone, 0, header.version
        )
        self._opening = DELIMITER + escape(fixed[:-2])  # the serial is the header's last word
        self._joint = DELIMITER + self._opening
        # Everything the loop in `take` needs, in one tuple: for a single report its set-up counts.
        self._prepared = (
            (_HEAD_2019 if new else _HEAD_2013).unpack_from,
            bytes([header.version]) + header.phone if new else header.phone,
            VERSION_BIT if new else 0,
            (HEADER_BYTES_2019 if new else HEADER_BYTES) + 1,
            xor_of(fixed) ^ MSG_POSITION_REPORT >> 8 ^ MSG_POSITION_REPORT & 0xFF ^ RESULT_OK,
        )

    def take(
        self, candidates: list[bytes], at: int, serial: int, reports: list[Report]
    ) -> tuple[int, int, bytes]:
        """Takes candidates (escaped, between delimiters) from `at` on while they are plain position reports.

        Adds (serial, LIVE, body) to `reports`; gives where it stopped, our next serial, and the answers.
        """
        unpack, phone, flag, overhead, base = self._prepared
        smallest, largest, body_at = overhead + POSITION_BYTES, overhead + BODY_LENGTH_MAX, overhead - 1
        tails: list[bytes] = []
        end = len(candidates)
        while at < end:
            data = candidates[at]
            if ESCAPE in data:
                try:
                    data = unescape(data)
                except RemoteProtocolError:
                    break
            size = len(data)
            if size < smallest or size > largest:
                break
            message_id, attributes, sender, theirs = unpack(data)
            if message_id != MSG_POSITION_REPORT or attributes != size - overhead | flag or sender != phone:
                break  # the attributes also say: not sub-packaged, not encrypted
            if size > _FOLDED_BYTES:
                folded = xor_of(data)
            else:
                folded = int.from_bytes(data, "big")
                folded ^= folded >> 512
                folded ^= folded >> 256
                folded ^= folded >> 128
                folded = (folded ^ folded >> 64) & _LOW_64
                folded ^= folded >> 32
                folded ^= folded >> 16
                folded = (folded ^ folded >> 8) & 0xFF
            if folded:
                break
            reports.append((theirs, LIVE, data[body_at:-1]))
            mixed = serial ^ theirs
            tail = _TAIL.pack(
                serial, theirs, MSG_POSITION_REPORT, RESULT_OK, (base ^ mixed ^ mixed >> 8) & 0xFF
            )
            if ESCAPE in tail or DELIMITER in tail:
                tail = escape(tail)
            tails.append(tail)
            serial = serial + 1 & 0xFFFF
            at += 1
        if not tails:
            return at, serial, b""
        return at, serial, self._opening + self._joint.join(tails) + DELIMITER
