"""The platform's answers as frames. They echo the layout, the version and the phone bytes of the question."""

from collections.abc import Iterable
from typing import Any

from protocols.jt808 import walk
from protocols.wire.bodies import encode_body
from protocols.wire.framing import FrameSplitter, build_frame
from protocols.wire.header import EDITION_2013, Header, build_header, parse_header
from protocols.wire.tables import (
    MSG_PLATFORM_GENERAL_RESPONSE,
    MSG_TERMINAL_REGISTRATION_RESPONSE,
    RESULT_FAILED,
)


class Speaker:
    """The platform's side of one connection: counts its messages by `serial` (0…65535, the next one's)."""

    __slots__ = ("serial",)

    def __init__(self) -> None:
        self.serial = 0

    def general(self, question: Header, result: int, serial: int | None = None) -> bytes:
        """The 0x8001 (unverified: JT/T 808-2013 §8.2) to a message, or to its package of another `serial`."""
        reply_serial = question.serial if serial is None else serial
        values = {"reply_serial": reply_serial, "reply_id": question.message_id, "result": result}
        # Alike in all editions; the layout follows the width of the phone.
        return self.frame(
            question.phone,
            question.version,
            MSG_PLATFORM_GENERAL_RESPONSE,
            encode_body(MSG_PLATFORM_GENERAL_RESPONSE, EDITION_2013, values),
        )

    def generals(self, question: Header, result: int, serials: Iterable[int]) -> bytes:
        """One 0x8001 for each of a message's packages."""
        return b"".join([self.general(question, result, serial) for serial in serials])

    def registration(self, question: Header, result: int, code: bytes) -> bytes:
        """The 0x8100 (unverified: JT/T 808-2013 §8.6); the code is there only behind result 0."""
        values = {"reply_serial": question.serial, "result": result, "auth_code": code}
        body = encode_body(MSG_TERMINAL_REGISTRATION_RESPONSE, EDITION_2013, values)
        return self.frame(question.phone, question.version, MSG_TERMINAL_REGISTRATION_RESPONSE, body)

    def message(
        self, phone: bytes, version: int, message_id: int, edition: int, values: dict[str, Any]
    ) -> bytes:
        """Any other message of ours, its body by its declaration. Raises LocalProtocolError."""
        return self.frame(phone, version, message_id, walk.encode_body(message_id, edition, values))

    def frame(self, phone: bytes, version: int, message_id: int, body: bytes) -> bytes:
        """A frame with the next serial. Raises LocalProtocolError for what does not fit one."""
        header = build_header(message_id, len(body), phone, self.serial, version)
        self.serial = self.serial + 1 & 0xFFFF
        return build_frame(header + body)


def as_failures(answers: bytes) -> bytes:
    """The same 0x8001 frames with result 1: what is sent when the journal did not take the reports."""
    return b"".join([_as_failure(payload) for payload in FrameSplitter().receive(answers)])


def _as_failure(payload: bytes) -> bytes:
    assert parse_header(payload).message_id == MSG_PLATFORM_GENERAL_RESPONSE
    return build_frame(payload[:-1] + bytes([RESULT_FAILED]))  # the result is the body's last byte
