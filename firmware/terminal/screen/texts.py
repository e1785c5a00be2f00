"""A text for the driver (0x8300): on the screen, spoken, on the advertising screen, as its flag asks."""

from protocols.wire.errors import RemoteProtocolError
from protocols.wire.header import EDITION_2019
from protocols.wire.tables import RESULT_FAILED, RESULT_OK, RESULT_UNSUPPORTED

from . import titles
from .console import PANEL_MS, TEXT

# The flag; of 2019 bits 0 and 1 are one number.
TEXT_URGENT = 0x01
TEXT_DISPLAY = 0x04
TEXT_SPOKEN = 0x08
TEXT_ADVERTISED = 0x10
CLASS_MASK = 0x03
CLASS_TITLES = (titles.MESSAGE, titles.SERVICE, titles.URGENT, titles.NOTICE)
CLASS_URGENT = 2
MESSAGE_BYTES_MAX = 1024  # of the standard


def show_text(terminal, header, values, now_ms):
    """Result 3 when nothing of what the flag asks for is on this board, 1 when too many texts wait."""
    text = values["text"]
    if len(text) > MESSAGE_BYTES_MAX:
        raise RemoteProtocolError("%d bytes" % len(text), header.message_id, "text", 1)
    flag = values["flag"]
    if terminal.settings.edition == EDITION_2019:
        urgent = flag & CLASS_MASK == CLASS_URGENT
        title = CLASS_TITLES[flag & CLASS_MASK]
        flag &= ~TEXT_ADVERTISED
    else:
        urgent = flag & TEXT_URGENT
        title = titles.URGENT if urgent else titles.MESSAGE
    if not flag & (TEXT_DISPLAY | TEXT_SPOKEN | TEXT_ADVERTISED):
        flag |= TEXT_DISPLAY  # a text that names no way is meant to be read
    return _give(terminal.view.console, flag, title, text, urgent, now_ms)


def _give(console, flag, title, text, urgent, now_ms):
    result = RESULT_UNSUPPORTED
    if flag & TEXT_SPOKEN and console.speak is not None:
        console.speak(text)
        result = RESULT_OK
    if flag & TEXT_ADVERTISED and console.advertise is not None:
        console.advertise(text)
        result = RESULT_OK
    if flag & TEXT_DISPLAY:
        shown = console.put(TEXT, title, text, None, 0 if urgent else PANEL_MS, urgent, now_ms)
        result = RESULT_OK if shown else RESULT_FAILED
    return result
