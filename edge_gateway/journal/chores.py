"""What delivery asks of the writer: set a damaged group aside, and what `destinations` adds (move a cursor,
keep a dead letter). One commit does many of them.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable

from .store import Store

Told = Callable[[BaseException | None], None] | None


class Chore(ABC):
    """Something to be written beside the reports. The asker waits for `done`, or is `told`, in the writer's
    thread, of the error or None: it must be quick."""

    def __init__(self, told: Told = None) -> None:
        self._told = told
        self.done = threading.Event()
        self.error: BaseException | None = None

    @abstractmethod
    def write(self, store: Store) -> None:
        """Writes inside the writer's transaction."""

    def finish(self, error: BaseException | None = None) -> None:
        """Wakes the asker; `error` when it was not written."""
        self.error = error
        self.done.set()
        if self._told:
            self._told(error)


class SetAside(Chore):
    """The group that begins at `first_sequence` is damaged: out of the way with it, bytes and all where they
    are `readable`."""

    def __init__(self, first_sequence: int, problem: str, readable: bool, told: Told = None) -> None:
        super().__init__(told)
        self.readable = readable
        self.first_sequence = first_sequence
        self.problem = problem

    def write(self, store: Store) -> None:
        store.set_aside(self.first_sequence, self.problem, self.readable)
