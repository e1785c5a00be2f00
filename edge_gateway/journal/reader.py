"""Reads records back, for delivery, while the writer writes: an own connection, so neither waits."""

import sqlite3
import threading
from itertools import accumulate
from pathlib import Path

from protocols.monitoring.records import Record

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

    def read_after(self, sequence: int, max_records: int, max_bytes: int) -> list[Record]:
        """The kept records behind `sequence`, a run without a gap: at most `max_records`, and bodies of at
        most `max_bytes` together but one record at least.

        Raises UnreadableGroupError when the first of them is in a damaged group, JournalError when the file
        cannot be read.
        """
        with self._lock:
            taken = self._runs.behind(sequence, max_records)
            if len(taken) < max_records:
                self._read_on(taken, sequence, max_records, max_bytes)
        return _within(taken, max_bytes)

    def _read_on(
        self, taken: list[Record], sequence: int, max_records: int, max_bytes: int, before: int = SEQUENCE_MAX
    ) -> None:
        """Adds to `taken`, which begins behind `sequence`, what the next groups hold that begin before
        `before`."""
        room = max_bytes - _bytes_of(taken)
        begin = self._first_of(taken[-1].sequence + 1 if taken else sequence + 1)
        groups: sqlite3.Cursor | None = None
        try:
            groups = self._groups_from(begin, before)
            for first_sequence, contents, records in groups:
                begin = first_sequence + 1  # where a group that cannot be read begins, or behind
                if taken and first_sequence != taken[-1].sequence + 1:
                    return  # what was between is set aside
                skip, wanted = max(0, sequence + 1 - first_sequence), max_records - len(taken)
                run = self._runs.take_apart(first_sequence, contents, records, skip, wanted)
                taken += run
                room -= _bytes_of(run)
                if room < 0 or len(taken) >= max_records:
                    return
        except DamagedGroupError as error:
            if not taken:
                raise UnreadableGroupError(begin - 1, str(error), readable=True) from error
        except sqlite3.Error as error:
            bad = self._spoiler(begin, error)
            # The driver was one row ahead: what is before that one can be read.
            if bad < before:
                self._read_on(taken, sequence, max_records, max_bytes, bad)
            if not taken:
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


def _bytes_of(records: list[Record]) -> int:
    return sum([len(record.body) for record in records])


def _within(records: list[Record], max_bytes: int) -> list[Record]:
    """As many of the first as have bodies of `max_bytes` together, one at least."""
    if _bytes_of(records) <= max_bytes:
        return records
    for count, so_far in enumerate(accumulate(len(record.body) for record in records)):
        if so_far > max_bytes:
            return records[: max(1, count)]
    return records
