"""The one thread that writes the journal.

Takes what was submitted while the last commit ran, drops resends, commits the rest as one row, and only then
lets the waiting sessions know. A failed commit changes nothing here or on the disk; the reports are answered
with failure and the next group is tried again.
"""

import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Final

from ..log import Throttle
from ..threads import BatchThread
from .chores import Chore, SetAside
from .damage import is_corrupt
from .destinations import Cursors, Position, Reject
from .group import FAILED, FULL, STORED, Group, Submission, tell
from .schema import JournalError, connect, migrate, transaction
from .store import Store
from .terminals import StateRow, TerminalBook

Deliver = Callable[[list[tuple[Callable[[int], None], int]]], None]

DELETE_STEP: Final = 1024  # delivered records that make a deletion worth its pages
DELETE_AT_ONCE: Final = 8192  # records a commit deletes at most, so that it stays short
PRESSING: Final = 0.75  # of max_bytes: from here on what was delivered is deleted at once
MEASURE_EVERY: Final = 64  # commits between two looks at the true size of the file
_COUNT: Final = itemgetter(3)  # of a submission
_log = logging.getLogger(__name__)


class Writer:
    """Owns the writing connection, the book of terminals and the sequence. Numbers may be read anywhere."""

    def __init__(self, path: Path, max_bytes: int, deliver: Deliver, destinations: Sequence[str]) -> None:
        self.deliver = deliver
        self.listeners: list[Callable[[], None]] = []
        self.groups = self.records = self.duplicates = self.group_max = 0
        self.refused_full = self.failed_commits = 0
        self._path = path
        self._max_bytes = max_bytes
        self._book = TerminalBook()
        self._throttle = Throttle()
        self._store = self._open()
        try:
            self._load(destinations)
        except sqlite3.Error as error:
            self._store.connection.close()
            raise JournalError(f"the journal {path} cannot be read: {error}") from error
        self.taken = 0  # reports taken over from the sessions since the start
        self._thread = BatchThread[list[Submission] | Chore]("journal", self._handle, self._abandon)
        self.put = self._thread.put

    @property
    def record_bytes(self) -> float:
        """Bytes of the file for each kept record."""
        return self.used_bytes / max(1, self.last_sequence - self._deleted)

    @property
    def died(self) -> bool:
        """Whether the thread met a bug; everything is refused since."""
        return self._thread.died

    def close(self) -> None:
        """Writes what was submitted, saves every terminal, closes the file."""
        self._thread.close()
        try:
            self._save_everything()
        except sqlite3.Error as error:
            _log.warning("the journal could not be tidied at the end, which costs time at start: %s", error)
        self._store.connection.close()

    @property
    def confirmed(self) -> int:
        """The cursor of the slowest destination."""
        return self.cursors.floor

    def _load(self, destinations: Sequence[str]) -> None:
        self._store.load(self._book)
        self.last_sequence = self._store.last_sequence()
        self.cursors = Cursors()
        with transaction(self._store.connection):
            kept_after = self._store.deleted_through(self.last_sequence)
            for line in self.cursors.load(self._store.connection, destinations, kept_after):
                _log.error("%s", line)
        self.rejected = self._store.rejected()
        self.damaged = self._store.damaged()
        self.used_bytes = self._store.used_bytes()
        self._deleted = self._store.deleted_through(self.last_sequence)

    def _open(self) -> Store:
        connection = connect(self._path)
        try:
            migrate(connection)
            return Store(connection)
        except BaseException:
            connection.close()
            raise

    def _handle(self, items: list[list[Submission] | Chore]) -> None:
        group, chores = Group(self._book), list[Chore]()
        for item in items:
            if isinstance(item, Chore):
                chores.append(item)
                continue
            at = 0
            while at < len(item):
                at = group.add(item, at)
                if group.closed:
                    self._commit(group, chores)
                    group, chores = Group(self._book), []
            self.taken += sum(map(_COUNT, item))
        if group or chores:
            self._commit(group, chores)

    def _abandon(self, items: list[list[Submission] | Chore]) -> None:
        error = JournalError("the journal's writer has failed; see the log")
        for item in items:
            if isinstance(item, Chore):
                item.finish(error)
            else:
                self.taken += sum(submission[3] for submission in item)
                self.deliver([(partial(tell, item), FAILED)])

    def _commit(self, group: Group, chores: list[Chore]) -> None:
        """One commit, then everybody who waited for it is told."""
        error: Exception | None = None
        try:
            outcome = self._write(group, chores)
        except sqlite3.Error as caught:
            error, outcome = caught, FAILED
            self._recover(caught)
        for chore in chores:
            chore.finish(error)
        if group:
            self.deliver([(group.tell, outcome)])
        if outcome == STORED and group.count:
            for listener in self.listeners:
                listener()

    def _write(self, group: Group, chores: list[Chore]) -> int:
        """STORED or FULL. Raises sqlite3.Error with nothing changed."""
        self._measure()
        first_sequence, count = self.last_sequence + 1, group.count
        packed = group.pack() if count else (b"", b"")
        size = len(packed[0]) + len(packed[1])
        full = bool(count) and self.used_bytes + size > self._max_bytes
        stores = bool(count) and not full
        self._execute((first_sequence, count, *packed) if stores else None, chores)
        if stores:
            self.last_sequence += count
            self.used_bytes += size
            self._count_group(count)
        if not full:
            group.apply(first_sequence)
            self.duplicates += group.repeats()
            return STORED
        self.refused_full += count
        return FULL

    def _execute(self, row: tuple[int, int, bytes, bytes] | None, chores: list[Chore]) -> None:
        """The commit: the group alone in one statement, or with chores and upkeep in a transaction."""
        positions = self.cursors.apply(chores)
        confirmed = min(position.confirmed for position in positions.values())
        pressing = self.used_bytes > PRESSING * self._max_bytes
        rows = self._book.rows_to_save(self._book.due(self.last_sequence, pressing), self.last_sequence)
        deleted = self._deletable(confirmed, pressing)
        if not (chores or rows or deleted > self._deleted):
            if row:
                self._store.insert_group(*row)
            return
        with transaction(self._store.connection):
            if row:
                self._store.insert_group(*row)
            self._write_upkeep(chores, rows, deleted)
        self._finish_upkeep(chores, rows, deleted, positions)

    def _write_upkeep(self, chores: list[Chore], rows: list[StateRow], deleted: int) -> None:
        for chore in chores:
            chore.write(self._store)
        if rows:
            self._store.save_states(rows, self._through_after(rows))
        if deleted > self._deleted:
            self._store.delete_through(deleted)

    def _finish_upkeep(
        self, chores: list[Chore], rows: list[StateRow], deleted: int, positions: dict[str, Position]
    ) -> None:
        self._book.saved(rows)
        self.cursors.positions = positions
        self.rejected += sum(chore.kept for chore in chores if isinstance(chore, Reject))
        if any(isinstance(chore, SetAside) for chore in chores):
            self.damaged = self._store.damaged()
        if deleted > self._deleted:
            self._deleted = deleted
            self.used_bytes = self._store.used_bytes()

    def _through_after(self, rows: list[StateRow]) -> int:
        """Up to where saved rows contain every record once `rows` are saved."""
        return self._book.saved_through(self.last_sequence, skip=len(rows))

    def _deletable(self, confirmed: int, pressing: bool) -> int:
        """The end of the groups this commit deletes: delivered, and contained in saved rows already."""
        limit = min(confirmed, self._book.saved_through(self.last_sequence))
        if limit - self._deleted < (1 if pressing else DELETE_STEP):
            return self._deleted
        return self._store.whole_groups_end(self._deleted, limit, DELETE_AT_ONCE)

    def _measure(self) -> None:
        if not self.groups % MEASURE_EVERY or self.used_bytes > PRESSING * self._max_bytes:
            self.used_bytes = self._store.used_bytes()

    def _count_group(self, count: int) -> None:
        self.groups += 1
        self.records += count
        self.group_max = max(self.group_max, count)

    def _save_everything(self) -> None:
        rows = self._book.rows_to_save(len(self._book), self.last_sequence)
        if rows:
            with transaction(self._store.connection):
                self._write_upkeep([], rows, self._deleted)
            self._book.saved(rows)
        deleted = self._deletable(self.confirmed, pressing=True)
        if deleted > self._deleted:
            self._store.delete_through(deleted)

    def _complain(self, text: str) -> None:
        """Once a minute: a full disk must not be filled with lines that say so."""
        if self._throttle.allows("journal", text, time.monotonic()):
            _log.error("%s", text)

    def _recover(self, error: Exception) -> None:
        """After a failed commit: a fresh connection, for the old one may be in any state."""
        self.failed_commits += 1
        self._complain(f"the journal could not be written, the reports are answered with failure: {error}")
        try:
            fresh = self._open()
        except (JournalError, sqlite3.Error) as again:
            self._complain(f"and the journal could not be opened anew: {again}")
            return
        old, self._store = self._store, fresh
        old.connection.close()
        if isinstance(error, sqlite3.Error) and is_corrupt(error):
            self._set_aside_undeletable()

    def _set_aside_undeletable(self) -> None:
        try:
            found = self._store.undeletable()
            with transaction(self._store.connection):
                for first_sequence in found:
                    self._store.set_aside(first_sequence, "it cannot be deleted", readable=False)
                    _log.error(
                        "the delivered group at sequence %d stays in the file, damaged", first_sequence
                    )
        except sqlite3.Error as error:
            self._complain(f"and which part of the journal is damaged cannot be told: {error}")
