"""Speaks JT/T 808-2013 for a receiver that cannot: registers, authenticates, reports, repeats. Pure."""

from collections import deque
from collections.abc import Mapping
from typing import Final

from protocols.jt808 import walk
from protocols.wire.errors import RemoteProtocolError
from protocols.wire.framing import FrameSplitter, build_frame
from protocols.wire.header import EDITION_2013, build_header, parse_header
from protocols.wire.tables import (
    MSG_PLATFORM_GENERAL_RESPONSE,
    MSG_POSITION_REPORT,
    MSG_TERMINAL_AUTHENTICATION,
    MSG_TERMINAL_GENERAL_RESPONSE,
    MSG_TERMINAL_HEARTBEAT,
    MSG_TERMINAL_REGISTRATION,
    MSG_TERMINAL_REGISTRATION_RESPONSE,
    RESULT_OK,
    RESULT_UNSUPPORTED,
)

EDITION: Final = EDITION_2013
HELD_MAX: Final = 10_000  # reports that are not acknowledged; the oldest go first
RESEND_MS: Final = 5_000
HEARTBEAT_MS: Final = 60_000
MAKER: Final = b"DYEDG"
MODEL: Final = b"NMEA RECEIVER"


class Reporter:
    """One receiver's terminal. `opened` when the link is there; then `receive`, `report`, `tick`, and take
    `data_to_send`. `code` is kept by the shell over restarts; "" before the first registration."""

    def __init__(self, phone: bytes, code: str) -> None:
        self.code = code
        self.refused = 0  # registrations and authentications that were turned down
        self.lost = 0  # reports given up because too many were held
        self._phone = phone
        self._serial = 0
        self._online = False
        self._held: deque[bytes] = deque()
        self._waits_for: int | None = None  # the serial of what is on the line
        self._said: bytes = b""
        self._said_ms = 0
        self._out = bytearray()
        self._splitter = FrameSplitter()

    @property
    def held(self) -> int:
        """Reports that are not acknowledged."""
        return len(self._held)

    def opened(self, now_ms: int) -> None:
        """A new connection: says who it is."""
        self._online, self._waits_for, self._splitter = False, None, FrameSplitter()
        self._out.clear()
        if self.code:
            values = {"auth_code": self.code.encode("ascii")}
            self._ask(MSG_TERMINAL_AUTHENTICATION, values, now_ms)
        else:
            self._ask(MSG_TERMINAL_REGISTRATION, self._device(), now_ms)

    def report(self, body: bytes, now_ms: int) -> None:
        """A 0x0200 body: held until it is acknowledged."""
        if len(self._held) == HELD_MAX:
            self._held.popleft()
            self.lost += 1
        self._held.append(body)
        self._next(now_ms)

    def receive(self, data: bytes, now_ms: int) -> None:
        """Bytes of the gateway."""
        for payload in self._splitter.receive(data):
            try:
                header = parse_header(payload)
                body = payload[header.body_at :]
                if header.message_id == MSG_PLATFORM_GENERAL_RESPONSE:
                    self._answered(walk.decode_body(header.message_id, EDITION, body), now_ms)
                elif header.message_id == MSG_TERMINAL_REGISTRATION_RESPONSE:
                    self._registered(walk.decode_body(header.message_id, EDITION, body), now_ms)
                else:  # a command, which a receiver cannot carry out
                    values = {
                        "reply_serial": header.serial,
                        "reply_id": header.message_id,
                        "result": RESULT_UNSUPPORTED,
                    }
                    self._out += self._frame(MSG_TERMINAL_GENERAL_RESPONSE, values)
            except RemoteProtocolError:
                continue

    def tick(self, now_ms: int) -> None:
        """Says again what was not answered; a heartbeat when nothing was said for long."""
        if self._waits_for is not None:
            if now_ms - self._said_ms >= RESEND_MS:
                self._out += self._said
                self._said_ms = now_ms
        elif now_ms - self._said_ms >= HEARTBEAT_MS:
            if self._online:
                self._ask(MSG_TERMINAL_HEARTBEAT, {}, now_ms)
            else:  # turned down: perhaps somebody approved us meanwhile
                self.opened(now_ms)

    def data_to_send(self) -> bytes:
        """What is to be sent now."""
        out, self._out = self._out, bytearray()
        return bytes(out)

    def _next(self, now_ms: int) -> None:
        if self._online and self._waits_for is None and self._held:
            self._say(MSG_POSITION_REPORT, self._held[0], now_ms)

    def _registered(self, answer: dict[str, object], now_ms: int) -> None:
        code = answer.get("auth_code", b"")
        if answer["result"] == RESULT_OK and isinstance(code, bytes):
            self.code = code.decode("ascii", "replace")
            self._ask(MSG_TERMINAL_AUTHENTICATION, {"auth_code": code}, now_ms)
        else:
            self.refused += 1
            self._waits_for = None

    def _answered(self, answer: dict[str, object], now_ms: int) -> None:
        if answer["reply_serial"] != self._waits_for:
            return
        self._waits_for = None
        reply_id, right = answer["reply_id"], answer["result"] == RESULT_OK
        if reply_id == MSG_TERMINAL_AUTHENTICATION:
            self._online = right
            if not right:  # the code was revoked: register anew
                self.refused += 1
                self.code = ""
                self._ask(MSG_TERMINAL_REGISTRATION, self._device(), now_ms)
        elif reply_id == MSG_POSITION_REPORT and self._held:
            if right:
                self._held.popleft()
            else:  # the journal is full: the same again, later
                self._prepare(MSG_POSITION_REPORT, self._held[0], now_ms)
                return
        self._next(now_ms)

    def _ask(self, message_id: int, values: Mapping[str, object], now_ms: int) -> None:
        self._say(message_id, walk.encode_body(message_id, EDITION, dict(values)), now_ms)

    def _say(self, message_id: int, body: bytes, now_ms: int) -> None:
        self._prepare(message_id, body, now_ms)
        self._out += self._said

    def _prepare(self, message_id: int, body: bytes, now_ms: int) -> None:
        """What `tick` says when its time has come."""
        self._waits_for, self._said_ms = self._serial, now_ms
        self._said = self._framed(message_id, body)

    def _frame(self, message_id: int, values: Mapping[str, object]) -> bytes:
        return self._framed(message_id, walk.encode_body(message_id, EDITION, dict(values)))

    def _framed(self, message_id: int, body: bytes) -> bytes:
        header = build_header(message_id, len(body), self._phone, self._serial)
        self._serial = self._serial + 1 & 0xFFFF
        return build_frame(header + body)

    def _device(self) -> dict[str, object]:
        return {
            "province": 0,
            "city": 0,
            "maker": MAKER,
            "model": MODEL.ljust(20, b"\x00"),
            "terminal_id": self._phone.hex()[-7:].encode("ascii"),
            "plate_colour": 0,
            "plate": b"",
        }
