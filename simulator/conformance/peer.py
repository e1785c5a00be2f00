"""One connection of a terminal that says exactly what it is told to, right or wrong. Blocking."""

from __future__ import annotations

import socket
from types import TracebackType
from typing import Any, Final, NamedTuple

from protocols.wire import bodies, tables
from protocols.wire.bcd import digits_to_bcd
from protocols.wire.framing import FrameSplitter, build_frame
from protocols.wire.header import EDITION_2019, build_header, parse_header

WIDTHS: Final = {2011: (5, 8, 7), 2013: (5, 20, 7), 2019: (11, 30, 30)}  # maker, model, terminal id
_PHONE_BYTES: Final = {EDITION_2019: 10}
_ANSWERS: Final = (tables.MSG_PLATFORM_GENERAL_RESPONSE, tables.MSG_TERMINAL_REGISTRATION_RESPONSE)
_READ_BYTES: Final = 65536


class Heard(NamedTuple):
    """A message of the platform, its header checked and its body as bytes."""

    id: int
    body: bytes
    serial: int
    phone: bytes

    @property
    def reply(self) -> tuple[int, int, int]:
        """Of a general response: serial and id that it answers, result."""
        return int.from_bytes(self.body[:2], "big"), int.from_bytes(self.body[2:4], "big"), self.body[4]


class Peer:
    """`with Peer(address, phone, edition, wait_s) as peer:` is connected. Raises OSError."""

    def __init__(self, address: tuple[str, int], phone: str, edition: int, wait_s: float) -> None:
        self.edition, self.phone = edition, digits_to_bcd(phone, _PHONE_BYTES.get(edition, 6))
        self.serial = 0xFFFE  # the first few messages pass the wrap
        self._splitter, self._heard = FrameSplitter(), list[Heard]()
        self._socket = socket.create_connection(address, wait_s)
        self._socket.settimeout(wait_s)
        self.closed = False

    def __enter__(self) -> Peer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def frame(self, message_id: int, body: bytes = b"", **header: int) -> bytes:
        """The next message, built; header: further fields of `build_header`. The serial goes on."""
        head = build_header(message_id, len(body), self.phone, self.serial, **header)
        self.serial = (self.serial + 1) & 0xFFFF
        return bytes(build_frame(head + body))

    def send(self, data: bytes) -> None:
        """As it is."""
        try:
            self._socket.sendall(data)
        except OSError:
            self.closed = True

    def hear(self) -> Heard | None:
        """The next answer; None when none comes in time, or the platform closed. Questions of the platform's
        own are left open."""
        while not self._heard:
            try:
                data = b"" if self.closed else self._socket.recv(_READ_BYTES)
            except TimeoutError:
                return None
            except OSError:
                data = b""
            if not data:
                self.closed = True
                return None
            heard = map(_read, self._splitter.receive(data))
            self._heard += [each for each in heard if each.id in _ANSWERS]
        return self._heard.pop(0)

    def ask(self, message_id: int, body: bytes = b"") -> Heard | None:
        """A message, and the next one that comes back."""
        self.send(self.frame(message_id, body))
        return self.hear()

    def registration(self, plate: str) -> bytes:
        """The body of 0x0100 of this edition."""
        maker, model, terminal = WIDTHS[self.edition]
        values = {
            "province": 53, "city": 1, "maker": b"DYKIT".ljust(maker, b"\0"),
            "model": b"CONFORM".ljust(model, b"\0"), "terminal_id": b"KIT0001".ljust(terminal, b"\0"),
            "plate_colour": 2, "plate": plate.encode("gbk"),
        }  # fmt: skip
        return bytes(bodies.encode_body(tables.MSG_TERMINAL_REGISTRATION, self.edition, values))

    def authentication(self, code: bytes) -> bytes:
        """The body of 0x0102 of this edition."""
        if self.edition != EDITION_2019:
            return code
        values = {"auth_code": code, "imei": b"0" * 15, "software_version": b"kit".ljust(20, b"\0")}
        return bytes(bodies.encode_body(tables.MSG_TERMINAL_AUTHENTICATION, self.edition, values))


def _read(payload: bytes) -> Heard:
    header: Any = parse_header(payload)
    return Heard(header.message_id, bytes(payload[header.body_at :]), header.serial, bytes(header.phone))
