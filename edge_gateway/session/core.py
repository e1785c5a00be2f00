"""One terminal's connection: bytes and time in; answers, reports and events out.

Reports are never answered here: their answers leave with them to the journal and come back after the commit.
One bad frame costs one frame. Who is not authenticated gets failures, and after a few of them the door.
"""

from collections import Counter
from collections.abc import Callable
from typing import Final

from protocols.jt808 import fast
from protocols.wire.bcd import identity_of, is_bcd
from protocols.wire.errors import LocalProtocolError, RemoteProtocolError
from protocols.wire.framing import FrameSplitter
from protocols.wire.header import EDITION_2013, EDITION_2019, Header, parse_header
from protocols.wire.tables import (
    MSG_POSITION_BATCH_UPLOAD,
    MSG_POSITION_QUERY_RESPONSE,
    MSG_POSITION_REPORT,
    MSG_TERMINAL_AUTHENTICATION,
    MSG_TERMINAL_DEREGISTRATION,
    MSG_TERMINAL_GENERAL_RESPONSE,
    MSG_TERMINAL_HEARTBEAT,
    MSG_TERMINAL_REGISTRATION,
    RESULT_BAD_MESSAGE,
    RESULT_FAILED,
    RESULT_OK,
    RESULT_UNSUPPORTED,
)

from . import table
from .answers import Speaker, as_failures
from .events import Authenticated, Close, Deregister, Event, Left, Register, Submission
from .intake import Intake
from .ports import Door, SessionLimits
from .registration import read_registration

_DOWNLINK: Final = 0x8000  # ids from here on are the platform's; answering one could answer an echo for ever
# Answers themselves: nothing is said to them, not even that they are bad.
_UNANSWERED: Final = (MSG_TERMINAL_GENERAL_RESPONSE, MSG_POSITION_QUERY_RESPONSE)
_BEFORE_AUTHENTICATION: Final = (MSG_TERMINAL_REGISTRATION, MSG_TERMINAL_AUTHENTICATION)


class Session:
    """Feed it with `receive`, then take `data_to_send`, `submissions` and `events`.

    `counters` are shared by all sessions and count what was received and refused, by cause. `state` is one of
    `table`'s.
    """

    __slots__ = (
        "_door",
        "_events",
        "_heard_ms",
        "_intake",
        "_limits",
        "_out",
        "_registering",
        "_registrations",
        "_speaker",
        "_splitter",
        "_strikes",
        "_unknown_since_ms",
        "counters",
        "state",
    )

    def __init__(self, door: Door, limits: SessionLimits, counters: Counter[str], now_ms: int) -> None:
        self.state = table.CONNECTED
        self.counters = counters
        self._door = door
        self._limits = limits
        self._unknown_since_ms = self._heard_ms = now_ms
        self._splitter = FrameSplitter()
        self._speaker = Speaker()
        self._intake = Intake(self._speaker)
        self._strikes = 0
        self._registrations = 0
        self._registering: tuple[bytes, int] | None = None  # phone and serial of the 0x0100 in work
        self._out = bytearray()
        self._events: list[Event] = []

    @property
    def identity(self) -> str | None:
        """Of the authenticated terminal: its phone digits without leading zeros."""
        origin = self._intake.origin
        return origin.identity if origin else None

    def receive(self, data: bytes, now_ms: int) -> None:
        """Takes the next bytes of the stream. Raises nothing that the peer could cause."""
        candidates = self._splitter.split(data)
        if not candidates or self.state == table.CLOSED:
            return
        at, end = 0, len(candidates)
        while True:
            stopped = self._intake.take_plain(candidates, at)
            if stopped > at:
                self.counters["frames_0200"] += stopped - at
                self._heard_ms = now_ms
                at = stopped
            if at == end:
                break
            self._take_one(candidates[at], now_ms)
            at += 1
            if at == end or self.state == table.CLOSED:
                break

    def data_to_send(self) -> bytes:
        """What is to be sent now; forgotten here once taken."""
        if not self._out:
            return b""
        out, self._out = self._out, bytearray()
        return bytes(out)

    def submissions(self) -> list[Submission]:
        """What is to be journalled now, in order; forgotten here once taken."""
        return self._intake.submissions()

    def events(self) -> list[Event]:
        """What else is to be done now, in order; forgotten here once taken."""
        taken = self._events
        if taken:
            self._events = []
        return taken

    def expired(self, now_ms: int) -> str:
        """Why the connection is to be closed now; empty when it is not."""
        if self.state != table.ONLINE and now_ms - self._unknown_since_ms > self._limits.unauthenticated_ms:
            return "not authenticated in time"
        if now_ms - self._heard_ms > self._limits.idle_ms:
            return "idle"
        return ""

    def closed(self) -> None:
        """The connection is gone; answers that come later are of no use."""
        self._go(table.CLOSING)

    @staticmethod
    def refused(answers: bytes) -> bytes:
        """The answers to send instead when the journal did not take the reports."""
        return as_failures(answers)

    def _take_one(self, candidate: bytes, now_ms: int) -> None:
        payload = self._splitter.open(candidate)
        if payload is None:
            self._count_rejections()
            return
        try:
            header = parse_header(payload)
        except RemoteProtocolError:
            self.counters["rejected_length"] += 1
            return
        self._heard_ms = now_ms  # by a frame: noise keeps nobody alive
        handler = _HANDLERS.get(header.message_id)
        known = handler is not None
        self.counters[f"frames_{header.message_id:04x}" if known else "frames_unsupported"] += 1
        if header.message_id >= _DOWNLINK:
            return
        if not is_bcd(header.phone):  # an identity must be digits: it names the terminal everywhere
            self._refuse(header, RESULT_BAD_MESSAGE, "phone_not_digits")
        elif self.state == table.ONLINE:
            if self._intake.speaks_for(header):
                self._guarded(header, payload)
            else:
                self._refuse(header, RESULT_FAILED, "foreign_phone")
        elif header.message_id in _BEFORE_AUTHENTICATION:
            self._guarded(header, payload)
        else:
            self._refuse(header, RESULT_FAILED, "unauthenticated")

    def _guarded(self, header: Header, payload: bytes) -> None:
        """Runs the handler; its complaint about the bytes becomes the answer."""
        handler = _HANDLERS.get(header.message_id)
        if handler is None or header.subpackaged or header.encryption:
            self.counters["refused_unsupported"] += 1
            self._answer(header, RESULT_UNSUPPORTED)
            return
        try:
            handler(self, header, payload[header.body_at :])
        except RemoteProtocolError:
            self._refuse(header, RESULT_BAD_MESSAGE, "bad_body")

    def _refuse(self, header: Header, result: int, cause: str) -> None:
        """Answers a refusal; before authentication it is a strike."""
        self.counters["refused_" + cause] += 1
        if header.message_id not in _UNANSWERED:
            self._answer(header, result)
        if self.state != table.ONLINE:
            self._strikes += 1
            if self._strikes >= self._limits.strikes:
                self._close("too many refused messages before authentication")

    def _close(self, reason: str) -> None:
        self._go(table.CLOSING)
        self._events.append(Close(reason))

    def _answer(self, header: Header, result: int) -> None:
        self._out += self._speaker.general(header, result)

    def _go(self, event: str) -> None:
        following = table.TRANSITIONS[self.state].get(event)
        if following is None:
            raise LocalProtocolError(f"{event} in state {self.state}")
        self.state = following

    def _count_rejections(self) -> None:
        for error, _ in self._splitter.rejections():
            cause = {"check": "check", "body_length": "length"}.get(error.field, "framing")
            self.counters["rejected_" + cause] += 1

    # Who it is.

    def _registration(self, header: Header, body: bytes) -> None:
        asked = (header.phone, header.serial)
        if self._registering == asked:  # resent while the first copy waits for its commit
            return
        edition, device = read_registration(header, body)
        self._registrations += 1
        if self._registrations > self._limits.registrations:
            self._close("too many registrations on one connection")
            return
        self._go(table.REGISTRATION_ASKED)
        self._registering = asked
        identity = identity_of(header.phone.hex())

        def answer(result: int | None, code: bytes) -> None:
            self._registered(header, result, code)

        self._events.append(Register(identity, edition, device, answer))

    def _registered(self, header: Header, result: int | None, code: bytes) -> None:
        self._registering = None
        self._go(table.REGISTRATION_ANSWERED)
        if result is None:
            self._answer(header, RESULT_FAILED)  # 0x8100 has no result for "try again"
            return
        self.counters["registered" if result == RESULT_OK else "refused_registration"] += 1
        self._out += self._speaker.registration(header, result, code)

    def _authentication(self, header: Header, body: bytes) -> None:
        layout_2019 = header.edition == EDITION_2019
        values = fast.decode_body(
            MSG_TERMINAL_AUTHENTICATION, EDITION_2019 if layout_2019 else EDITION_2013, body
        )
        identity = identity_of(header.phone.hex())
        code = bytes(values["auth_code"]).rstrip(b"\x00")  # 2011 ends its strings with a zero byte
        edition = self._door.authenticate(identity, code, layout_2019)
        if edition is None:
            self._leave()
            self._go(table.CODE_REFUSED)
            self._refuse(header, RESULT_FAILED, "wrong_code")
            return
        self._go(table.CODE_ACCEPTED)
        self._strikes = 0
        self._intake.adopt(header, edition)
        self.counters["authenticated"] += 1
        self._events.append(Authenticated(identity))
        self._answer(header, RESULT_OK)

    def _deregistration(self, header: Header, body: bytes) -> None:
        del body
        identity = self.identity
        assert identity is not None, "only an authenticated terminal gets here"
        self._go(table.DEREGISTRATION_ASKED)
        self._leave()

        def answer(written: bool) -> None:
            self._go(table.DEREGISTRATION_ANSWERED)
            self._answer(header, RESULT_OK if written else RESULT_FAILED)

        self._events.append(Deregister(identity, answer))

    def _leave(self) -> None:
        """Nobody is authenticated any longer; who was has the time of a stranger to come back."""
        if self.identity is not None:
            self._events.append(Left(self.identity))
            self._unknown_since_ms = self._heard_ms
        self._intake.forget()

    # What it says.

    def _heartbeat(self, header: Header, body: bytes) -> None:
        del body
        self._answer(header, RESULT_OK)

    def _general_response(self, header: Header, body: bytes) -> None:
        """Counted already; commands will look for their answer here."""
        fast.decode_body(header.message_id, EDITION_2013, body)

    def _position(self, header: Header, body: bytes) -> None:
        self._intake.position(header, body)

    def _batch(self, header: Header, body: bytes) -> None:
        self._intake.batch(header, body)

    def _query_response(self, header: Header, body: bytes) -> None:
        self._intake.query_response(header, body)


_HANDLERS: Final[dict[int, Callable[[Session, Header, bytes], None]]] = {
    MSG_TERMINAL_GENERAL_RESPONSE: Session._general_response,
    MSG_TERMINAL_HEARTBEAT: Session._heartbeat,
    MSG_TERMINAL_DEREGISTRATION: Session._deregistration,
    MSG_TERMINAL_REGISTRATION: Session._registration,
    MSG_TERMINAL_AUTHENTICATION: Session._authentication,
    MSG_POSITION_REPORT: Session._position,
    MSG_POSITION_QUERY_RESPONSE: Session._query_response,
    MSG_POSITION_BATCH_UPLOAD: Session._batch,
}
