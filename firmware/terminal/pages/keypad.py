"""Page: what a key means, by what is on the screen: turn, close, answer a question, choose from a list."""

import struct

from protocols.wire.pages.ids import MSG_EVENT_REPORT, MSG_INFORMATION_ORDER, MSG_QUESTION_ANSWER

from ..screen import lists, titles
from ..screen.console import (
    CHOICE,
    KEY_BACK,
    KEY_DOWN,
    KEY_MENU,
    KEY_OK,
    KEY_UP,
    PANEL_MS,
    QUESTION,
)

KEY_ONE = 0x31
KEY_NINE = 0x39
PAGE_ENTRIES = 9
LISTS = (lists.EVENTS, lists.MENU, lists.PHONES)
TITLES = {
    lists.EVENTS: titles.EVENTS_TITLE,
    lists.MENU: titles.MENU_TITLE,
    lists.PHONES: titles.PHONES_TITLE,
}
CALL_IN = 1  # a number that only calls in is not dialled


def press(terminal, code, now_ms):
    """One key. False when it meant nothing here."""
    console = terminal.view.console
    if console.view.panel is None:
        if code != KEY_MENU and code != KEY_OK:
            return False
        _choose(console, "", titles.CHOICES_TITLE, titles.CHOICES, 0, now_ms)
        return True
    if code == KEY_BACK:
        console.close(now_ms)
        return True
    if KEY_ONE <= code <= KEY_NINE:
        if console.kind == QUESTION:
            return _answer(terminal, code - KEY_ONE, now_ms)
        return console.kind == CHOICE and _pick(terminal, code - KEY_ONE, now_ms)
    return _turn(terminal, code, now_ms)


def _turn(terminal, code, now_ms):
    console = terminal.view.console
    if code == KEY_UP:
        console.turn(0)
    elif code == KEY_DOWN and console.kind == CHOICE and console.extra[0]:
        name, first = console.extra
        console.close(now_ms)
        _list(terminal, name, first + PAGE_ENTRIES, now_ms)
    elif code == KEY_DOWN and terminal.view.panel_end:
        console.turn(terminal.view.panel_end)
    elif code == KEY_OK and console.kind != QUESTION:
        console.close(now_ms)
    else:
        return False
    return True


def _answer(terminal, number, now_ms):
    """0x0302; the question is gone when its answer is on its way."""
    serial, ids = terminal.view.console.extra
    if number >= len(ids):
        return False
    if not terminal.mail.answer(MSG_QUESTION_ANSWER, struct.pack(">HB", serial, ids[number]), None):
        return False
    terminal.view.console.close(now_ms)
    return True


def _pick(terminal, number, now_ms):
    name, first = terminal.view.console.extra
    if not name:
        if number >= len(LISTS):
            return False
        terminal.view.console.close(now_ms)
        _list(terminal, LISTS[number], 0, now_ms)
        return True
    entries = lists.load(terminal.settings.store, name)
    if number >= PAGE_ENTRIES or first + number >= len(entries):
        return False
    byte, text = entries[first + number]
    if not ACTIONS[name](terminal, byte, text):
        return False
    terminal.view.console.close(now_ms)
    return True


def _report(terminal, byte, text):
    """0x0301, kept until the platform has it."""
    return terminal.mail.post(MSG_EVENT_REPORT, bytes((byte,)))


def _order(terminal, byte, text):
    """0x0303: orders the information, or cancels what was ordered."""
    store = terminal.settings.store
    ordered = store.get(lists.ORDERED)
    order = 0 if byte in ordered else 1
    if not terminal.mail.post(MSG_INFORMATION_ORDER, bytes((byte, order))):
        return False
    store.put(lists.ORDERED, ordered + bytes((byte,)) if order else ordered.replace(bytes((byte,)), b""))
    return True


def _dial(terminal, byte, text):
    dial = terminal.view.console.dial
    return dial is not None and byte != CALL_IN and dial(text[: text.find(b"\x00")], False)


ACTIONS = {lists.EVENTS: _report, lists.MENU: _order, lists.PHONES: _dial}


def _list(terminal, name, first, now_ms):
    """The entries from `first` on as a panel; past the last one it begins anew."""
    entries = lists.load(terminal.settings.store, name)
    first = first if first < len(entries) else 0
    ordered = terminal.settings.store.get(lists.ORDERED) if name == lists.MENU else b""
    text = bytearray()
    for number in range(first, min(first + PAGE_ENTRIES, len(entries))):
        byte, label = entries[number]
        if name == lists.PHONES:
            label = lists.name_of(entries[number])
        text.extend(b"%d" % (number - first + 1))
        text.extend(b"*" if byte in ordered else b" ")
        text.extend(label + b"\n")
    _choose(terminal.view.console, name, TITLES[name], bytes(text) or titles.EMPTY, first, now_ms)


def _choose(console, name, title, text, first, now_ms):
    console.put(CHOICE, title, text, (name, first), PANEL_MS, True, now_ms)
