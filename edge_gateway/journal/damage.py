"""Groups whose bytes SQLite itself cannot read: a page of theirs is not what was written.

Such a row cannot be deleted either, for that would follow the same chain of pages. It stays where it is, and
everybody passes it over who finds it in `damaged_group`; see decision 8.
"""

import logging
import sqlite3
from collections.abc import Iterator
from typing import Any, Final

# Of record_group: the rows that are not set aside.
KEPT: Final = "first_sequence NOT IN (SELECT first_sequence FROM damaged_group)"
SEQUENCE_MAX: Final = (1 << 63) - 1
_PRIMARY_CODE: Final = 0xFF  # of an extended error code
_log = logging.getLogger(__name__)


def is_corrupt(error: sqlite3.Error) -> bool:
    """Whether the file's structure is broken where we looked, and not merely busy, full or unreadable."""
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE == sqlite3.SQLITE_CORRUPT


def unreadable_from(connection: sqlite3.Connection, first_sequence: int) -> int | None:
    """The beginning of the first kept group from `first_sequence` on whose bytes cannot be read: the first or
    the second, for the driver is one row ahead of who reads. None when both can, or there is none. Raises
    sqlite3.Error when not even that can be told."""
    rows = connection.execute(
        f"SELECT first_sequence FROM record_group WHERE first_sequence >= ? AND {KEPT}"
        " ORDER BY first_sequence LIMIT 2",
        (first_sequence,),
    ).fetchall()
    return next((first for (first,) in rows if not is_readable(connection, first)), None)


def is_readable(connection: sqlite3.Connection, first_sequence: int) -> bool:
    """Whether all bytes of a group are there. Raises sqlite3.Error when that cannot be told."""
    try:
        connection.execute(
            "SELECT * FROM record_group WHERE first_sequence = ?", (first_sequence,)
        ).fetchone()
    except sqlite3.DatabaseError as error:
        if is_corrupt(error):
            return False
        raise
    return True


def readable_groups(
    connection: sqlite3.Connection, first_sequence: int, columns: str = "contents, records"
) -> Iterator[tuple[Any, ...]]:
    """first_sequence and `columns` of the kept groups that begin at `first_sequence` or behind, in order.
    Those that cannot be read are logged and left out. Raises sqlite3.Error."""
    at, before = first_sequence, SEQUENCE_MAX
    while True:
        try:
            for row in connection.execute(
                f"SELECT first_sequence, {columns} FROM record_group"
                f" WHERE first_sequence >= ? AND first_sequence < ? AND {KEPT} ORDER BY first_sequence",
                (at, before),
            ):
                at = row[0] + 1
                yield row
        except sqlite3.DatabaseError as error:
            bad = unreadable_from(connection, at) if is_corrupt(error) else None
            if bad is None:
                raise
            _log.error("the group at sequence %d cannot be read: %s", bad, error)
            before = bad
            continue
        if before == SEQUENCE_MAX:
            return
        at, before = before + 1, SEQUENCE_MAX
