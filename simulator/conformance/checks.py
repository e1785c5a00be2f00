"""The questions. Each gets a connection that is authenticated, or new where it says so, and raises Failed
with what came instead.

`unverified:` where the text of JT/T 808 does not say it, or leaves it to the platform.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, NamedTuple

from protocols.freight.values import time_text
from protocols.wire import tables

from .peer import Heard, Peer

OK: Final = tables.RESULT_OK
UNKNOWN_ID: Final = 0x0FFF  # of no edition
_HEARTBEAT: Final = tables.MSG_TERMINAL_HEARTBEAT
_POSITION: Final = tables.MSG_POSITION_REPORT
_BATCH: Final = tables.MSG_POSITION_BATCH_UPLOAD


class Failed(AssertionError):
    """The platform answered otherwise; the text says how."""


class Check(NamedTuple):
    """name: for people. new: it wants a connection that nobody has authenticated."""

    name: str
    ask: Callable[[Peer], None]
    new: bool = False


def position(seconds_ago: int = 0, latitude: int = 24_880_000) -> bytes:
    """The basic block of 0x0200."""
    place = (0, 0b11, latitude, 102_800_000)
    when = bytes.fromhex(time_text(int(time.time()) - seconds_ago)[2:])
    return b"".join(number.to_bytes(4, "big") for number in place) + bytes(6) + when


def _answered(heard: Heard | None, peer: Peer, serial: int, message_id: int, *results: int) -> None:
    """A general response to that message with one of these results (0 when none is given), to our phone."""
    if heard is None:
        raise Failed("the platform closed" if peer.closed else "no answer")
    if heard.id != tables.MSG_PLATFORM_GENERAL_RESPONSE:
        raise Failed(f"{heard.id:#06x} came instead of 0x8001")
    if heard.reply[:2] != (serial, message_id):
        raise Failed(
            f"it answers serial {heard.reply[0]} of {heard.reply[1]:#06x}, not {serial} of {message_id:#06x}"
        )
    if heard.reply[2] not in (results or (OK,)):
        raise Failed(f"result {heard.reply[2]}, expected {' or '.join(map(str, results or (OK,)))}")
    if heard.phone != peer.phone:
        raise Failed("the phone number in the header is not the one that was sent")


def _asked(peer: Peer, message_id: int, body: bytes, *results: int) -> None:
    serial = peer.serial
    _answered(peer.ask(message_id, body), peer, serial, message_id, *results)


def _heartbeat(peer: Peer) -> None:
    _asked(peer, _HEARTBEAT, b"")


def _reported(peer: Peer) -> None:
    _asked(peer, _POSITION, position())


def _reported_with_more(peer: Peer) -> None:
    """Additional information: mileage, and an id of nobody, which must not disturb."""
    _asked(peer, _POSITION, position(1) + bytes.fromhex("01040000000a") + bytes.fromhex("f7021234"))


def _repeated(peer: Peer) -> None:
    """The answer was lost: the same message comes again, with the same serial."""
    serial, frame = peer.serial, peer.frame(_POSITION, position(2))
    for _ in range(2):
        peer.send(frame)
        _answered(peer.hear(), peer, serial, _POSITION)


def _stored(peer: Peer) -> None:
    reports = [position(seconds) for seconds in (60, 50, 40)]
    items = b"".join(len(each).to_bytes(2, "big") + each for each in reports)
    _asked(peer, _BATCH, len(reports).to_bytes(2, "big") + b"\1" + items)


def _unknown(peer: Peer) -> None:
    _asked(peer, UNKNOWN_ID, b"\1\2", tables.RESULT_UNSUPPORTED)


def _short(peer: Peer) -> None:
    """A position too short to be one is refused, and the connection lives on. unverified: 1 or 2."""
    _asked(peer, _POSITION, position()[:12], tables.RESULT_FAILED, tables.RESULT_BAD_MESSAGE)
    _heartbeat(peer)


def _escaped(peer: Peer) -> None:
    """0x7E and 0x7D within a body."""
    _asked(peer, _POSITION, position(3, latitude=0x017E7D7E))


def _byte_by_byte(peer: Peer) -> None:
    serial, frame = peer.serial, peer.frame(_HEARTBEAT)
    for at in range(len(frame)):
        peer.send(frame[at : at + 1])
    _answered(peer.hear(), peer, serial, _HEARTBEAT)


def _many_at_once(peer: Peer) -> None:
    serials = [(peer.serial + number) & 0xFFFF for number in range(20)]
    peer.send(b"".join(peer.frame(_POSITION, position(number + 4)) for number in range(20)))
    for serial in serials:
        _answered(peer.hear(), peer, serial, _POSITION)


def _bad_checksum(peer: Peer) -> None:
    """A damaged frame has no answer (its serial is not to be believed), and costs nobody else anything."""
    frame = bytearray(peer.frame(_HEARTBEAT))
    frame[5] ^= 0x01
    peer.send(bytes(frame))
    _heartbeat(peer)


def _noise(peer: Peer) -> None:
    peer.send(b"GET / HTTP/1.1\r\n\r\n\x7e\x7e\x7e")
    _heartbeat(peer)


def _packages(peer: Peer) -> None:
    """A message in two pieces, the second first; one answer for all of it, or one for each."""
    report = position(30)
    body = b"\0\1\1" + len(report).to_bytes(2, "big") + report
    first = peer.serial
    pieces = [
        peer.frame(_BATCH, part, total=2, number=number) for number, part in ((1, body[:9]), (2, body[9:]))
    ]
    peer.send(pieces[1] + pieces[0])
    while (heard := peer.hear()) and heard.reply[0] != first:
        _answered(heard, peer, (first + 1) & 0xFFFF, _BATCH)
    _answered(heard, peer, first, _BATCH)


def _before_authentication(peer: Peer) -> None:
    """A stranger's position is not taken: refused, or the connection closed. unverified: which."""
    serial = peer.serial
    heard = peer.ask(_POSITION, position())
    if heard is not None:
        _answered(heard, peer, serial, _POSITION, tables.RESULT_FAILED, tables.RESULT_BAD_MESSAGE)


def _wrong_code(peer: Peer) -> None:
    serial = peer.serial
    heard = peer.ask(tables.MSG_TERMINAL_AUTHENTICATION, peer.authentication(b"not the code"))
    if heard is not None:
        _answered(heard, peer, serial, tables.MSG_TERMINAL_AUTHENTICATION, tables.RESULT_FAILED)


CHECKS: Final = (
    Check("a position before authentication is not taken", _before_authentication, new=True),
    Check("a wrong authentication code is refused", _wrong_code, new=True),
    Check("a heartbeat is answered", _heartbeat),
    Check("a position is answered by its serial and id", _reported),
    Check("additional information, known and unknown", _reported_with_more),
    Check("the same message again is answered again", _repeated),
    Check("stored positions (0x0704) are answered", _stored),
    Check("bytes that need escaping", _escaped),
    Check("a message byte by byte", _byte_by_byte),
    Check("twenty messages in one write, each answered", _many_at_once),
    Check("a message in two packages, out of order", _packages),
    Check("an unknown message is answered with 3", _unknown),
    Check("a body that is too short is refused", _short),
    Check("a damaged frame is passed over", _bad_checksum),
    Check("noise between frames is passed over", _noise),
)
