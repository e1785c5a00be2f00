"""Which edition a terminal speaks, as far as a body tells: the header shows 2019, but 2011 and 2013 differ
only in the layouts of 0x0100, 0x0702, 0x0801 and 0x0802. To be decided once per terminal and remembered.
"""

from __future__ import annotations

from typing import Any

from protocols.wire.errors import RemoteProtocolError
from protocols.wire.header import EDITION_2011, EDITION_2013, EDITION_2019
from protocols.wire.tables import MSG_POSITION_REPORT, MSG_TERMINAL_REGISTRATION

from . import fast
from .catalog import lookup
from .definitions import driver
from .definitions.access import PLATE_COLOURS
from .definitions.items import STANDARD_ITEMS
from .nodes import CHARSET

_DRIVER_IDENTITY = next(message.id for message in driver.MESSAGES if message.name == "DriverIdentity")
_ITEMS_SINCE_2013 = frozenset(item.id for item in STANDARD_ITEMS.items if item.since == EDITION_2013)


def edition_of_registration(body: bytes, header_edition: int = EDITION_2013) -> int:
    """The edition (2011, 2013, 2019) of a 0x0100 body that came behind a header of that layout.

    Of 2013 and 2011 the first is taken whose plate colour is a legal code with a readable plate behind it:
    a length alone misleads, a 2011 terminal with a 17-byte VIN is longer than a short 2013 one. A colour
    with nothing behind it counts less: it may be the zero that ends a plate of 2011. When neither fits the
    length decides.
    """
    if header_edition == EDITION_2019:
        return EDITION_2019
    for empty in (False, True):
        for edition in (EDITION_2013, EDITION_2011):
            if _plausible(edition, body, empty):
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


def edition_evidence(message_id: int, body: bytes, header_edition: int = EDITION_2013) -> int | None:
    """The edition that one message of a terminal proves or makes likely, None when it says nothing.

    For terminals whose registration was not seen: remember what comes, let nothing overwrite it. A header of
    2019 is proof. Of 2011 and 2013 tell: the registration; a message or an additional item that 2011 does not
    have; a body that fits the layout of one of them alone; the first byte of 0x0702.
    """
    if header_edition == EDITION_2019:
        return EDITION_2019
    entry = lookup(message_id)
    if entry is None or EDITION_2013 not in entry.bodies or not _fits(EDITION_2013, body, message_id):
        fits_2011 = fast.knows(message_id, EDITION_2011) and _fits(EDITION_2011, body, message_id)
        return EDITION_2011 if fits_2011 else None
    if EDITION_2011 not in entry.bodies:
        return EDITION_2013
    if message_id in (MSG_TERMINAL_REGISTRATION, _DRIVER_IDENTITY):
        return edition_of_body(message_id, body)
    if message_id == MSG_POSITION_REPORT:
        items = fast.decode_body(message_id, EDITION_2013, body)["items"]
        return EDITION_2013 if any(map(_is_of_2013, items)) else None
    return None if _fits(EDITION_2011, body, message_id) else EDITION_2013


def _is_of_2013(item: dict[str, Any]) -> bool:
    """An item that 2013 brought, in its standard length: vendors use the ids for other things."""
    return item["id"] in _ITEMS_SINCE_2013 and not isinstance(item["value"], bytes)


def _fits(edition: int, body: bytes, message_id: int = MSG_TERMINAL_REGISTRATION) -> bool:
    try:
        fast.decode_body(message_id, edition, body)
    except RemoteProtocolError:
        return False
    return True


def _plausible(edition: int, body: bytes, empty: bool) -> bool:
    """Whether the body has a legal colour and a readable plate; with `empty`, one that is not there."""
    if not _fits(edition, body):
        return False
    values = fast.decode_body(MSG_TERMINAL_REGISTRATION, edition, body)
    plate = values["plate"].rstrip(b"\x00")
    return values["plate_colour"] in PLATE_COLOURS and bool(plate) != empty and _readable(plate)


def _readable(plate: bytes) -> bool:
    try:
        return plate.decode(CHARSET).isprintable()
    except UnicodeDecodeError:
        return False
