"""Messages of the platform's own accord: split when they are long, kept a while to be sent again by package.

Who waits for their answers, and when they are repeated, is decided outside: a serial is all that is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from protocols.jt808 import fast
from protocols.jt808.body_encryption import BLOCK_BYTES, PKCS1V15_OVERHEAD_BYTES, RSA, BodyCipher
from protocols.wire.errors import LocalProtocolError, RemoteProtocolError
from protocols.wire.framing import build_frame
from protocols.wire.header import BODY_LENGTH_MAX, EDITION_2013, EDITION_2019, build_header
from protocols.wire.reassembly import Missing, split_frames

from . import ciphers
from .ids import (
    MSG_MEDIA_DATA,
    MSG_MEDIA_DATA_RESPONSE,
    MSG_MISSING_PACKAGES,
    MSG_TERMINAL_MISSING_PACKAGES,
    is_downlink,
)
from .packages import Received

if TYPE_CHECKING:
    from .core import Session

_SERIALS = 0x10000
_PACKAGES_MAX = 0xFFFF


def send(session: Session, message_id: int, body: bytes, again: int | None = None) -> list[int]:
    """The serials of the frames that were written for it, one or as many as packages.

    again: the first serial of an earlier sending of the same. A retransmission keeps its serials
    (JT/T 808-2013 §7.1) and uses none up.
    """
    origin = session.intake.origin
    if origin is None:
        raise LocalProtocolError("nobody is authenticated here", message_id)
    if not is_downlink(message_id):
        raise LocalProtocolError("not a message of a platform", message_id)
    following = session.speaker.serial
    first = session.speaker.serial = following if again is None else again
    cipher = ciphers.encrypting(session) if body else None
    if cipher is None:
        frames = list(split_frames(message_id, body, session.intake.phone, first, origin.version))
    else:
        frames = _encrypted_frames(session, message_id, body, cipher)
    session.speaker.serial = (first + len(frames)) % _SERIALS if again is None else following
    session.out += b"".join(frames)
    if len(frames) > 1:
        session.sent_buffer().remember(first, frames)
    session.counters["sent"] += len(frames)
    return [(first + index) % _SERIALS for index in range(len(frames))]


def _encrypted_frames(session: Session, message_id: int, body: bytes, cipher: BodyCipher) -> list[bytes]:
    """Each package is encrypted by itself, as each has its own flag."""
    origin, serial = session.intake.origin, session.speaker.serial
    assert origin is not None, "only to an authenticated terminal"
    padding = 0 if cipher.padding == "none" else PKCS1V15_OVERHEAD_BYTES
    size = BODY_LENGTH_MAX // BLOCK_BYTES * (BLOCK_BYTES - padding)
    pieces = [cipher.encrypt(body[at : at + size]) for at in range(0, len(body), size)]
    total = len(pieces) if len(pieces) > 1 else 0
    if total > _PACKAGES_MAX:
        raise LocalProtocolError(f"{total} packages", message_id, "total")
    frames = []
    for index, piece in enumerate(pieces):
        own, number = (serial + index) % _SERIALS, index + 1 if total else 0
        header = build_header(
            message_id, len(piece), session.intake.phone, own, origin.version, total, number, RSA
        )
        frames.append(build_frame(header + piece))
    return frames


def missing_request(session: Session, received: Received) -> None:
    """0x0005: the packages that it names, byte for byte as they were sent. There is no other answer."""
    values = _missing_values(received.body)
    frames = session.sent_buffer().serve(values["first_serial"], values["numbers"])
    session.counters["packages_sent_again" if frames else "packages_not_kept"] += len(frames) or 1
    session.out += b"".join(frames)


def _missing_values(body: bytes) -> dict[str, Any]:
    """The count is a WORD; what does not fit may have the BYTE of 2013, as implementations disagree."""
    try:
        return fast.decode_body(MSG_TERMINAL_MISSING_PACKAGES, EDITION_2019, body)
    except RemoteProtocolError as refusal:
        try:
            return fast.decode_body(MSG_MISSING_PACKAGES, EDITION_2013, body)
        except RemoteProtocolError:
            raise refusal from None


def ask_for(session: Session, missing: Missing) -> None:
    """Names missing packages: of a picture by 0x8800, of anything else by 0x8003, which 2011 does not have.

    A picture whose package 1 is missing has no number yet: that package is asked for by its serial.
    """
    origin = session.intake.origin
    if origin is None:
        return
    values: dict[str, Any] = {"first_serial": missing.first_serial}
    message_id = MSG_MISSING_PACKAGES
    media_id = session.latest_pictures().begun.get(missing.first_serial)
    if missing.message_id == MSG_MEDIA_DATA and media_id is not None:
        message_id = MSG_MEDIA_DATA_RESPONSE
        values = {"media_id": media_id}
    if not fast.knows(message_id, origin.edition) or not session.expects_answer(message_id):
        return
    numbers = {"count": len(missing.numbers), "numbers": missing.numbers}
    values |= {"missing": numbers} if message_id == MSG_MEDIA_DATA_RESPONSE else numbers
    session.counters["packages_asked_for"] += len(missing.numbers)
    session.say_unasked(message_id, values)
