"""Doors locked and unlocked from afar: 0x8500, answered by 0x0001 and then by 0x0500 with the status bits.

The numbers of 2013 and of 2019 mean the opposite of each other: before 2019 1 locks, from 2019 on 0 does.
"""

import struct

from protocols.wire.bodies import decode_layout, layout_of
from protocols.wire.header import EDITION_2019
from protocols.wire.pages.ids import MSG_VEHICLE_CONTROL_RESPONSE
from protocols.wire.pages.vehicle import BODIES
from protocols.wire.tables import RESULT_OK, RESULT_UNSUPPORTED

from .. import actions


def handle(terminal, header, body, now_ms):
    """Gives the result for 0x0001. Of 2019's controls only the doors are known; others are not supported."""
    edition = terminal.settings.edition
    values = decode_layout(layout_of(BODIES, header.message_id, edition), body)
    if edition == EDITION_2019:
        if not values["controls"] or len(values["controls"]) != values["count"]:
            return RESULT_UNSUPPORTED
        lock = values["controls"][-1]["door"] == 0
    else:
        lock = bool(values["door"] & 1)
    if not terminal.act(actions.DOORS, 1 if lock else 0):
        return RESULT_UNSUPPORTED
    position = terminal.report_for_query(now_ms)
    terminal.mail.answer(MSG_VEHICLE_CONTROL_RESPONSE, struct.pack(">H", header.serial) + position, header)
    return RESULT_OK
