"""What a terminal says of itself: positions, answers to commands, and every other message of the catalog.

All of it goes to the journal and is answered after the commit. Bodies are checked here, and read elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from protocols.jt808 import fast
from protocols.jt808.catalog import MESSAGES
from protocols.jt808.definitions.driver import CARD_STATES
from protocols.wire.errors import RemoteProtocolError
from protocols.wire.header import EDITION_2011, EDITION_2013, EDITION_2019
from protocols.wire.tables import MSG_TERMINAL_GENERAL_RESPONSE

from .events import Answered, EditionSeen, Uplink
from .ids import COMMAND_ANSWERS, MSG_DRIVER_IDENTITY, MSG_GENERAL_RESPONSE, WITH_REPLY_SERIAL
from .packages import Received

if TYPE_CHECKING:
    from .core import Session

_OLDER = {EDITION_2011: EDITION_2013, EDITION_2013: EDITION_2011}


def position(session: Session, received: Received) -> None:
    """0x0200, when it is not plain enough for the fast lane."""
    session.intake.position(received)


def batch(session: Session, received: Received) -> None:
    """0x0704."""
    session.intake.batch(received)


def query_response(session: Session, received: Received) -> None:
    """0x0201: a position, and the answer to a command."""
    session.intake.query_response(received)
    _tell(session, received, session.edition)


def general_response(session: Session, received: Received) -> None:
    """0x0001: what became of a message of ours."""
    values = fast.decode_body(MSG_TERMINAL_GENERAL_RESPONSE, EDITION_2013, received.body)
    session.emit(Answered(values["reply_id"], values["reply_serial"], values["result"]))


def message(session: Session, received: Received) -> None:
    """Any other message. Raises RemoteProtocolError when no edition's declaration fits its body."""
    message_id = received.header.message_id
    edition = readable_edition(message_id, session.edition, received.body)
    learn(session, received, edition)
    session.intake.message(received, MESSAGES[message_id].answered_by == MSG_GENERAL_RESPONSE)
    if message_id in COMMAND_ANSWERS and not received.again:
        _tell(session, received, edition)


def readable_edition(message_id: int, edition: int, body: bytes) -> int:
    """The edition by which the body can be read: the terminal's own, else the nearest that fits.

    A terminal may send what its edition does not have, or be known by the wrong one of 2011 and 2013.
    """
    first = edition
    if message_id == MSG_DRIVER_IDENTITY and edition != EDITION_2019 and body:
        # 2013 begins with 1 or 2, 2011 with the length of a name; no name has so few bytes.
        first = EDITION_2013 if body[0] in CARD_STATES else EDITION_2011
    others = sorted(MESSAGES[message_id].editions, key=lambda each: (abs(each - edition), each))
    refused: RemoteProtocolError | None = None
    for candidate in dict.fromkeys([first, *others]):
        if not fast.knows(message_id, candidate):
            continue
        try:
            fast.decode_body(message_id, candidate, body)
        except RemoteProtocolError as error:
            refused = refused or error
        else:
            return candidate
    assert refused is not None, "a message of the catalog is declared in some edition"
    raise refused


def learn(session: Session, received: Received, edition: int) -> None:
    """Remembers that a terminal thought to speak 2013 speaks 2011, or the other way round.

    Only where both editions declare the message: one that its own does not have says nothing of the others.
    """
    own = session.edition
    if edition == own or _OLDER.get(own) != edition or (session.profile and session.profile.edition):
        return
    if fast.knows(received.header.message_id, own):
        session.intake.adopt(received.header, edition)
        session.counters["editions_corrected"] += 1
        assert session.identity is not None, "only an authenticated terminal gets here"
        session.emit(EditionSeen(session.identity, edition))


def _tell(session: Session, received: Received, edition: int) -> None:
    message_id, body = received.header.message_id, received.body
    reply_serial = int.from_bytes(body[:2], "big") if message_id in WITH_REPLY_SERIAL else None
    session.emit(Uplink(message_id, reply_serial, body, edition))
