"""Alarms confirmed by hand: 0x8203 (JT/T 808-2013).

Each kind of alarm is there at most once, so the alarm serial that the message may name adds nothing.
"""

from protocols.wire.bodies import decode_layout, layout_of
from protocols.wire.pages.alarm import BODIES
from protocols.wire.tables import RESULT_OK, RESULT_UNSUPPORTED


def handle(terminal, header, body, now_ms):
    """Gives the result for 0x0001."""
    layout = layout_of(BODIES, header.message_id, terminal.settings.edition)
    if layout is None or terminal.vehicle is None:
        return RESULT_UNSUPPORTED
    confirmed = decode_layout(layout, body)["alarm_type"]
    terminal.vehicle.confirm(confirmed >> 16, confirmed & 0xFFFF)
    return RESULT_OK
