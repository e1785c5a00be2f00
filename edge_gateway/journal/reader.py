"""Reads records back, for delivery, while the writer writes: an own connection, so neither waits."""

import sqlite3
import threading
from pathlib import Path

from protocols.monitoring.records import Record

from .packing import DamagedGroupError, unpack_records
from .schema import JournalError, connect


class Reader:
    """Thread-safe; one reading at a time."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(path, durable=False)
        self._lock = threading.Lock()

    def read_after(self, sequence: int, max_records: int, max_bytes: int) -> list[Record]:
        """The kept records behind `sequence`, in order: at most `max_records`, and bodies of at most
        `max_bytes` together but one record at least. Raises JournalError when they cannot be read."""
        taken: list[Record] = []
        room = max_bytes
        with self._lock:
            groups = self._groups_from(sequence + 1)
            try:
                for first_sequence, contents, records in groups:
                    skip = max(0, sequence + 1 - first_sequence)
                    for record in unpack_records(
                        contents, records, first_sequence, skip, max_records - len(taken)
                    ):
                        room -= len(record.body)
                        if room < 0 and taken:
                            return taken
                        taken.append(record)
                    if len(taken) >= max_records:
                        break
            except (sqlite3.Error, DamagedGroupError) as error:
                raise JournalError(f"records behind {sequence} cannot be read: {error}") from error
            finally:
                groups.close()  # an open statement would keep the log from being folded into the file
        return taken

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
