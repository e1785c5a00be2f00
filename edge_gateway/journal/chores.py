"""What delivery asks of the writer: set a damaged group aside, and what `destinations` adds (move a cursor,
keep a dead letter). One commit does many of them.
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


class SetAside(Chore):
    """The group that begins at `first_sequence` is damaged: out of the way with it, bytes and all where they
    are `readable`."""

    def __init__(self, first_sequence: int, problem: str, readable: bool) -> None:
        super().__init__()
        self.readable = readable
        self.first_sequence = first_sequence
        self.problem = problem

    def write(self, store: Store) -> None:
        store.set_aside(self.first_sequence, self.problem, self.readable)
