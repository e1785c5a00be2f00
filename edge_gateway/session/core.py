"""One terminal's connection: bytes and time in; answers, reports and events out.

Reports are never answered here: their answers leave with them to the journal and come back after the commit.
One bad frame costs one frame. Who is not authenticated gets failures, and after a few of them the door.
`dispatch` opens frames and finds who works on them; what each message does stands in the file of its family.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from protocols.jt808.body_encryption import BodyCipher
from protocols.jt808.quirks import Profile
from protocols.wire.errors import LocalProtocolError
from protocols.wire.framing import DELIMITER, FrameSplitter
from protocols.wire.header import EDITION_2013, Header
from protocols.wire.reassembly import SentBuffer

from . import dispatch, downlink, pictures, serials, table
from .answers import Speaker, as_failures
from .events import Close, Event, Submission
from .ids import UNANSWERED
from .intake import Intake
from .packages import Packages, Received
from .ports import Door, House, SessionLimits

_HOUSE: Final = House()


class Session:
    """Feed it with `receive`, then take `data_to_send`, `submissions` and `events`; `tick` it now and then.

    `counters` are shared by all sessions and count what was received and refused, by cause. `state` is one of
    `table`'s. What has no underscore and is not described as the shell's is for the handlers of this room.
    """

    __slots__ = (
        "_events",
        "_pictures",
        "_sent",
        "_unknown_since_ms",
        "between",
        "cipher",
        "counters",
        "door",
        "due_serial",
        "heard_ms",
        "house",
        "intake",
        "limits",
        "out",
        "packages",
        "profile",
        "registering",
        "registrations",
        "speaker",
        "speaks_rsa",
        "splitter",
        "state",
        "strikes",
    )

    def __init__(
        self,
        door: Door,
        limits: SessionLimits,
        counters: Counter[str],
        now_ms: int,
        house: House = _HOUSE,
    ) -> None:
        self.state = table.CONNECTED
        self.counters = counters
        self.door = door
        self.house = house
        self.limits = limits
        self.speaker = Speaker()
        self.intake = Intake(self.speaker)
        self.out = bytearray()
        self.registering: tuple[bytes, int] | None = None  # phone and serial of the 0x0100 in work
        self.registrations = 0
        self.strikes = 0
        self.profile: Profile | None = None
        self.cipher: BodyCipher | None = None
        self.speaks_rsa = False  # it sent a body that we could decrypt
        self._unknown_since_ms = self.heard_ms = now_ms
        self.splitter = FrameSplitter()
        self.between = False  # the splitter holds nothing: the next byte begins a frame or ends one before it
        self._events: list[Event] | None = None  # most sessions have none most of the time
        self.due_serial = 0  # of the terminal's next message
        # Most terminals never need these, and there are many terminals.
        self.packages: Packages | None = None
        self._sent: SentBuffer | None = None
        self._pictures: pictures.Pictures | None = None

    # For the shell.

    @property
    def identity(self) -> str | None:
        """Of the authenticated terminal: its phone digits without leading zeros."""
        origin = self.intake.origin
        return origin.identity if origin else None

    @property
    def edition(self) -> int:
        """In which bodies for the terminal are to be written; 2013 before it is known."""
        origin = self.intake.origin
        return origin.edition if origin else EDITION_2013

    def receive(self, data: bytes, now_ms: int) -> None:
        """Takes the next bytes of the stream. Raises nothing that the peer could cause."""
        at, end = 0, len(data)
        while at < end and self.state != table.CLOSED:
            if self.between:
                at, count, first = self.intake.take_plain(data, at)
                if count:
                    self.counters["frames_0200"] += count
                    self.counters[self.intake.edition_key] += count
                    self.heard_ms = now_ms
                    self.saw(first, count)
                if at == end:
                    break
            # The long way: one candidate, then the lane looks again. For a stranger all that came at once.
            stop = (
                data.find(DELIMITER, at) + 1 if self.state == table.ONLINE else data.rfind(DELIMITER, at) + 1
            )
            piece, self.between = data[at : stop or end], stop > at
            at = stop or end
            for candidate in self.splitter.split(piece):
                dispatch.take(self, candidate, now_ms)
                if self.state == table.CLOSED:
                    break

    def send(self, message_id: int, body: bytes, now_ms: int, first_serial: int | None = None) -> list[int]:
        """Writes a message of the platform, `body` as its edition has it; in packages when it is long.

        first_serial: of an earlier sending on this connection, to say it again with the same serials. Gives
        the serials of its frames; a 0x0001 to any of them comes as `Answered`. Raises
        LocalProtocolError when nobody is authenticated, for an id that is no platform's, and for a body that
        the terminal's encryption cannot carry.
        """
        del now_ms  # repeating is the sender's business
        if self.state != table.ONLINE:
            raise LocalProtocolError(f"nothing can be sent in state {self.state}", message_id)
        return downlink.send(self, message_id, body, first_serial)

    def expects_answer(self, message_id: int) -> bool:
        """Whether the terminal, as its profile says, ever answers this message of ours."""
        return self.profile is None or self.profile.answers(message_id)

    def tick(self, now_ms: int) -> None:
        """Gives up unfinished messages and asks for missing packages, when it is time."""
        if self.packages is not None:
            for missing in self.packages.tick(now_ms):
                downlink.ask_for(self, missing)

    def data_to_send(self) -> bytes:
        """What is to be sent now; forgotten here once taken."""
        if not self.out:
            return b""
        out, self.out = self.out, bytearray()
        return bytes(out)

    def submissions(self) -> list[Submission]:
        """What is to be journalled now, in order; forgotten here once taken."""
        return self.intake.submissions()

    def events(self) -> list[Event]:
        """What else is to be done now, in order; forgotten here once taken."""
        taken = self._events
        self._events = None
        return taken or []

    def expired(self, now_ms: int) -> str:
        """Why the connection is to be closed now; empty when it is not."""
        if self.state != table.ONLINE and now_ms - self._unknown_since_ms > self.limits.unauthenticated_ms:
            return "not authenticated in time"
        if now_ms - self.heard_ms > self.limits.idle_ms:
            return "idle"
        return ""

    def closed(self) -> None:
        """The connection is gone; answers that come later are of no use."""
        self.forget_packages()
        self.go(table.CLOSING)

    @staticmethod
    def refused(answers: bytes) -> bytes:
        """The answers to send instead when the journal did not take the reports."""
        return as_failures(answers)

    # For the handlers.

    def answer(self, header: Header, result: int) -> None:
        """A general response, sent with what is sent next."""
        self.out += self.speaker.general(header, result)

    def refuse(self, header: Header, result: int, cause: str, received: Received | None = None) -> None:
        """Answers a refusal, of all packages of what was received; before authentication it is a strike."""
        self.counters["refused_" + cause] += 1
        if header.message_id not in UNANSWERED:
            serials: Sequence[int] = received.serials if received else (header.serial,)
            self.out += self.speaker.generals(header, result, serials)
        if self.state != table.ONLINE:
            self.strikes += 1
            if self.strikes >= self.limits.strikes:
                self.close("too many refused messages before authentication")

    def say(self, question: Header, message_id: int, edition: int, values: dict[str, Any]) -> None:
        """A special answer, to the phone and version of the question."""
        self.out += self.speaker.message(question.phone, question.version, message_id, edition, values)

    def say_unasked(self, message_id: int, values: dict[str, Any]) -> None:
        """A message of our own accord to the authenticated terminal."""
        origin = self.intake.origin
        assert origin is not None, "only to an authenticated terminal"
        self.out += self.speaker.message(
            self.intake.phone, origin.version, message_id, origin.edition, values
        )

    def emit(self, event: Event) -> None:
        """Something for the shell to do."""
        if self._events is None:
            self._events = []
        self._events.append(event)

    def close(self, reason: str) -> None:
        """Ends the connection once what is to be sent is sent."""
        self.go(table.CLOSING)
        self.emit(Close(reason))

    def saw(self, serial: int, count: int = 1) -> None:
        """So many messages of the authenticated terminal, numbered from `serial` on: counts what it left out.
        What is left out among them shows by the next; a resend among them hides one that is."""
        missed, goes_on = serials.step(self.due_serial, serial)
        if missed:
            self.counters["serial_gaps"] += 1
            self.counters["serials_missed"] += missed
        if goes_on:
            self.due_serial = serial + count & 0xFFFF

    def count_from(self, serial: int) -> None:
        """A terminal that has just said who it is counts on from here."""
        self.due_serial = serial + 1 & 0xFFFF

    def go(self, event: str) -> None:
        """Into the next state. A pair that is not in the table is a bug of ours."""
        following = table.TRANSITIONS[self.state].get(event)
        if following is None:
            raise LocalProtocolError(f"{event} in state {self.state}")
        self.state = following

    def forget_terminal(self) -> None:
        """What was known of whom the connection spoke for."""
        self._unknown_since_ms = self.heard_ms
        self.forget_packages()
        self.profile = self.cipher = self._sent = self._pictures = None
        self.speaks_rsa = False

    def forget_packages(self) -> None:
        """Unfinished messages begin anew."""
        if self.packages is not None:
            self.packages.close()
            self.packages = None

    def sent_buffer(self) -> SentBuffer:
        """The messages in packages that were sent last."""
        if self._sent is None:
            self._sent = SentBuffer()
        return self._sent

    def latest_pictures(self) -> pictures.Pictures:
        """What is known of the terminal's latest pictures."""
        if self._pictures is None:
            self._pictures = pictures.Pictures({}, {})
        return self._pictures
