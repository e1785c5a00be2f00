"""What every envelope can do, and the one that does nothing."""

from typing import NamedTuple, Protocol


class Opened(NamedTuple):
    """payload: the content. sender: who sealed it, "" where nobody signed. session, session_ms, number, key
    (the id of what it was signed with): what names this message; a repetition has the same."""

    payload: bytes
    sender: str = ""
    session: bytes = b""
    session_ms: int = 0
    number: int = 0
    key: bytes = b""


class Envelope(Protocol):
    """Seals and opens. Times are Unix milliseconds. Topics are texts as on the line."""

    profile: str

    def seal(self, payload: bytes, topic: str, now_ms: int, to: str = "") -> bytes:
        """A new envelope each time, also for the same payload. to: whose key; "" the only one there is.

        Raises LocalProtocolError when there is no key to seal with.
        """

    def begin(self, data: bytes, topic: str, now_ms: int, *, sender: str = "", fresh: bool = True) -> Opened:
        """Opens without counting the message as taken: `accept` does, once its effect is durable.

        sender: who alone may have sealed it, "" any known one. fresh: whether age and repetition matter; not
        for retained messages, which carry their own sequence. Raises EnvelopeError.
        """

    def accept(self, opened: Opened) -> None:
        """The message is taken: it opens no more."""

    def open(self, data: bytes, topic: str, now_ms: int, *, sender: str = "", fresh: bool = True) -> bytes:
        """`begin` and `accept` in one, for receivers that cannot lose what they have."""


class PlainEnvelope:
    """The payload as it is. TLS alone guards it, and the broker reads it."""

    profile = "plain"

    def seal(self, payload: bytes, topic: str, now_ms: int, to: str = "") -> bytes:
        """The payload."""
        del topic, now_ms, to
        return payload

    def begin(self, data: bytes, topic: str, now_ms: int, *, sender: str = "", fresh: bool = True) -> Opened:
        """The data; of no certain sender."""
        del topic, now_ms, sender, fresh
        return Opened(data)

    def accept(self, opened: Opened) -> None:
        """Nothing is remembered: repetitions are the receiver's to recognise."""

    def open(self, data: bytes, topic: str, now_ms: int, *, sender: str = "", fresh: bool = True) -> bytes:
        """The data."""
        return self.begin(data, topic, now_ms, sender=sender, fresh=fresh).payload
