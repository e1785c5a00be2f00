"""A session that is logged in, with the loop of its shell in a few lines: for the tests of its rooms."""

from collections import Counter

from edge_gateway.session import Register, Session, SessionLimits
from protocols.jt808 import walk
from protocols.wire.framing import FrameSplitter, build_frame
from protocols.wire.header import Header, build_header, parse_header

from .support import PHONE_2013, PHONE_2019, answers, frame

CODE = b"c0de"
IDENTITY = "13800138000"


class OpenDoor:
    """A registry that knows one code."""

    def __init__(self, edition: int) -> None:
        self.edition = edition

    def authenticate(self, identity: str, code: bytes, layout_2019: bool) -> int | None:
        """The edition, for the right code."""
        return self.edition if code == CODE else None


def body(message_id: int, edition: int, values: dict) -> bytes:
    """A body by its declaration."""
    return walk.encode_body(message_id, edition, values)


def payloads(data: bytes) -> list[tuple[Header, bytes]]:
    """(header, body) of the frames in what the gateway sent; every byte must belong to one."""
    splitter = FrameSplitter()
    found = [(parse_header(payload), payload) for payload in splitter.receive(data)]
    assert not splitter.rejected and not splitter.garbage_bytes, splitter.rejections()
    return [(header, payload[header.body_at :]) for header, payload in found]


class Desk:
    """`session`, what it wanted journalled (`journalled`), and what else it wanted (`events`)."""

    def __init__(self, edition=2013, limits=None, house=None, counters=None):
        self.edition = edition
        self.phone = PHONE_2019 if edition == 2019 else PHONE_2013
        more = () if house is None else (house,)
        self.counters = Counter() if counters is None else counters
        self.session = Session(OpenDoor(edition), limits or SessionLimits(), self.counters, 0, *more)
        self.events: list = []
        self.journalled: list = []

    def log_in(self) -> "Desk":
        """Authenticates."""
        values = {"auth_code": CODE, "imei": bytes(15), "software_version": bytes(20)}
        (answer,) = answers(self.say(self.frame(0x0102, body(0x0102, self.edition, values), 1)))
        assert answer.result == 0
        self.events.clear()
        return self

    def frame(self, message_id, content=b"", serial=9) -> bytes:
        """A frame of the terminal."""
        return frame(message_id, content, serial, self.phone)

    def packages(self, message_id, content, first_serial, size=100) -> list[bytes]:
        """The frames of a message in packages."""
        pieces = [content[at : at + size] for at in range(0, len(content), size)]
        return [self._package(message_id, pieces, index, first_serial) for index in range(len(pieces))]

    def _package(self, message_id, pieces, index, first_serial) -> bytes:
        serial, piece = (first_serial + index) % 65536, pieces[index]
        header = build_header(message_id, len(piece), self.phone, serial, total=len(pieces), number=index + 1)
        return build_frame(header + piece)

    def say(self, *frames, now_ms=0) -> bytes:
        """Sends frames in one chunk; gives what is sent at once."""
        self.session.receive(b"".join(frames), now_ms)
        return self.settle()

    def settle(self) -> bytes:
        """Takes what the session wants."""
        self.journalled += self.session.submissions()
        for event in self.session.events():
            self.events.append(event)
            if isinstance(event, Register):
                event.answer(0, CODE)
        return self.session.data_to_send()

    def tick(self, now_ms) -> list[tuple[Header, bytes]]:
        """What is said because of the time."""
        self.session.tick(now_ms)
        return payloads(self.session.data_to_send())

    def commit(self) -> list[tuple[int, int, int]]:
        """(id, serial, result) of the answers that the commit of everything taken so far releases."""
        taken, self.journalled = self.journalled, []
        return [answer.brief for each in taken for answer in answers(each.answers)]
