"""What only passes through: 0x8900 by its type, and back up as 0x0900.

0x41 and 0x42 are the board's serial ports. In the user's range are ours: 0xF1 the driver code, 0xF2 the
terminal's own state (answered with 0x0900 of that type: error ring and counters as text), 0xF3 a waybill.
"""

from protocols.wire.bodies import decode_layout, encode_layout, layout_of
from protocols.wire.pages.ids import MSG_UPLINK_PASSTHROUGH
from protocols.wire.pages.passthrough import BODIES
from protocols.wire.tables import RESULT_OK, RESULT_UNSUPPORTED

from .. import actions, pages

SERIAL_1 = 0x41
SERIAL_2 = 0x42
DRIVER_CODE = 0xF1
STATE = 0xF2
WAYBILL = 0xF3


def handle(terminal, header, body, now_ms):
    """Gives the result for 0x0001."""
    values = decode_layout(layout_of(BODIES, header.message_id, terminal.settings.edition), body)
    kind = values["type"]
    content = values["content"]
    if kind == DRIVER_CODE:
        return pages.use("driver_code").push(terminal, content, now_ms)
    if kind == STATE:
        pass_up(terminal, STATE, pages.use("state").text(terminal, now_ms))
        return RESULT_OK
    if kind == WAYBILL and terminal.vehicle is not None:
        done = pages.use("waybill").take(terminal.vehicle, content)
    elif kind == SERIAL_1 or kind == SERIAL_2:
        done = terminal.act(actions.SERIAL if kind == SERIAL_1 else actions.SERIAL_2, content)
    else:
        done = terminal.on_passthrough is not None and terminal.on_passthrough(kind, content)
    return RESULT_OK if done else RESULT_UNSUPPORTED


def tell_state(terminal, now_ms):
    """The terminal's own state, unasked and from RAM: told when flash takes no letters."""
    layout = layout_of(BODIES, MSG_UPLINK_PASSTHROUGH, terminal.settings.edition)
    values = {"type": STATE, "content": pages.use("state").text(terminal, now_ms)}
    terminal.mail.answer(MSG_UPLINK_PASSTHROUGH, encode_layout(layout, values), None)


def from_serial(terminal, number, content):
    """What the device at the board's serial port 1 or 2 said; False when there is no room for it."""
    return pass_up(terminal, SERIAL_1 if number == 1 else SERIAL_2, content)


def pass_up(terminal, kind, content):
    """0x0900 as a letter; False when there is no room for it."""
    layout = layout_of(BODIES, MSG_UPLINK_PASSTHROUGH, terminal.settings.edition)
    return terminal.mail.post(
        MSG_UPLINK_PASSTHROUGH, encode_layout(layout, {"type": kind, "content": content})
    )
