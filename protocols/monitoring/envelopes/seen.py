"""Which messages were taken already: of each session the highest number and a window below it. Pure."""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from .errors import MALFORMED, REPEATED, EnvelopeError

WINDOW: Final = 1024  # numbers below the highest that may still come; a sender has fewer on their way
SESSIONS_MAX: Final = 64  # of one sender, some 200 bytes each; one begins an hour, and one at each start


class Mark(NamedTuple):
    """One message. sender, session: its signing key's and its session's id, 8 bytes each; session_ms: when
    that began; number: within it."""

    sender: bytes
    session: bytes
    session_ms: int
    number: int


class _Session:
    __slots__ = ("began_ms", "bits", "highest")

    def __init__(self, began_ms: int) -> None:
        self.began_ms = began_ms
        self.highest = 0
        self.bits = 0  # bit n: highest - n was taken

    def add(self, number: int) -> None:
        if number > self.highest:
            grown = number - self.highest
            self.bits = self.bits << grown & (1 << WINDOW) - 1 if grown < WINDOW else 0
            self.highest = number
        behind = self.highest - number
        if behind < WINDOW:
            self.bits |= 1 << behind


class _Sender:
    """One sender's sessions; those that began before `floor_ms` had no room, and are refused for that."""

    __slots__ = ("floor_ms", "sessions")

    def __init__(self) -> None:
        self.sessions: dict[bytes, _Session] = {}
        self.floor_ms = 0

    def drop_before(self, began_ms: int) -> None:
        self.sessions = {name: one for name, one in self.sessions.items() if one.began_ms >= began_ms}


class SeenMessages:
    """keep: told of each mark that is added, to write it down; `add` of them all brings the memory back.

    Senders are those that the key ring knows, so there are not many; each has SESSIONS_MAX sessions.
    """

    def __init__(self, keep: Callable[[Mark], None] | None = None) -> None:
        self._senders: dict[bytes, _Sender] = {}
        self._keep = keep

    def __len__(self) -> int:
        return sum(len(sender.sessions) for sender in self._senders.values())

    def check(self, mark: Mark) -> None:
        """Raises EnvelopeError: 3001 for a message taken already, 3004 where that can no longer be told."""
        sender = self._senders.get(mark.sender)
        if sender is None:
            return
        if mark.session_ms < sender.floor_ms:
            raise EnvelopeError(MALFORMED, "of a session that is over and forgotten", "session_ms")
        session = sender.sessions.get(mark.session)
        if session is None or mark.number > session.highest:
            return
        behind = session.highest - mark.number
        if behind >= WINDOW:
            raise EnvelopeError(MALFORMED, f"number {mark.number} is far below {session.highest}", "number")
        if session.bits >> behind & 1:
            raise EnvelopeError(REPEATED, f"number {mark.number} was taken already", "number")

    def add(self, mark: Mark) -> None:
        """It is taken. Twice the same is once."""
        sender = self._senders.setdefault(mark.sender, _Sender())
        session = sender.sessions.get(mark.session)
        if session is None:
            session = sender.sessions[mark.session] = _Session(mark.session_ms)
            if len(sender.sessions) > SESSIONS_MAX:
                sender.floor_ms = min(one.began_ms for one in sender.sessions.values()) + 1
                sender.drop_before(sender.floor_ms)
        session.add(mark.number)
        if self._keep is not None:
            self._keep(mark)

    def forget_before(self, began_ms: int) -> None:
        """Drops the sessions of which no message is young enough any more."""
        for sender in self._senders.values():
            sender.drop_before(began_ms)

    def marks(self) -> Iterator[Mark]:
        """What is remembered: the highest number of each session and those below it within the window."""
        for sender_id, sender in self._senders.items():
            for name, session in sender.sessions.items():
                for behind in range(min(WINDOW, session.highest + 1)):
                    if session.bits >> behind & 1:
                        yield Mark(sender_id, name, session.began_ms, session.highest - behind)
