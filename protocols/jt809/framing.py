"""Frames of JT/T 809: `5B | header | body | CRC | 5D`, escaped between. Knows no message.

The CRC (CCITT, from FFFF) is over header and body before escaping.
"""

from __future__ import annotations

import binascii

from protocols.wire.errors import RemoteProtocolError

BEGIN = b"\x5b"
END = b"\x5d"
CRC_BYTES = 2
CRC_START = 0xFFFF
FRAME_MAX = 64 * 1024  # ours: the standard has none; as escaped, between the flags

_ESCAPES = {b"\x5b": b"\x5a\x01", b"\x5a": b"\x5a\x02", b"\x5d": b"\x5e\x01", b"\x5e": b"\x5e\x02"}
_PLAIN = {pair: byte for byte, pair in _ESCAPES.items()}


def escape(data: bytes) -> bytes:
    """`5B` → `5A 01`, `5A` → `5A 02`, `5D` → `5E 01`, `5E` → `5E 02`."""
    for byte in (b"\x5a", b"\x5e", b"\x5b", b"\x5d"):  # those that pairs are made of come first
        data = data.replace(byte, _ESCAPES[byte])
    return data


def unescape(data: bytes) -> bytes:
    """The inverse of `escape`. Raises RemoteProtocolError at a pair that is none, and at a bare flag."""
    out = bytearray()
    at = 0
    while at < len(data):
        byte = data[at : at + 1]
        if byte in _ESCAPES:
            pair = data[at : at + 2]
            if pair not in _PLAIN:
                raise RemoteProtocolError("illegal escape", offset=at)
            out += _PLAIN[pair]
            at += 2
        else:
            out += byte
            at += 1
    return bytes(out)


def crc_of(data: bytes) -> int:
    """CRC-16/CCITT: polynomial 1021, start FFFF."""
    return binascii.crc_hqx(data, CRC_START)


def build_frame(payload: bytes) -> bytes:
    """The bytes to send for a payload (header + body)."""
    return BEGIN + escape(payload + crc_of(payload).to_bytes(CRC_BYTES, "big")) + END


def open_frame(escaped: bytes) -> bytes:
    """The payload of what stood between the flags. Raises RemoteProtocolError: escape, size, CRC."""
    data = unescape(escaped)
    if len(data) <= CRC_BYTES:
        raise RemoteProtocolError(f"too short: {len(data)} bytes between flags", offset=len(data))
    payload, crc = data[:-CRC_BYTES], int.from_bytes(data[-CRC_BYTES:], "big")
    if crc_of(payload) != crc:
        raise RemoteProtocolError(f"wrong CRC 0x{crc:04X}", field="crc", offset=len(payload))
    return payload


class FrameSplitter:
    """Finds frames in a stream that may be cut anywhere and carry dirt. Holds FRAME_MAX bytes at most."""

    def __init__(self) -> None:
        self.frames = 0
        self.rejected = 0
        self.garbage_bytes = 0
        self._held = bytearray()  # what follows an opening flag
        self._inside = False

    def receive(self, data: bytes) -> list[bytes]:
        """Takes the next bytes, gives the payloads (header + body) that they complete. Raises nothing."""
        found: list[bytes] = []
        for number, part in enumerate(data.split(BEGIN)):
            if number:
                self._reject_if(self._inside)  # a frame began within a frame
                self._held.clear()
                self._inside = True
            self._take(part, found)
        return found

    def _take(self, part: bytes, found: list[bytes]) -> None:
        body, end, behind = part.partition(END)
        if not self._inside:
            self.garbage_bytes += len(part)
            return
        self._held += body
        if len(self._held) > FRAME_MAX:
            self._reject_if(True)
            self._inside = False
        elif end:
            self._inside = False
            self.garbage_bytes += len(behind)
            self._open(bytes(self._held), found)
        if not self._inside:
            self._held.clear()

    def _open(self, escaped: bytes, found: list[bytes]) -> None:
        try:
            found.append(open_frame(escaped))
            self.frames += 1
        except RemoteProtocolError:
            self.rejected += 1

    def _reject_if(self, broken: bool) -> None:
        self.rejected += broken
