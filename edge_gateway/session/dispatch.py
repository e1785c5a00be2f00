"""From what stood between two delimiters to the handler of its message: opened, checked, plain and whole.

Decides who may speak; what a message does is decided by its handler. Every refusal becomes an answer here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from protocols.wire.bcd import is_bcd
from protocols.wire.errors import RemoteProtocolError
from protocols.wire.header import Header, parse_header
from protocols.wire.tables import RESULT_BAD_MESSAGE, RESULT_FAILED, RESULT_OK, RESULT_UNSUPPORTED

from . import ciphers, leniency, pictures, table
from .handlers import BEFORE_AUTHENTICATION, CONTROL, HANDLERS
from .ids import MSG_MEDIA_DATA, UNANSWERED, is_downlink
from .intake import TooLong
from .packages import NoRoom, Packages, Received, Repeated
from .refusal import Refusal

if TYPE_CHECKING:
    from .core import Session


def take(session: Session, candidate: bytes, now_ms: int) -> None:
    """One candidate, escaped, as it stood between delimiters. Raises nothing that the peer could cause."""
    payload = session.splitter.open(candidate)
    if payload is None:
        payload = leniency.forgiven(session, candidate)
        _count_rejections(session, 0 if payload is None else 1)
        if payload is None:
            return
    try:
        header = parse_header(payload)
    except RemoteProtocolError:
        session.counters["rejected_length"] += 1
        return
    session.heard_ms = now_ms  # by a frame: noise keeps nobody alive
    known = header.message_id in HANDLERS
    session.counters[f"frames_{header.message_id:04x}" if known else "frames_unsupported"] += 1
    if is_downlink(header.message_id):
        return
    if not is_bcd(header.phone):  # an identity must be digits: it names the terminal everywhere
        session.refuse(header, RESULT_BAD_MESSAGE, "phone_not_digits")
    elif session.state == table.ONLINE:
        if session.intake.speaks_for(header, session.profile.edition if session.profile else None):
            session.counters[session.intake.edition_key] += 1
            session.saw(header.serial)
            _guarded(session, header, payload, now_ms)
        else:
            session.refuse(header, RESULT_FAILED, "foreign_phone")
    elif header.message_id in BEFORE_AUTHENTICATION:
        _guarded(session, header, payload, now_ms)
    else:
        session.refuse(header, RESULT_FAILED, "unauthenticated")


def _guarded(session: Session, header: Header, payload: bytes, now_ms: int) -> None:
    """Runs the handler; its complaint about the bytes becomes the answer."""
    handler = HANDLERS.get(header.message_id)
    received: Received | None = None
    try:
        if handler is None or (header.subpackaged and header.message_id in CONTROL):
            raise Refusal(RESULT_UNSUPPORTED, "unsupported")
        received = _whole(session, header, payload[header.body_at :], now_ms)
        if received is not None:
            handler(session, received)
    except RemoteProtocolError:
        session.refuse(header, RESULT_BAD_MESSAGE, "bad_body", received)
    except TooLong:
        session.refuse(header, RESULT_UNSUPPORTED, "too_long", received)
    except NoRoom:
        session.refuse(header, RESULT_FAILED, "no_room")
    except Refusal as refusal:
        session.refuse(header, refusal.result, refusal.cause, received)


def _whole(session: Session, header: Header, body: bytes, now_ms: int) -> Received | None:
    """The message in the clear, once all of its packages are here. Raises what `_guarded` answers."""
    if header.encryption:
        body = ciphers.plain_body(session, header, body)
    if not header.subpackaged:
        return Received(header, body, header.serial, (header.serial,))
    if header.message_id == MSG_MEDIA_DATA:
        pictures.note_package(session, header, body)
    if session.packages is None:
        session.packages = Packages(session.limits.packages, session.house.budget, session.counters)
    try:
        return session.packages.take(header, body, now_ms)
    except RemoteProtocolError as error:
        if error.field:
            raise
        raise TooLong from error  # beyond what one terminal's unfinished messages may take
    except Repeated:
        if session.limits.packages.answers == "each" and header.message_id not in UNANSWERED:
            session.counters["packages_answered_early"] += 1
            session.answer(header, RESULT_OK)
        return None


def _count_rejections(session: Session, forgiven: int) -> None:
    for error, _ in session.splitter.rejections():
        cause = {"check": "check", "body_length": "length"}.get(error.field, "framing")
        session.counters["forgiven_" + cause if forgiven else "rejected_" + cause] += 1
