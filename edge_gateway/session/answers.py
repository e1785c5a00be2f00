"""The platform's answers as frames. They echo the layout, the version and the phone bytes of the question."""

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

    def general(self, question: Header, result: int) -> bytes:
        """The 0x8001 (unverified: JT/T 808-2013 §8.2) to a message."""
        values = {"reply_serial": question.serial, "reply_id": question.message_id, "result": result}
        return self._frame(question, MSG_PLATFORM_GENERAL_RESPONSE, values)

    def registration(self, question: Header, result: int, code: bytes) -> bytes:
        """The 0x8100 (unverified: JT/T 808-2013 §8.6); the code is there only behind result 0."""
        values = {"reply_serial": question.serial, "result": result, "auth_code": code}
        return self._frame(question, MSG_TERMINAL_REGISTRATION_RESPONSE, values)

    def _frame(self, question: Header, message_id: int, values: dict[str, object]) -> bytes:
        # Both answers are alike in all editions; the layout follows the width of the phone.
        body = encode_body(message_id, EDITION_2013, values)
        header = build_header(message_id, len(body), question.phone, self.serial, question.version)
        self.serial = self.serial + 1 & 0xFFFF
        return build_frame(header + body)


def as_failures(answers: bytes) -> bytes:
    """The same 0x8001 frames with result 1: what is sent when the journal did not take the reports."""
    return b"".join([_as_failure(payload) for payload in FrameSplitter().receive(answers)])


def _as_failure(payload: bytes) -> bytes:
    assert parse_header(payload).message_id == MSG_PLATFORM_GENERAL_RESPONSE
    return build_frame(payload[:-1] + bytes([RESULT_FAILED]))  # the result is the body's last byte
