"""Texts, questions, events, menu, phone book and keys of a whole terminal with a platform. Portable."""

from harness import run
from platform_script import Road

from firmware.terminal.ram_files import RamFiles
from firmware.terminal.screen import lists
from firmware.terminal.screen.console import (
    KEY_BACK,
    KEY_DOWN,
    KEY_MENU,
    KEY_OK,
    KEY_UP,
    PANEL_MS,
    WAITING_MAX,
    Console,
)
from firmware.terminal.screen.view import View
from firmware.terminal.store import Store
from protocols.wire.bodies import encode_layout, layout_of
from protocols.wire.header import parse_header
from protocols.wire.pages.text import BODIES

DOWN_MS = 200
ONE = 0x31
TWO = 0x32


class Cab(Road):
    """A terminal with a driver before it. said: (message id, body) of what the driver caused."""

    def __init__(self, **settings):
        files = RamFiles()
        self.said = []
        Road.__init__(self, files, Store(files), **settings)
        self.view = View()
        self.console = Console(self.view)
        self.terminal.view = self.view
        self.spoken = []
        self.pass_ms(DOWN_MS)
        assert self.terminal.state == "online"

    def tell(self, message_id, values):
        """The platform sends a message of the text family; gives the result that comes back."""
        layout = layout_of(BODIES, message_id, self.settings.edition)
        before = len(self.of(0x0001))
        self.send(message_id, body=encode_layout(layout, values))
        self.pass_ms(DOWN_MS)
        answers = self.of(0x0001)
        assert len(answers) == before + 1
        return answers[-1][1]["result"]

    def press(self, *codes):
        """Keys; gives whether the last one meant something."""
        result = False
        for code in codes:
            result = self.console.on_key(self.terminal, code, self.now_ms)
        self.pass_ms(DOWN_MS)
        return result

    def _take(self, payload, frame):
        header = parse_header(payload)
        if header.message_id not in (0x0301, 0x0302, 0x0303):
            Road._take(self, payload, frame)
            return
        self.said.append((header.message_id, bytes(payload[header.body_at :])))
        if self.answers and header.message_id != 0x0302:
            answer = {"reply_serial": header.serial, "reply_id": header.message_id, "result": 0}
            self.send(0x8001, answer)


def panel(cab):
    return cab.view.panel


def check_a_text_is_shown_and_spoken():
    cab = Cab()
    assert cab.tell(0x8300, {"flag": 0x08, "text": b"hi"}) == 3  # nothing here that speaks
    cab.console.speak = cab.spoken.append
    assert cab.tell(0x8300, {"flag": 0x0C, "text": b"\xc7\xeb go"}) == 0
    assert cab.spoken == [b"\xc7\xeb go"] and panel(cab)[1] == b"\xc7\xeb go"
    assert cab.press(KEY_OK) and panel(cab) is None


def check_each_edition_has_its_flag():
    cab = Cab(edition=2019, terminal_id=b"T", maker=b"M")
    assert cab.tell(0x8300, {"flag": 0x06, "type": 1, "text": b"now"}) == 0
    assert panel(cab)[0] == b"\xbd\xf4\xbc\xb1"  # urgent
    cab = Cab()
    assert cab.tell(0x8300, {"flag": 0x00, "text": b"some"}) == 0 and panel(cab)[1] == b"some"


def check_texts_wait_for_each_other_urgent_ones_do_not():
    cab = Cab()
    for number in range(1 + WAITING_MAX):
        assert cab.tell(0x8300, {"flag": 4, "text": b"%d" % number}) == 0
    assert cab.tell(0x8300, {"flag": 4, "text": b"late"}) == 1
    cab.press(KEY_OK)
    assert panel(cab)[1] == b"1"
    assert cab.tell(0x8300, {"flag": 5, "text": b"fire"}) == 0 and panel(cab)[1] == b"fire"
    cab.console.tick(cab.now_ms + 10 * PANEL_MS)
    assert panel(cab)[1] == b"fire"  # until somebody read it
    for expected in (b"1", b"2", b"3", b"4"):
        cab.press(KEY_BACK)
        assert panel(cab)[1] == expected
    cab.console.tick(cab.now_ms + PANEL_MS)
    assert panel(cab) is None


def check_long_texts_are_bounded():
    cab = Cab()
    big = b"x" * 1000
    assert cab.tell(0x8300, {"flag": 4, "text": big}) == 0
    assert cab.tell(0x8300, {"flag": 4, "text": big}) == 0
    assert cab.tell(0x8300, {"flag": 4, "text": big}) == 1


def check_a_question_is_answered_with_its_serial():
    cab = Cab()
    answers = [{"id": 5, "content": b"yes"}, {"id": 9, "content": b"no"}]
    values = {"flag": 1, "question": b"Full?", "answers": answers, "trailing": b""}
    serial = cab._serial
    assert cab.tell(0x8302, values) == 0
    assert panel(cab)[1] == b"Full?\n1 yes\n2 no"
    assert not cab.press(0x33) and not cab.press(KEY_OK) and panel(cab) is not None
    assert cab.press(TWO) and panel(cab) is None
    assert cab.said == [(0x0302, bytes((serial >> 8, serial & 255, 9)))]
    values["answers"] = [{"id": n, "content": b""} for n in range(10)]
    assert cab.tell(0x8302, values) == 1


def check_events_are_set_kept_and_reported():
    cab = Cab()
    store = cab.settings.store
    events = [{"id": 1, "content": b"jam"}, {"id": 2, "content": b"rain"}]
    assert cab.tell(0x8301, {"type": 1, "count": 2, "events": events}) == 0
    assert cab.tell(0x8301, {"type": 2, "count": 1, "events": [{"id": 3, "content": b"ice"}]}) == 0
    assert cab.tell(0x8301, {"type": 3, "count": 1, "events": [{"id": 1, "content": b"jam!"}]}) == 0
    assert lists.load(store, lists.EVENTS) == [(1, b"jam!"), (2, b"rain"), (3, b"ice")]
    assert cab.tell(0x8301, {"type": 4, "count": 1, "deleted": b"\x02"}) == 0
    assert cab.tell(0x8301, {"type": 4, "count": 1, "deleted": b"\x07\x00"}) == 0
    assert cab.tell(0x8301, {"type": 4, "count": 1, "deleted": b"\x07\x00\x00"}) == 2
    assert cab.tell(0x8301, {"type": 9, "count": 0, "events": []}) == 2
    assert cab.press(KEY_MENU, ONE) and panel(cab)[1] == b"1 jam!\n2 ice\n"
    assert not cab.press(0x39) and cab.press(TWO) and panel(cab) is None
    assert cab.said == [(0x0301, b"\x03")] and cab.terminal.mail.held == 0
    assert cab.tell(0x8301, {"type": 0}) == 0 and lists.load(store, lists.EVENTS) == []


def check_a_list_that_does_not_fit_stays_as_it_was():
    cab = Cab()
    cab.tell(0x8301, {"type": 1, "count": 1, "events": [{"id": 1, "content": b"jam"}]})
    many = [{"id": n, "content": b"a" * 28} for n in range(10)]
    assert cab.tell(0x8301, {"type": 2, "count": 10, "events": many}) == 1
    assert lists.load(cab.settings.store, lists.EVENTS) == [(1, b"jam")]


def check_an_event_is_reported_when_the_line_comes_back():
    cab = Cab()
    cab.tell(0x8301, {"type": 1, "count": 1, "events": [{"id": 7, "content": b"jam"}]})
    cab.answers = False
    cab.cut()
    cab.press(KEY_MENU, ONE, ONE)
    assert cab.terminal.mail.held == 1
    cab.answers = True
    cab.pass_ms(20000)
    assert cab.said[-1] == (0x0301, b"\x07") and cab.terminal.mail.held == 0


def check_information_is_ordered_shown_and_cancelled():
    cab = Cab()
    entries = [{"type": 4, "name": b"weather"}, {"type": 6, "name": b"roads"}]
    assert cab.tell(0x8303, {"type": 1, "count": 2, "entries": entries}) == 0
    cab.press(KEY_MENU, TWO, TWO)
    assert cab.said == [(0x0303, b"\x06\x01")]
    assert cab.tell(0x8304, {"type": 6, "content": b"G56 closed"}) == 0
    assert panel(cab)[:2] == (b"roads", b"G56 closed")
    cab.press(KEY_BACK, KEY_MENU, TWO)
    assert panel(cab)[1] == b"1 weather\n2*roads\n"
    cab.press(TWO)
    assert cab.said[-1] == (0x0303, b"\x06\x00")


def check_the_phone_book_dials_and_a_call_back_too():
    cab = Cab()
    dialled = []
    contacts = [
        {"flag": 3, "number": b"10086", "name": b"base"},
        {"flag": 1, "number": b"110", "name": b"in"},
    ]
    assert cab.tell(0x8401, {"type": 1, "count": 2, "contacts": contacts}) == 0
    change = [{"flag": 2, "number": b"12345", "name": b"base"}]
    assert cab.tell(0x8401, {"type": 3, "count": 1, "contacts": change}) == 0
    assert cab.tell(0x8400, {"action": 0, "number": b"119"}) == 3
    cab.console.dial = lambda number, listen: dialled.append((number, listen)) or True
    assert cab.tell(0x8400, {"action": 1, "number": b"119"}) == 0
    assert cab.tell(0x8400, {"action": 2, "number": b"119"}) == 2
    cab.press(KEY_MENU, 0x33)
    assert panel(cab)[1] == b"1 base\n2 in\n"
    assert not cab.press(TWO) and cab.press(ONE)  # one that only calls in is not dialled
    assert dialled == [(b"119", True), (b"12345", False)]


def check_long_lists_and_long_texts_turn():
    cab = Cab()
    events = [{"id": n, "content": b"e%d" % n} for n in range(12)]
    cab.tell(0x8301, {"type": 1, "count": 12, "events": events})
    cab.press(KEY_MENU, ONE, KEY_DOWN)
    assert panel(cab)[1] == b"1 e9\n2 e10\n3 e11\n"
    cab.press(TWO)
    assert cab.said[-1] == (0x0301, b"\x0a")
    cab.tell(0x8300, {"flag": 4, "text": b"x" * 500})
    cab.view.panel_end = 100  # as the screen says it
    cab.press(KEY_DOWN)
    assert panel(cab)[2] == 100
    cab.press(KEY_UP)
    assert panel(cab)[2] == 0
    cab.view.panel_end = 0
    assert not cab.press(KEY_DOWN)


def check_without_a_console_all_of_it_is_unsupported():
    cab = Cab()
    cab.view.console = None
    assert cab.tell(0x8300, {"flag": 4, "text": b"x"}) == 3
    cab.terminal.view = None
    assert cab.tell(0x8301, {"type": 0}) == 3


run(globals())
