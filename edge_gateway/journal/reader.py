"""Reads records back, for delivery, while the writer writes: an own connection, so neither waits."""

import sqlite3
import threading
from pathlib import Path

from protocols.monitoring.records import Record

from .packing import DamagedGroupError, unpack_records
from .schema import JournalError, connect


class UnreadableGroupError(Exception):
    """The group that begins at `first_sequence` is damaged; the message says how it shows."""

    def __init__(self, first_sequence: int, problem: str) -> None:
        super().__init__(problem)
        self.first_sequence = first_sequence


class Reader:
    """Thread-safe; one reading at a time."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(path, durable=False)
        self._lock = threading.Lock()

    def read_after(self, sequence: int, max_records: int, max_bytes: int) -> list[Record]:
        """The kept records behind `sequence`, a run without a gap: at most `max_records`, and bodies of at
        most `max_bytes` together but one record at least.

        Raises UnreadableGroupError when the first of them is in a damaged group, JournalError when the file
        cannot be read.
        """
        taken: list[Record] = []
        room = max_bytes
        with self._lock:
            groups = self._groups_from(sequence + 1)
            try:
                for first_sequence, contents, records in groups:
                    if taken and first_sequence != taken[-1].sequence + 1:
                        break  # what was between is set aside
                    skip = max(0, sequence + 1 - first_sequence)
                    try:
                        run = unpack_records(
                            contents, records, first_sequence, skip, max_records - len(taken)
                        )
                    except DamagedGroupError as error:
                        if taken:
                            break
                        raise UnreadableGroupError(first_sequence, str(error)) from error
                    for record in run:
                        room -= len(record.body)
                        if room < 0 and taken:
                            return taken
                        taken.append(record)
                    if len(taken) >= max_records:
                        break
            except sqlite3.Error as error:
                raise JournalError(f"records behind {sequence} cannot be read: {error}") from error
            finally:
                groups.close()  # an open statement would keep the log from being folded into the file
        return taken

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

    def _groups_from(self, sequence: int) -> sqlite3.Cursor:
        try:
            return self._connection.execute(
                "SELECT first_sequence, contents, records FROM record_group WHERE first_sequence >= coalesce("
                "(SELECT max(first_sequence) FROM record_group WHERE first_sequence <= ?), 0)"
                " ORDER BY first_sequence",
                (sequence,),
            )
        except sqlite3.Error as error:
            raise JournalError(f"the journal cannot be read: {error}") from error
