"""Reads records back, for delivery, while the writer writes: an own connection, so neither waits."""

import sqlite3
import threading
from pathlib import Path

import numpy as np

from protocols.monitoring.table import RecordTable

from .damage import KEPT, SEQUENCE_MAX, is_corrupt, unreadable_from
from .packing import DamagedGroupError
from .runs import Runs
from .schema import JournalError, connect


class UnreadableGroupError(Exception):
    """The group that begins at `first_sequence` is damaged; the message says how it shows. readable: whether
    its bytes are there at all."""

    def __init__(self, first_sequence: int, problem: str, readable: bool) -> None:
        super().__init__(problem)
        self.readable = readable
        self.first_sequence = first_sequence


class Reader:
    """Thread-safe; one reading at a time."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(path, durable=False)
        self._lock = threading.Lock()
        self._runs = Runs()

    def read_after(self, sequence: int, max_records: int, max_bytes: int) -> RecordTable:
        """The kept records behind `sequence`, a run without a gap: at most `max_records`, and bodies of at
        most `max_bytes` together but one record at least.

        Raises UnreadableGroupError when the first of them is in a damaged group, JournalError when the file
        cannot be read.
        """
        with self._lock:
            kept = self._runs.behind(sequence, max_records)
            taken = _Taken(sequence, max_records, max_bytes, [] if kept is None else [kept])
            if taken.has_room:
                self._read_on(taken)
        return _within(RecordTable.joined(taken.parts) if taken.parts else RecordTable.of([]), max_bytes)

    def _read_on(self, taken: "_Taken", before: int = SEQUENCE_MAX) -> None:
        """Adds to `taken` what the next groups hold that begin before `before`."""
        begin = self._first_of(taken.through + 1)
        groups: sqlite3.Cursor | None = None
        try:
            groups = self._groups_from(begin, before)
            for first_sequence, contents, records in groups:
                begin = first_sequence + 1  # where a group that cannot be read begins, or behind
                if taken.parts and first_sequence != taken.through + 1:
                    return  # what was between is set aside
                skip = max(0, taken.through + 1 - first_sequence)
                taken.add(self._runs.take_apart(first_sequence, contents, records, skip, taken.wanted))
                if not taken.has_room:
                    return
        except DamagedGroupError as error:
            if not taken.parts:
                raise UnreadableGroupError(begin - 1, str(error), readable=True) from error
        except sqlite3.Error as error:
            bad = self._spoiler(begin, error)
            # The driver was one row ahead: what is before that one can be read.
            if bad < before:
                self._read_on(taken, bad)
            if not taken.parts:
                raise UnreadableGroupError(bad, str(error), readable=False) from error
        finally:
            if groups:
                groups.close()  # an open statement would keep the log from being folded into the file

    def _spoiler(self, begin: int, error: sqlite3.Error) -> int:
        """The beginning of the group that reading failed at. Raises JournalError when it was not a group."""
        bad = unreadable_from(self._connection, begin) if is_corrupt(error) else None
        if bad is None:
            raise JournalError(f"records behind {begin - 1} cannot be read: {error}") from error
        return bad

    def last_sequence(self) -> int:
        """Of the youngest record that is on the disk; 0 when there is none, for those behind a cursor may be
        deleted. Raises JournalError."""
        try:
            with self._lock:
                row = self._connection.execute(
                    "SELECT first_sequence + count - 1 FROM record_group ORDER BY first_sequence DESC LIMIT 1"
                ).fetchone()
        except sqlite3.Error as error:
            raise JournalError(f"the journal cannot be read: {error}") from error
        return int(row[0]) if row else 0

    def set_aside_after(self, sequence: int) -> int:
        """The end of the damaged group that held the record behind `sequence`; `sequence` when none did.
        Raises JournalError."""
        try:
            with self._lock:
                row = self._connection.execute(
                    "SELECT max(first_sequence + count - 1) FROM damaged_group"
                    " WHERE first_sequence <= ?1 + 1 AND first_sequence + count - 1 > ?1",
                    (sequence,),
                ).fetchone()
        except sqlite3.Error as error:
            raise JournalError(f"the journal cannot be read: {error}") from error
        return int(row[0] or sequence)

    def close(self) -> None:
        """Closes the connection, once nobody reads."""
        with self._lock:
            self._connection.close()

    def _groups_from(self, first_sequence: int, before: int) -> sqlite3.Cursor:
        return self._connection.execute(
            "SELECT first_sequence, contents, records FROM record_group"
            f" WHERE first_sequence >= ? AND first_sequence < ? AND {KEPT} ORDER BY first_sequence",
            (first_sequence, before),
        )

    def _first_of(self, sequence: int) -> int:
        """Where the group begins that holds the record, or might. Raises JournalError."""
        try:
            row = self._connection.execute(
                "SELECT coalesce(max(first_sequence), 0) FROM record_group WHERE first_sequence <= ?",
                (sequence,),
            ).fetchone()
        except sqlite3.Error as error:
            raise JournalError(f"the journal cannot be read: {error}") from error
        return int(row[0])


class _Taken:
    """What was read behind a sequence so far. through: its end; wanted: how many records more."""

    def __init__(self, after: int, wanted: int, room: int, parts: list[RecordTable]) -> None:
        self.through = after
        self.wanted = wanted
        self.parts: list[RecordTable] = []
        self._room = room
        for part in parts:
            self.add(part)

    @property
    def has_room(self) -> bool:
        """Whether more is wanted, by number and by bytes."""
        return self.wanted > 0 and self._room >= 0

    def add(self, part: RecordTable) -> None:
        """Takes records that follow; none is harmless."""
        if len(part):
            self.parts.append(part)
            self.through = int(part.sequences[-1])
            self.wanted -= len(part)
            self._room -= part.bodies.size


def _within(records: RecordTable, max_bytes: int) -> RecordTable:
    """As many of the first as have bodies of `max_bytes` together, one at least."""
    count = int(np.searchsorted(np.cumsum(records.bodies.lengths), max_bytes, side="right"))
    return records if count >= len(records) else records[: max(1, count)]
