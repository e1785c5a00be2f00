"""What delivery asks of the writer: move the cursor, keep a dead letter, set a damaged group aside.

One commit does many of them.
"""

import threading
from abc import ABC, abstractmethod

from .store import Store


class Chore(ABC):
    """Something to be written beside the reports. The asker waits for `done`."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.error: BaseException | None = None

    @abstractmethod
    def write(self, store: Store) -> None:
        """Writes inside the writer's transaction."""

    def finish(self, error: BaseException | None = None) -> None:
        """Wakes the asker; `error` when it was not written."""
        self.error = error
        self.done.set()


class Confirm(Chore):
    """Delivery has proof for every record up to `sequence`."""

    def __init__(self, sequence: int) -> None:
        super().__init__()
        self.sequence = sequence

    def write(self, store: Store) -> None:
        store.set_confirmed(self.sequence)


class Reject(Chore):
    """The monitoring system refused these records: (sequence, reason). `kept`: how many were new."""

    def __init__(self, entries: list[tuple[int, str]]) -> None:
        super().__init__()
        self.entries = entries
        self.kept = 0

    def write(self, store: Store) -> None:
        self.kept = sum(store.reject(sequence, reason) for sequence, reason in self.entries)


class SetAside(Chore):
    """The group that begins at `first_sequence` cannot be read: out of the way with it, bytes and all."""

    def __init__(self, first_sequence: int, problem: str) -> None:
        super().__init__()
        self.first_sequence = first_sequence
        self.problem = problem

    def write(self, store: Store) -> None:
        store.set_aside(self.first_sequence, self.problem)
