"""What the terminal is: 0x8107, answered by 0x0107."""

from protocols.wire.bcd import digits_to_bcd
from protocols.wire.bodies import encode_layout, layout_of
from protocols.wire.header import EDITION_2019
from protocols.wire.pages.ids import MSG_ATTRIBUTE_QUERY_RESPONSE
from protocols.wire.pages.parameters import BODIES
from protocols.wire.tables import RESULT_UNSUPPORTED

MAKER_BYTES = 5  # in all editions
ICCID_BYTES = 10


def handle(terminal, header, body, now_ms):
    """Answers with 0x0107."""
    settings = terminal.settings
    layout = layout_of(BODIES, MSG_ATTRIBUTE_QUERY_RESPONSE, settings.edition)
    if layout is None:
        return RESULT_UNSUPPORTED
    later = settings.edition == EDITION_2019
    answer = {
        "terminal_type": settings.terminal_type,
        "maker": _padded(settings.maker, MAKER_BYTES),
        "model": _padded(settings.model, 30 if later else 20),
        "terminal_id": _padded(settings.terminal_id, 30 if later else 7),
        "iccid_bcd": digits_to_bcd(settings.iccid, ICCID_BYTES),
        "hardware_version": settings.hardware_version,
        "firmware_version": settings.software_version,
        "gnss": settings.gnss,
        "communication": settings.communication,
    }
    terminal.mail.answer(MSG_ATTRIBUTE_QUERY_RESPONSE, encode_layout(layout, answer), header)


def _padded(value, width):
    value = value[:width]
    return value + bytes(width - len(value))
