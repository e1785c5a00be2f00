"""What the gateway's tests share: reports, a journal that waits to be let go, deadlines instead of sleeps."""

import threading
import time
from collections.abc import Callable

from edge_gateway.journal import Journal, Origin, Report
from protocols.monitoring.records import LIVE
from protocols.wire.framing import FrameSplitter, build_frame
from protocols.wire.header import build_header, parse_header

RECEIVED_MS = 1_760_000_000_000
PHONE_2013 = bytes.fromhex("013800138000")
PHONE_2019 = bytes.fromhex("00000000013800138000")
DEADLINE_S = 20.0


def wait_for(condition: Callable[[], object], what: str = "the condition") -> None:
    """Returns once `condition()` holds; fails the test after DEADLINE_S."""
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end, f"{what} did not come true within {DEADLINE_S} s"
        time.sleep(0.002)


def body_of(number: int, size: int = 36) -> bytes:
    """A 0x0200 body that differs for each number: the fixed part, then an odometer item that holds it."""
    fixed = bytes.fromhex("000000000000000301dc89d0073d8aa5000c025d005a250102030405")
    items = b"\x01\x04" + number.to_bytes(4, "big") + b"\xe1" * (size - 34)
    return fixed + items


def report(number: int, kind: int = LIVE) -> Report:
    """A report for `Journal.submit`."""
    return (number & 0xFFFF, kind, body_of(number))


class Outcomes:
    """A callback for `Journal.submit` that others can wait for."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self._changed = threading.Condition()

    def __call__(self, outcome: int) -> None:
        with self._changed:
            self.seen.append(outcome)
            self._changed.notify_all()

    def wait(self, count: int) -> list[int]:
        """The outcomes once there are `count` of them."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.seen) >= count, DEADLINE_S), "no answer"
            return list(self.seen)


def store(journal: Journal, origin: Origin, reports: list[Report]) -> int:
    """Submits and waits: the outcome."""
    outcomes = Outcomes()
    journal.submit(origin, RECEIVED_MS, reports, outcomes)
    return outcomes.wait(1)[0]


def everything(journal: Journal, after: int = 0, step: int = 100) -> list:
    """All kept records behind `after`, read in steps."""
    taken: list = []
    while records := journal.read_after(after, step, 1 << 20):
        taken += records
        after = records[-1].sequence
    return taken


def frame(message_id: int, body: bytes = b"", serial: int = 1, phone: bytes = PHONE_2013) -> bytes:
    """A frame of a terminal; the phone's length chooses the header layout."""
    return build_frame(build_header(message_id, len(body), phone, serial) + body)


class Answer:
    """One frame of the platform, taken apart."""

    def __init__(self, payload: bytes) -> None:
        self.header = parse_header(payload)
        self.id = self.header.message_id
        self.body = payload[self.header.body_at :]
        self.reply_serial = int.from_bytes(self.body[:2], "big")
        self.reply_id = int.from_bytes(self.body[2:4], "big") if self.id == 0x8001 else 0x0100
        self.result = self.body[4] if self.id == 0x8001 else self.body[2]

    @property
    def auth_code(self) -> bytes:
        """Of a 0x8100."""
        return self.body[3:]

    @property
    def brief(self) -> tuple[int, int, int]:
        """(reply_id, reply_serial, result)."""
        return self.reply_id, self.reply_serial, self.result


def answers(data: bytes) -> list[Answer]:
    """The frames in what the gateway sent; every byte must belong to one."""
    splitter = FrameSplitter()
    payloads = splitter.receive(data)
    assert not splitter.rejected and not splitter.garbage_bytes, splitter.rejections()
    return [Answer(payload) for payload in payloads]
