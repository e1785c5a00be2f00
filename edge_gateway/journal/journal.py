"""The journal as its users see it: sessions submit, delivery reads and confirms."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from protocols.monitoring.table import RecordTable

from .chores import Chore, SetAside
from .destinations import DEFAULT, Position
from .group import FAILED, FULL, Release, Submission
from .origin import Origin
from .packed import Report, pack_reports
from .reader import Reader, UnreadableGroupError
from .schema import JournalError
from .view import DestinationView
from .writer import Deliver, Writer

SUBMISSION_MAX: Final = 0x8000  # reports in one submission; more than one read of a socket can hold
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class JournalLimits:
    """max_bytes: size of the file's content at which new reports are refused. max_waiting: reports that may
    wait for their commit, in all; a disk that stalls must not fill the memory."""

    max_bytes: int = 4 << 30
    max_waiting: int = 200_000


def _call_here(released: list[tuple[Callable[[int], None], int]]) -> None:
    for tell, outcome in released:
        tell(outcome)


def _call(release: Callable[[int], None], outcome: int) -> None:
    release(outcome)


def _at_once(hand_over: Callable[[], None]) -> None:
    hand_over()


class Journal:
    """`submit` from one thread (the event loop); everything else from any thread but the writer's."""

    def __init__(
        self,
        path: Path,
        limits: JournalLimits = JournalLimits(),
        deliver: Deliver = _call_here,
        soon: Callable[[Callable[[], None]], object] = _at_once,
        destinations: Sequence[str] = (DEFAULT,),
    ) -> None:
        """Opens or makes the file, brings it up to date, starts the writer.

        `deliver` is called in the writer's thread, once per commit, with [(release, outcome)]: it brings them
        to where they are to be called; without one they are called there. `soon` (a loop's `call_soon`) lets
        what one turn of the loop reads go to the writer in one piece. destinations: who must have confirmed a
        record before it may be deleted, at least one. Raises JournalError.
        """
        self.path = path
        self._limits = limits
        self._writer = Writer(path, limits.max_bytes, deliver, destinations)
        self._reader = Reader(path)
        self._soon = soon
        self.pending: list[Submission] = []  # what the writer will get next
        # The writer gets the next piece when those who waited for the last one have been told. Were it let go
        # on at once, it would commit the few reports that came meanwhile while the answers are being written,
        # and commits of few cost as much as commits of many.
        self._writing = False
        self._lock = threading.Lock()  # over the two above
        self.submitted = 0  # reports, since the start
        self.bound = limits.max_waiting  # of `submitted`, as far as it was looked; beyond, look again
        self._closed = False

    def submit(
        self, origin: Origin, received_ms: int, reports: list[Report], release: Callable[[int], None]
    ) -> None:
        """Takes reports (serial, kind, body) of one terminal; `release(outcome)` follows, through `deliver`.

        STORED: every one is on the disk, resends since earlier. FULL or FAILED: answer failure, the terminal
        will send again; which of them were stored is not said.
        """
        self.submit_packed(origin, received_ms, pack_reports(reports), len(reports), _call, release)

    def submit_packed(  # noqa: PLR0917 - keywords cost, and this is called for every read
        self, origin: Origin, received_ms: int, packed: bytes, count: int, release: Release, ticket: Any
    ) -> None:
        """The same for `count` reports that `packed.pack_reports` or the fast lane put into one piece;
        `release(ticket, outcome)` follows."""
        if count > SUBMISSION_MAX:
            raise ValueError(f"{count} reports in one submission")
        if self._closed:
            self._writer.deliver([(partial(release, ticket), FAILED)])
        elif self.submitted - self._writer.taken > self._limits.max_waiting:
            self._writer.deliver([(partial(release, ticket), FULL)])
        else:
            with self._lock:
                self.submitted += count
                self.pending.append((origin, received_ms, packed, count, release, ticket))
                first = len(self.pending) == 1
            if first:
                self.due()

    def due(self) -> None:
        """Something is pending that was not before: it goes to the writer with what this turn still brings.

        `turn.take_read` adds to `pending` and `submitted` by itself: only where everything happens in the
        thread of the loop.
        """
        if not self._writing:
            self._soon(self._hand_over)

    @property
    def last_sequence(self) -> int:
        """The sequence of the youngest record; also how many there ever were."""
        return self._writer.last_sequence

    @property
    def confirmed_sequence(self) -> int:
        """Every record up to here is delivered to every destination, a dead letter, set aside as damaged, or
        given up loudly."""
        return self._writer.confirmed

    def destination(self, name: str) -> DestinationView:
        """The journal as the destination of that name sees it. Raises KeyError for one that was not given."""
        if name not in self._writer.cursors.positions:
            raise KeyError(name)
        return DestinationView(self, name)

    def read_after(self, sequence: int, max_records: int, max_bytes: int) -> RecordTable:
        """The records behind `sequence`, a run without a gap, maybe none; bounds as in Reader.read_after.

        A damaged group in the way is set aside, durably; then the run begins behind it. Raises JournalError.
        """
        while sequence < self.last_sequence:
            try:
                return self._reader.read_after(sequence, max_records, max_bytes)
            except UnreadableGroupError as error:
                self.ask(SetAside(error.first_sequence, str(error), error.readable))
                _log.error(
                    "the records %d…%d are damaged on the disk (%s): their bytes are set aside, delivery"
                    " goes on behind them",
                    error.first_sequence,
                    self.set_aside_after(error.first_sequence - 1),
                    error,
                )
        return RecordTable.of([])

    def set_aside_after(self, sequence: int) -> int:
        """The end of the damaged group that held the record behind `sequence`; `sequence` when there is none.

        The cursor may pass what was set aside, and no other gap. Raises JournalError.
        """
        return self._reader.set_aside_after(sequence)

    def confirm(self, sequence: int) -> None:
        """Moves the cursor, durably, never back; groups behind it may be deleted. Returns after the commit.

        Raises JournalError when it could not be written (ask again: nothing is lost meanwhile), ValueError
        for a sequence that was never given.
        """
        self.destination(DEFAULT).confirm(sequence)

    def reject(self, entries: list[tuple[int, str]]) -> None:
        """Keeps copies of records that the monitoring system refused: (sequence, reason).

        The cursor does not move by this: confirm them afterwards. Raises JournalError.
        """
        self.destination(DEFAULT).reject(entries)

    def on_commit(self, callback: Callable[[], None]) -> None:
        """`callback()` in the writer's thread after each commit of new records: must be cheap, must not call
        `confirm` or `reject`."""
        self._writer.listeners.append(callback)

    @property
    def died(self) -> bool:
        """Whether the writer met a bug: the gateway should stop, everything is refused."""
        return self._writer.died

    def position(self, destination: str) -> Position:
        """Where a destination stands."""
        return self._writer.cursors.positions[destination]

    @property
    def record_bytes(self) -> float:
        """What a kept record costs in the file, on average; 0 when none is kept."""
        return self._writer.record_bytes

    def stats(self) -> dict[str, int]:
        """Counters since the start, and where the journal stands."""
        writer = self._writer
        return {
            "journalled": writer.last_sequence,
            "confirmed": writer.confirmed,
            "queued": writer.last_sequence - writer.confirmed,
            "rejected": writer.rejected,
            "damaged": writer.damaged,
            "duplicates": writer.duplicates,
            "waiting": self.submitted - writer.taken,
            "groups": writer.groups,
            "grouped": writer.records,
            "group_max": writer.group_max,
            "refused_full": writer.refused_full,
            "failed_commits": writer.failed_commits,
            "used_bytes": writer.used_bytes,
        }

    def close(self) -> None:
        """Commits what was submitted, releases it, closes the file. Later submissions are refused.

        To be called once nobody submits, or from the thread that does.
        """
        if not self._closed:
            self._closed = True
            self._hand_over()
            self._writer.close()
            self._reader.close()

    def _hand_over(self) -> None:
        with self._lock:
            submissions, self.pending = self.pending, []
            self._writing = bool(submissions)
        self.bound = -1 if self._closed else self._writer.taken + self._limits.max_waiting
        if submissions:
            # The last to be told is the journal itself.
            self._writer.put([*submissions, (submissions[-1][0], 0, b"", 0, self._told, None)])

    def _told(self, ticket: None, outcome: int) -> None:
        del ticket, outcome
        with self._lock:
            self._writing = False
            due = bool(self.pending)
        if due:
            self._soon(self._hand_over)

    def ask(self, chore: Chore) -> None:
        """Has the writer do it; returns after the commit. Raises JournalError when it was not written."""
        self.post(chore)
        chore.done.wait()
        if chore.error:
            raise JournalError(f"not written: {chore.error}") from chore.error

    def post(self, chore: Chore) -> None:
        """Has the writer do it and does not wait. Raises JournalError when the journal is closed."""
        if self._closed:
            raise JournalError("the journal is closed")
        self._writer.put(chore)
