"""Which edition a terminal speaks, as far as its registration tells: the header shows 2019, but 2011 and 2013
differ only in the width of fields of 0x0100. To be decided once per terminal and remembered.
"""

from __future__ import annotations

from protocols.wire.errors import RemoteProtocolError
from protocols.wire.header import EDITION_2011, EDITION_2013, EDITION_2019
from protocols.wire.tables import MSG_TERMINAL_REGISTRATION

from . import fast
from .definitions.access import PLATE_COLOURS


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


def _fits(edition: int, body: bytes) -> bool:
    try:
        fast.decode_body(MSG_TERMINAL_REGISTRATION, edition, body)
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
        return plate.rstrip(b"\x00").decode("gbk").isprintable()
    except UnicodeDecodeError:
        return False
