"""Which edition a terminal speaks, as far as a body tells: the header shows 2019, but 2011 and 2013 differ
only in the layouts of 0x0100, 0x0702, 0x0801 and 0x0802. To be decided once per terminal and remembered.
"""

from __future__ import annotations

from protocols.wire.errors import RemoteProtocolError
from protocols.wire.header import EDITION_2011, EDITION_2013, EDITION_2019
from protocols.wire.tables import MSG_TERMINAL_REGISTRATION

from . import fast
from .definitions import driver
from .definitions.access import PLATE_COLOURS
from .nodes import CHARSET

_DRIVER_IDENTITY = next(message.id for message in driver.MESSAGES if message.name == "DriverIdentity")


def edition_of_registration(body: bytes, header_edition: int = EDITION_2013) -> int:
    """The edition (2011, 2013, 2019) of a 0x0100 body that came behind a header of that layout.

    Of 2013 and 2011 the first is taken whose plate colour is a legal code with a readable plate behind it:
    a length alone misleads, a 2011 terminal with a 17-byte VIN is longer than a short 2013 one. When
    neither fits the length decides.
    """
    if header_edition == EDITION_2019:
        return EDITION_2019
    for edition in (EDITION_2013, EDITION_2011):
        if _plausible(edition, body):
            return edition
    return EDITION_2013 if _fits(EDITION_2013, body) else EDITION_2011


def edition_of_body(message_id: int, body: bytes, header_edition: int = EDITION_2013) -> int:
    """The edition that a single body should be read by when nothing is known of its terminal.

    A 0x0702 of 2013 begins with 1 or 2, where 2011 has the length of a name. Otherwise 2011 is taken for what
    fits its layout and not that of 2013.
    """
    if message_id == MSG_TERMINAL_REGISTRATION:
        return edition_of_registration(body, header_edition)
    if header_edition == EDITION_2019 or not fast.knows(message_id, EDITION_2011):
        return header_edition
    if message_id == _DRIVER_IDENTITY and body and body[0] not in driver.CARD_STATES:
        return EDITION_2011 if _fits(EDITION_2011, body, message_id) else EDITION_2013
    if fast.knows(message_id, EDITION_2013) and not _fits(EDITION_2013, body, message_id):
        return EDITION_2011 if _fits(EDITION_2011, body, message_id) else EDITION_2013
    return EDITION_2013


def _fits(edition: int, body: bytes, message_id: int = MSG_TERMINAL_REGISTRATION) -> bool:
    try:
        fast.decode_body(message_id, edition, body)
    except RemoteProtocolError:
        return False
    return True


def _plausible(edition: int, body: bytes) -> bool:
    if not _fits(edition, body):
        return False
    values = fast.decode_body(MSG_TERMINAL_REGISTRATION, edition, body)
    return values["plate_colour"] in PLATE_COLOURS and _readable(values["plate"])


def _readable(plate: bytes) -> bool:
    try:
        return plate.rstrip(b"\x00").decode(CHARSET).isprintable()
    except UnicodeDecodeError:
        return False
