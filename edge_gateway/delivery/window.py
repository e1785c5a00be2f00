"""Batches on their way: bounded, confirmed in any order, the cursor only over what has no gap. Pure."""

from collections.abc import Callable, Iterable
from typing import Final

from .backoff import grown_ms
from .spans import Span, Spans

DOUBLINGS_MAX: Final = 3  # a receipt that never comes is asked for at 1, 2, 4, 8, 8, … timeouts

Message = tuple[str, bytes]  # topic and payload


class InFlight:
    """One batch. name: batch id; first, last: the sequences that it accounts for; count: records in it (a
    filter may have left some out); messages: what is published, nothing once settled.

    digest: SHA-256 of the payload of a batch of one message, which a receipt must name. received_ms: UTC, of
    its first record. live: read by the live lane. due_ms: when it is to be sent (again). sent_ms: when it was
    sent last. sends: how often it was handed to the link, or found to be there still. unacknowledged:
    messages that this connection still carries. at_broker: PUBACKed in this or an earlier connection.
    """

    __slots__ = (
        "at_broker", "count", "digest", "due_ms", "first", "last", "live", "messages", "name",
        "received_ms", "sends", "sent_ms", "settled", "unacknowledged",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        first: int,
        last: int,
        *,
        count: int,
        messages: list[Message],
        digest: str,
        now_ms: int,
        received_ms: int = 0,
        live: bool = True,
    ) -> None:
        self.name = name
        self.first = first
        self.last = last
        self.count = count
        self.messages = messages
        self.digest = digest
        self.received_ms = received_ms
        self.live = live
        self.sends = 0
        self.due_ms = self.sent_ms = now_ms
        self.unacknowledged = 0
        self.at_broker = False
        self.settled = False

    @property
    def payload(self) -> bytes:
        """The payload of a batch of one message; empty where nothing is sent, or not any more."""
        return self.messages[0][1] if self.messages else b""

    @property
    def size(self) -> int:
        """Bytes of its payloads."""
        return sum(len(payload) for _, payload in self.messages)


class Window:
    """At most `size` unconfirmed batches. `cursor`: everything up to it is confirmed; `ahead`: what is
    confirmed beyond it.

    timeout_ms: how long a batch that the broker has waits for its confirmation before it is sent again.
    random01: numbers in 0…1 for jitter.
    """

    def __init__(
        self,
        size: int,
        timeout_ms: int,
        cursor: int,
        random01: Callable[[], float],
        ahead: Iterable[Span] = (),
    ) -> None:
        self.cursor = cursor
        self._ahead = Spans(ahead)
        self._size = size
        self._timeout_ms = timeout_ms
        self._random01 = random01
        self._batches: dict[str, InFlight] = {}

    @property
    def has_room(self) -> bool:
        """Whether another batch may be added."""
        return len(self._batches) < self._size

    @property
    def in_flight(self) -> int:
        """Unconfirmed batches."""
        return len(self._batches)

    @property
    def ahead(self) -> tuple[Span, ...]:
        """What is confirmed beyond the cursor."""
        return tuple(self._ahead)

    @property
    def confirmed_ahead(self) -> int:
        """How many sequences that are."""
        return self._ahead.count

    @property
    def oldest_ms(self) -> int | None:
        """When the oldest record on its way was received, UTC; None when nothing is."""
        return min((batch.received_ms for batch in self._batches.values()), default=None)

    def room_for_backlog(self, reserved: int, allowed_records: float) -> bool:
        """Whether a batch of the backlog may be added: `reserved` places are the live lane's, and at most
        `allowed_records` of the backlog may be on their way, but one batch always."""
        waiting = [batch for batch in self._batches.values() if not batch.live]
        if len(self._batches) + reserved >= self._size and waiting:
            return False
        return not waiting or sum(batch.count for batch in waiting) < allowed_records

    def add(self, batch: InFlight) -> None:
        """Takes a batch, to be sent at its `due_ms`. Raises ValueError when it is here or confirmed."""
        overlaps = any(
            batch.first <= other.last and other.first <= batch.last for other in self._batches.values()
        )
        if overlaps or batch.first <= self.cursor or self._ahead.covers(batch.first, batch.first):
            raise ValueError(f"{batch.name} is on its way or confirmed already")
        self._batches[batch.name] = batch

    def find(self, name: str) -> InFlight | None:
        """The batch of that id, None when it is unknown or confirmed."""
        return self._batches.get(name)

    def is_confirmed(self, first: int, last: int) -> bool:
        """Whether every sequence of first…last is."""
        return last <= self.cursor or self._ahead.covers(max(first, self.cursor + 1), last)

    def due(self, now_ms: int) -> list[InFlight]:
        """The batches to send now, those of the live lane first, then by sequence."""
        found = [batch for batch in self._batches.values() if batch.due_ms <= now_ms]
        return sorted(found, key=lambda batch: (not batch.live, batch.first))

    def sent(self, batch: InFlight, now_ms: int) -> None:
        """It was handed to the link, or is there still: it is due again when no confirmation comes."""
        doublings = min(batch.sends, DOUBLINGS_MAX)
        most_ms = self._timeout_ms << DOUBLINGS_MAX
        batch.due_ms = now_ms + grown_ms(self._timeout_ms, doublings, most_ms, self._random01)
        batch.sent_ms = now_ms
        batch.sends += 1

    def link_opened(self, now_ms: int) -> None:
        """A new connection: what the broker does not have goes out at once, the rest waits a timeout."""
        for batch in self._batches.values():
            batch.unacknowledged = 0
            batch.due_ms = max(batch.due_ms, now_ms + self._timeout_ms) if batch.at_broker else now_ms

    def settle(self, batch: InFlight) -> None:
        """It is confirmed: its bytes are freed, and the cursor moves as far as there is no gap."""
        if batch.settled:
            return
        batch.settled = True
        batch.messages = []
        del self._batches[batch.name]
        self._ahead.add(batch.first, batch.last)
        self._advance(self.cursor)

    def give_up(self, through: int) -> tuple[int, int]:
        """Forgets every batch that ends at `through` or before and moves the cursor there, or before the
        first batch that goes beyond. Gives up to where, and how many records of forgotten batches."""
        crossing = [batch.first for batch in self._batches.values() if batch.first <= through < batch.last]
        through = min([through, *(first - 1 for first in crossing)])
        if through <= self.cursor:
            return self.cursor, 0
        given_up = [batch for batch in self._batches.values() if batch.last <= through]
        for batch in given_up:
            batch.settled = True
            del self._batches[batch.name]
        self._advance(through)
        return through, sum(batch.last - batch.first + 1 for batch in given_up)

    def next_deadline_ms(self) -> int | None:
        """When the next batch is due; None when none is waiting."""
        return min((batch.due_ms for batch in self._batches.values()), default=None)

    def _advance(self, cursor: int) -> None:
        self.cursor = self._ahead.end_of_run(cursor)
        self._ahead.remove_through(self.cursor)
