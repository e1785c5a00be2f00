"""Getting in and out: registration, authentication, de-registration, heartbeat, the server's time.

The code of a terminal opens its session and nothing else does. What it registered as, and by which profile
it is treated, is looked up here once.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from sys import intern
from typing import TYPE_CHECKING, Final

from protocols.jt808 import fast
from protocols.wire.bcd import identity_of
from protocols.wire.header import EDITION_2013, EDITION_2019, Header
from protocols.wire.tables import MSG_TERMINAL_AUTHENTICATION, RESULT_FAILED, RESULT_OK

from . import table
from .events import Authenticated, Deregister, Left, Register
from .ids import MSG_SERVER_TIME
from .packages import Received
from .registration import read_registration

if TYPE_CHECKING:
    from .core import Session

_BEIJING: Final = timedelta(hours=8)


def heartbeat(session: Session, received: Received) -> None:
    """0x0002."""
    session.answer(received.header, RESULT_OK)


def server_time(session: Session, received: Received) -> None:
    """0x0004: the wall clock as 0x8004; in UTC, or as other servers say it (confidence C) in Beijing time."""
    now = datetime.fromtimestamp(session.house.utc_s(), UTC)
    if session.house.server_time == "beijing":
        now += _BEIJING
    values = {"server_time_bcd": bytes.fromhex(now.strftime("%y%m%d%H%M%S"))}
    session.say(received.header, MSG_SERVER_TIME, EDITION_2019, values)


def registration(session: Session, received: Received) -> None:
    """0x0100: the registry decides, and is answered for after its commit."""
    header = received.header
    asked = (header.phone, header.serial)
    if session.registering == asked:  # resent while the first copy waits for its commit
        return
    identity = intern(identity_of(header.phone.hex()))  # registry, journal and session keep one text
    known = session.house.profile_of(identity, None)
    edition, device = read_registration(header, received.body, known.edition if known else None)
    session.registrations += 1
    if session.registrations > session.limits.registrations:
        session.close("too many registrations on one connection")
        return
    session.go(table.REGISTRATION_ASKED)
    session.registering = asked
    profile = session.house.profile_of(identity, device)
    if profile is not None and profile.edition is not None:
        edition = profile.edition
    session.emit(Register(identity, edition, device, partial(_registered, session, header)))


def _registered(session: Session, header: Header, result: int | None, code: bytes) -> None:
    session.registering = None
    session.go(table.REGISTRATION_ANSWERED)
    if result is None:
        session.answer(header, RESULT_FAILED)  # 0x8100 has no result for "try again"
        return
    session.counters["registered" if result == RESULT_OK else "refused_registration"] += 1
    session.out += session.speaker.registration(header, result, code)


def authentication(session: Session, received: Received) -> None:
    """0x0102: the connection is the terminal's, or nobody's any longer."""
    header = received.header
    identity = intern(identity_of(header.phone.hex()))  # registry, journal and session keep one text
    profile = session.house.profile_of(identity, None)
    forced = profile.edition if profile else None
    layout_2019 = (forced or header.edition) == EDITION_2019
    code = _code_of(received.body, layout_2019)
    edition = session.door.authenticate(identity, code, layout_2019)
    if edition is None:
        leave(session)
        session.go(table.CODE_REFUSED)
        session.refuse(header, RESULT_FAILED, "wrong_code")
        return
    if session.identity is None:  # what came before may have been another's
        session.forget_terminal()
    session.go(table.CODE_ACCEPTED)
    session.strikes = 0
    session.profile = profile
    session.intake.adopt(header, forced or edition)
    session.count_from(header.serial)
    session.counters["authenticated"] += 1
    session.emit(Authenticated(identity, forced or edition))
    session.answer(header, RESULT_OK)


def _code_of(body: bytes, layout_2019: bool) -> bytes:
    edition = EDITION_2019 if layout_2019 else EDITION_2013
    values = fast.decode_body(MSG_TERMINAL_AUTHENTICATION, edition, body)
    return bytes(values["auth_code"]).rstrip(b"\x00")  # 2011 ends its strings with a zero byte


def deregistration(session: Session, received: Received) -> None:
    """0x0003: the codes are revoked, and it is answered after the commit."""
    identity = session.identity
    assert identity is not None, "only an authenticated terminal gets here"
    session.go(table.DEREGISTRATION_ASKED)
    leave(session)
    session.emit(Deregister(identity, partial(_deregistered, session, received.header)))


def _deregistered(session: Session, header: Header, written: bool) -> None:
    session.go(table.DEREGISTRATION_ANSWERED)
    session.answer(header, RESULT_OK if written else RESULT_FAILED)


def leave(session: Session) -> None:
    """Nobody is authenticated any longer; who was has the time of a stranger to come back."""
    if session.identity is not None:
        session.emit(Left(session.identity))
        session.forget_terminal()
    session.intake.forget()
