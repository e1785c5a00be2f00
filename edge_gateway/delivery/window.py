"""Batches on their way: bounded, confirmed in any order, the cursor only over what has no gap. Pure."""

from collections.abc import Callable, Iterator
from typing import Final

from .backoff import grown_ms

DOUBLINGS_MAX: Final = 3  # a receipt that never comes is asked for at 1, 2, 4, 8, 8, … timeouts
_SETTLED_FACTOR: Final = 4  # so far confirmations may run ahead of a batch that got lost


class InFlight:
    """One batch. name: batch id; first, last: sequences; payload: the message, b"" once settled.

    digest: SHA-256 of the message, which a receipt must name. due_ms: when it is to be sent (again).
    sends: how often it was handed to the link, or found to be there still. at_broker: PUBACKed in this or an
    earlier connection.
    """

    __slots__ = ("at_broker", "digest", "due_ms", "first", "last", "name", "payload", "sends", "settled")

    def __init__(self, name: str, first: int, last: int, *, payload: bytes, digest: str, now_ms: int) -> None:
        self.name = name
        self.first = first
        self.last = last
        self.payload = payload
        self.digest = digest
        self.sends = 0
        self.due_ms = now_ms
        self.at_broker = False
        self.settled = False

    @property
    def count(self) -> int:
        """How many records."""
        return self.last - self.first + 1


class Window:
    """At most `size` unconfirmed batches behind `cursor`, the last sequence known to be delivered.

    timeout_ms: how long a batch that the broker has waits for its confirmation before it is sent again.
    random01: numbers in 0…1 for jitter.
    """

    def __init__(self, size: int, timeout_ms: int, cursor: int, random01: Callable[[], float]) -> None:
        self.cursor = cursor
        self._size = size
        self._timeout_ms = timeout_ms
        self._random01 = random01
        self._batches: dict[str, InFlight] = {}  # in the order of their sequences
        self._unsettled = 0

    @property
    def has_room(self) -> bool:
        """Whether another batch may be added."""
        return self._unsettled < self._size and len(self._batches) < _SETTLED_FACTOR * self._size

    @property
    def in_flight(self) -> int:
        """Unconfirmed batches."""
        return self._unsettled

    @property
    def taken_through(self) -> int:
        """The last sequence that is in the window or behind the cursor: the next batch begins after it."""
        return next(reversed(self._batches.values())).last if self._batches else self.cursor

    def add(self, batch: InFlight) -> None:
        """Takes the next batch, to be sent at its `due_ms`. Raises ValueError when it is not the next."""
        if batch.first != self.taken_through + 1:
            raise ValueError(f"{batch.name} does not follow sequence {self.taken_through}")
        self._batches[batch.name] = batch
        self._unsettled += 1

    def find(self, name: str) -> InFlight | None:
        """The batch of that id, None when it is unknown or behind the cursor."""
        return self._batches.get(name)

    def due(self, now_ms: int) -> list[InFlight]:
        """The batches to send now, oldest first."""
        return [batch for batch in self._waiting() if batch.due_ms <= now_ms]

    def sent(self, batch: InFlight, now_ms: int) -> None:
        """It was handed to the link, or is there still: it is due again when no confirmation comes."""
        doublings = min(batch.sends, DOUBLINGS_MAX)
        most_ms = self._timeout_ms << DOUBLINGS_MAX
        batch.due_ms = now_ms + grown_ms(self._timeout_ms, doublings, most_ms, self._random01)
        batch.sends += 1

    def link_opened(self, now_ms: int) -> None:
        """A new connection: what the broker does not have goes out at once, the rest waits a timeout."""
        for batch in self._waiting():
            batch.due_ms = max(batch.due_ms, now_ms + self._timeout_ms) if batch.at_broker else now_ms

    def settle(self, batch: InFlight) -> None:
        """It is confirmed: its bytes are freed, and the cursor moves as far as there is no gap."""
        if batch.settled:
            return
        batch.settled = True
        batch.payload = b""
        self._unsettled -= 1
        while self._batches:
            head = next(iter(self._batches.values()))
            if not head.settled:
                break
            self.cursor = head.last
            del self._batches[head.name]

    def next_deadline_ms(self) -> int | None:
        """When the next batch is due; None when none is waiting."""
        return min((batch.due_ms for batch in self._waiting()), default=None)

    def _waiting(self) -> Iterator[InFlight]:
        return (batch for batch in self._batches.values() if not batch.settled)
