"""Page: the platform's words for the driver: texts, questions, information, telephone, lists."""

from protocols.wire.bodies import decode_layout, layout_of
from protocols.wire.errors import RemoteProtocolError
from protocols.wire.pages.ids import (
    MSG_CALL_BACK,
    MSG_EVENT_SETTING,
    MSG_INFORMATION_MENU_SETTING,
    MSG_INFORMATION_SERVICE,
    MSG_PHONE_BOOK_SETTING,
    MSG_QUESTION,
    MSG_TEXT_MESSAGE,
)
from protocols.wire.pages.text import BODIES
from protocols.wire.tables import RESULT_FAILED, RESULT_OK, RESULT_UNSUPPORTED

from ..screen import lists, titles
from ..screen.console import PANEL_MS, TEXT
from ..screen.list_settings import set_events, set_menu, set_phone_book
from ..screen.questions import ask
from ..screen.texts import show_text

NUMBER_BYTES_MAX = 20
LISTEN = 1


def handle(terminal, header, body, now_ms):
    """Result 3 for a terminal without console or an edition without the message."""
    layout = layout_of(BODIES, header.message_id, terminal.settings.edition)
    view = terminal.view
    if layout is None or view is None or view.console is None or terminal.settings.store is None:
        return RESULT_UNSUPPORTED
    return WORK[header.message_id](terminal, header, decode_layout(layout, body), now_ms)


def _inform(terminal, header, values, now_ms):
    """0x8304, under the name that the menu has for it."""
    title = titles.INFORMATION
    for kind, name in lists.load(terminal.settings.store, lists.MENU):
        if kind == values["type"]:
            title = name
    shown = terminal.view.console.put(TEXT, title, values["content"], None, PANEL_MS, False, now_ms)
    return RESULT_OK if shown else RESULT_FAILED


def _call(terminal, header, values, now_ms):
    """0x8400; result 3 on a board that cannot telephone."""
    number = values["number"].rstrip(b"\x00")
    if values["action"] > LISTEN or not 1 <= len(number) <= NUMBER_BYTES_MAX:
        raise RemoteProtocolError("no call", header.message_id, "number", 1)
    dial = terminal.view.console.dial
    if dial is None:
        return RESULT_UNSUPPORTED
    return RESULT_OK if dial(number, values["action"] == LISTEN) else RESULT_FAILED


WORK = {
    MSG_TEXT_MESSAGE: show_text,
    MSG_EVENT_SETTING: set_events,
    MSG_QUESTION: ask,
    MSG_INFORMATION_MENU_SETTING: set_menu,
    MSG_INFORMATION_SERVICE: _inform,
    MSG_CALL_BACK: _call,
    MSG_PHONE_BOOK_SETTING: set_phone_book,
}
