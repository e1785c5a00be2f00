"""The journals that freight follows: that of this process, or those of workers, read from their files.

A journal has one writer: what was taken from another process's journal is told to that process, which moves
the cursor. How far freight came stands in its own book as well, so words that are lost cost a second look.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, Protocol

from protocols.monitoring.table import RecordTable

from ..journal import Journal, JournalError
from ..journal.reader import Reader, UnreadableGroupError
from ..registry import RegistryError
from .cursor import CURSOR

OWN: Final = ""  # the name of the journal of a gateway without workers
_log = logging.getLogger(__name__)


class Source(Protocol):
    """One journal. name: under which the book keeps how far it was taken."""

    name: str

    @property
    def last_sequence(self) -> int:
        """The sequence of the youngest record; 0 where none is kept. Raises JournalError."""

    def read_after(self, sequence: int, max_records: int, max_bytes: int) -> RecordTable:
        """The records behind `sequence`, a run without a gap, maybe none. Raises JournalError."""

    def confirm(self, sequence: int) -> None:
        """Freight needs nothing up to there any more. Raises JournalError: then it is said again."""

    def on_commit(self, callback: Callable[[], None]) -> None:
        """`callback()` after commits, where this can be told; otherwise one looks."""


class OwnJournal:
    """The journal of this process."""

    def __init__(self, journal: Journal) -> None:
        self.name = OWN
        self._view = journal.destination(CURSOR)
        self.read_after = self._view.read_after
        self.on_commit = self._view.on_commit

    @property
    def last_sequence(self) -> int:
        """See Source."""
        return self._view.last_sequence

    def confirm(self, sequence: int) -> None:
        """See Source; returns after the commit."""
        self._view.confirm(sequence)


class JournalFile:
    """A journal that another process writes, or somebody else in this one.

    name: see Source. ask(what, arguments): has the writer do it, as `delivery.apart` words it: "confirm" or
    "set_aside"; returns once it is asked for. Raises JournalError.
    """

    def __init__(self, path: Path, name: str, ask: Callable[[str, list[Any]], None]) -> None:
        self.name = name
        self._path, self._ask = path, ask
        self._reader: Reader | None = None

    @property
    def last_sequence(self) -> int:
        """See Source; 0 before the file is there."""
        if self._reader is not None:
            return self._reader.last_sequence()
        if not self._path.is_file():
            return 0
        reader = Reader(self._path)
        try:
            last = reader.last_sequence()
        except JournalError as error:  # its writer is just making it, or will say what is wrong with it
            _log.debug("%s is looked at again: %s", self._path, error)
            reader.close()
            return 0
        self._reader = reader
        return last

    def read_after(self, sequence: int, max_records: int, max_bytes: int) -> RecordTable:
        """See Source. What is damaged is to be set aside by the writer first: nothing until then."""
        if self._reader is None or sequence >= self.last_sequence:
            return RecordTable.of([])
        try:
            return self._reader.read_after(sequence, max_records, max_bytes)
        except UnreadableGroupError as error:
            self._ask("set_aside", [error.first_sequence, str(error), error.readable])
            raise JournalError(f"{self._path}: records behind {sequence} are damaged: {error}") from error

    def confirm(self, sequence: int) -> None:
        """See Source; returns at once."""
        self._ask("confirm", [sequence, []])

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Nobody tells: one looks."""


class WorkersEar:
    """Tells a worker what is to be written to its journal, one thing at a time; the last word of each kind
    counts. do: the supervisor's way to it; raises RegistryError while the worker is being replaced."""

    def __init__(self, do: Callable[..., Awaitable[Any]]) -> None:
        self._do = do
        self._loop = asyncio.get_running_loop()
        self._wanted: dict[str, list[Any]] = {}
        self._task: asyncio.Task[None] | None = None

    def __call__(self, what: str, arguments: list[Any]) -> None:
        """From any thread."""
        self._loop.call_soon_threadsafe(self._want, what, arguments)

    def _want(self, what: str, arguments: list[Any]) -> None:
        self._wanted[what] = arguments
        if self._task is None or self._task.done():
            self._task = self._loop.create_task(self._tell())

    async def _tell(self) -> None:
        while self._wanted:
            what, arguments = self._wanted.popitem()
            try:
                await self._do("journal", CURSOR, what, arguments)
            except RegistryError as error:  # asked for again with the next records, or at the next look
                _log.debug("a worker's journal was not told: %s", error)
