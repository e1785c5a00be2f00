"""The journal as the delivery process sees it: read from the file, written by the gateway."""

import itertools
import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from protocols.monitoring.table import RecordTable

from ...journal import JournalError
from ...journal.destinations import Position
from ...journal.reader import Reader, UnreadableGroupError
from ..spans import Span
from .lines import Lines

_NEVER: Final = 2**63 - 1
_log: Final = logging.getLogger(__name__)


class RemoteJournal:
    """A JournalOfMany. positions: of each destination, as the gateway has them at the start."""

    def __init__(self, path: Path, lines: Lines, positions: dict[str, list[Any]]) -> None:
        self._reader = Reader(path)
        self._lines = lines
        self._numbers = itertools.count(1)
        self._waiting: dict[int, _Answer] = {}
        self._told_sequence = 0
        self._lock = threading.Lock()
        self._watch_lock = threading.Lock()  # what is said last is what is wanted last
        self.record_bytes = 0.0
        self._views = {name: RemoteView(self, name, _position_of(said)) for name, said in positions.items()}

    @property
    def confirmed_sequence(self) -> int:
        """The cursor of the slowest destination."""
        return min(view.confirmed_sequence for view in self._views.values())

    @property
    def last_sequence(self) -> int:
        """Of the youngest record that the file holds or the gateway told of."""
        with suppress(JournalError):  # a damaged page: it will be found when it is its turn to be read
            self._told_sequence = max(self._told_sequence, self._reader.last_sequence())
        return self._told_sequence

    def destination(self, name: str) -> "RemoteView":
        """The journal as that destination sees it."""
        return self._views[name]

    def read_after(self, sequence: int, max_records: int, max_bytes: int) -> RecordTable:
        """As Journal.read_after."""
        while sequence < self.last_sequence:
            try:
                return self._reader.read_after(sequence, max_records, max_bytes)
            except UnreadableGroupError as error:
                self.ask(
                    next(iter(self._views)), "set_aside", [error.first_sequence, str(error), error.readable]
                )
                _log.error(
                    "the records behind %d are damaged on the disk (%s): their bytes are set aside, delivery"
                    " goes on behind them",
                    error.first_sequence - 1,
                    error,
                )
        return RecordTable.of([])

    def set_aside_after(self, sequence: int) -> int:
        """As Journal.set_aside_after."""
        return self._reader.set_aside_after(sequence)

    def ask(self, destination: str, what: str, arguments: list[Any]) -> list[Any] | None:
        """Has the gateway write it; gives the position afterwards. Raises JournalError when it did not."""
        answer, number = _Answer(), next(self._numbers)
        with self._lock:
            self._waiting[number] = answer
        if not self._lines.say({"ask": number, "destination": destination, what: arguments}):
            raise JournalError("the gateway is gone")
        answer.came.wait()
        if answer.error:
            raise JournalError(f"not written: {answer.error}")
        return answer.position

    def watch(self) -> None:
        """Tells the gateway which commit is the next that somebody waits for."""
        with self._watch_lock:
            self._lines.say({"watch": min(view.wanted for view in self._views.values())})

    def hear(self, line: dict[str, Any]) -> None:
        """Takes a line of the gateway that is the journal's: "at" or "done"."""
        if "at" in line:
            self._told_sequence = max(self._told_sequence, line["at"])
            self.record_bytes = line["record_bytes"]
            for view in self._views.values():
                view.committed(self._told_sequence)
            if any(view.wanted < _NEVER for view in self._views.values()):
                self.watch()  # the gateway told one and forgot it; one that was named meanwhile, too
            return
        with self._lock:
            answer = self._waiting.pop(line["done"])
        answer.error, answer.position = line["error"], line["position"]
        answer.came.set()

    def gone(self) -> None:
        """The gateway is: nobody who asked will get an answer."""
        with self._lock:
            waiting, self._waiting = list(self._waiting.values()), {}
        for answer in waiting:
            answer.error = "the gateway is gone"
            answer.came.set()


class RemoteView:
    """The journal with the cursor of one destination; a JournalPort, see there."""

    def __init__(self, journal: RemoteJournal, name: str, position: Position) -> None:
        self._journal = journal
        self._name = name
        self._position = position
        self._callbacks: list[Callable[[], None]] = []
        self.wanted = _NEVER
        self.read_after = journal.read_after
        self.set_aside_after = journal.set_aside_after

    @property
    def last_sequence(self) -> int:
        """The sequence of the youngest record."""
        return self._journal.last_sequence

    @property
    def record_bytes(self) -> float:
        """What a kept record costs in the file, on average."""
        return self._journal.record_bytes

    @property
    def confirmed_sequence(self) -> int:
        """The durable cursor."""
        return self._position.confirmed

    @property
    def ahead(self) -> tuple[Span, ...]:
        """What is confirmed beyond the cursor."""
        return self._position.ahead

    @property
    def lost(self) -> int:
        """Records given up for this destination, ever."""
        return self._position.lost

    def confirm(self, sequence: int, ahead: Sequence[Span] = ()) -> None:
        """Moves the cursor, durably, when it or what is ahead is new."""
        before = self._position
        if sequence > before.confirmed or (sequence == before.confirmed and tuple(ahead) != before.ahead):
            self._ask("confirm", [sequence, list(ahead)])

    def cut_loose(self, sequence: int, ahead: Sequence[Span], lost: int) -> None:
        """Gives `lost` records up."""
        self._ask("cut_loose", [sequence, list(ahead), lost])

    def reject(self, entries: list[tuple[int, str]]) -> None:
        """Keeps copies of records that were refused."""
        if entries:
            self._ask("reject", [entries])

    def on_commit(self, callback: Callable[[], None]) -> None:
        """See JournalPort."""
        self._callbacks.append(callback)

    def wake_at(self, sequence: int) -> None:
        """See JournalPort."""
        if sequence != self.wanted:
            self.wanted = sequence
            self._journal.watch()

    def committed(self, last_sequence: int) -> None:
        """The journal ends there now."""
        if last_sequence >= self.wanted:
            self.wanted = _NEVER
            for callback in self._callbacks:
                callback()

    def _ask(self, what: str, arguments: list[Any]) -> None:
        position = self._journal.ask(self._name, what, arguments)
        if position is not None:
            self._position = _position_of(position)


class _Answer:
    """What a thread waits for."""

    def __init__(self) -> None:
        self.came = threading.Event()
        self.error: str | None = None
        self.position: list[Any] | None = None


def _position_of(said: list[Any]) -> Position:
    confirmed, ahead, lost = said
    return Position(confirmed, tuple((first, last) for first, last in ahead), lost)
