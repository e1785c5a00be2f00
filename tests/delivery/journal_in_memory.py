"""The smallest thing that keeps the promises of the journal: for tests of delivery without a disk."""

import threading
from collections.abc import Callable, Sequence

from edge_gateway.delivery.spans import Span
from protocols.monitoring.records import Record


class JournalInMemory:
    """Thread-safe. `append` plays the commit."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.dead_letters: dict[int, str] = {}
        self.confirmed_sequence = 0
        self.ahead: tuple[Span, ...] = ()
        self.lost = 0
        self.record_bytes = 100.0
        self.confirm_calls = 0
        self._listeners: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    @property
    def last_sequence(self) -> int:
        return len(self.records)

    def append(self, records: list[Record]) -> None:
        with self._lock:
            first = len(self.records) + 1
            self.records += [record._replace(sequence=first + at) for at, record in enumerate(records)]
        for listener in self._listeners:
            listener()

    def read_after(self, sequence: int, max_records: int, max_bytes: int) -> list[Record]:
        taken: list[Record] = []
        for record in self.records[sequence : sequence + max_records]:
            max_bytes -= len(record.body)
            if taken and max_bytes < 0:
                break
            taken.append(record)
        return taken

    def set_aside_after(self, sequence: int) -> int:
        return sequence

    def destination(self, name: str) -> "JournalInMemory":
        """For the one destination that a test has."""
        return self

    def confirm(self, sequence: int, ahead: Sequence[Span] = ()) -> None:
        with self._lock:
            assert self.confirmed_sequence <= sequence <= len(self.records)
            self.confirmed_sequence = sequence
            self.ahead = tuple(ahead)
            self.confirm_calls += 1

    def cut_loose(self, sequence: int, ahead: Sequence[Span], lost: int) -> None:
        self.confirm(sequence, ahead)
        self.lost += lost

    def reject(self, entries: list[tuple[int, str]]) -> None:
        with self._lock:
            self.dead_letters.update(entries)

    def on_commit(self, callback: Callable[[], None]) -> None:
        self._listeners.append(callback)

    def wake_at(self, sequence: int) -> None:
        """Every commit is told of, which is allowed."""
