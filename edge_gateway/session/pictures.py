"""0x0801: pictures, sound and films on their way to the media store; 0x8800 once they are on the disk."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from protocols.jt808 import fast
from protocols.wire.header import EDITION_2011, Header
from protocols.wire.tables import RESULT_FAILED, RESULT_UNSUPPORTED

from .events import StoreMedia
from .ids import MSG_MEDIA_DATA, MSG_MEDIA_DATA_RESPONSE
from .packages import Received, first_serial_of
from .refusal import Refusal
from .uplink import learn, readable_edition

if TYPE_CHECKING:
    from .core import Session

PICTURES_MAX: Final = 8  # numbers remembered of one terminal's latest pictures


class Pictures(NamedTuple):
    """first serial → number: of pictures that began to come, and of those that are on the disk."""

    begun: dict[int, int]
    stored: dict[int, int]


def _remember(numbers: dict[int, int], first_serial: int, media_id: int) -> None:
    numbers.pop(first_serial, None)
    numbers[first_serial] = media_id
    while len(numbers) > PICTURES_MAX:
        del numbers[next(iter(numbers))]


def note_package(session: Session, header: Header, body: bytes) -> None:
    """Package 1 tells the number by which the others are asked for."""
    if header.number == 1 and len(body) >= 4:
        media_id = int.from_bytes(body[:4], "big")
        _remember(session.latest_pictures().begun, first_serial_of(header), media_id)


def data(session: Session, received: Received) -> None:
    """A whole 0x0801, or a package of one that was whole before. Raises Refusal, RemoteProtocolError."""
    if not session.house.media:
        raise Refusal(RESULT_UNSUPPORTED, "media")
    if received.again:
        # Not told yet whether it is on the disk: then the answer that is under way will do.
        media_id = session.latest_pictures().stored.get(received.first_serial)
        if media_id is not None:
            _answer(session, received.header, media_id)
        return
    edition = readable_edition(MSG_MEDIA_DATA, session.edition, received.body)
    learn(session, received, edition)
    values = fast.decode_body(MSG_MEDIA_DATA, edition, received.body)
    assert session.identity is not None, "only an authenticated terminal gets here"
    session.latest_pictures().stored.pop(received.first_serial, None)
    session.emit(
        StoreMedia(
            session.identity,
            edition,
            values["media_id"],
            values["type"],
            values["format"],
            values["event"],
            values["channel"],
            _position_of(values.get("position"), received.body),
            values["data"],
            partial(_stored, session, received, values["media_id"]),
        )
    )


def _position_of(position: object, body: bytes) -> bytes:
    """The 28 bytes before the data, as they came; b"" where the edition has none."""
    return body[8:36] if position is not None else b""


def _stored(session: Session, received: Received, media_id: int, stored: bool) -> None:
    """The store's answer: 0x8800 says that all came; there is none that says that the disk refused."""
    if session.identity is None:
        return
    if stored:
        session.counters["pictures_stored"] += 1
        _remember(session.latest_pictures().stored, received.first_serial, media_id)
        _answer(session, received.header, media_id)
        return
    session.counters["refused_picture_not_stored"] += 1
    session.forget_packages()  # so that it can be sent again
    session.out += session.speaker.generals(received.header, RESULT_FAILED, received.serials)


def _answer(session: Session, header: Header, media_id: int) -> None:
    values: dict[str, object] = {"media_id": media_id}
    if session.edition == EDITION_2011:  # is said to have the count always (confidence C)
        values["missing"] = {"count": 0, "numbers": []}
    session.say(header, MSG_MEDIA_DATA_RESPONSE, session.edition, values)
