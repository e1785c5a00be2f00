"""The freight file in use: one writer at a time, one commit for all that one turn finds out.

`with book.turn():` is a transaction; what is raised inside leaves nothing behind. Thread-safe. Whoever needs
to act on the outside (a text to a driver, a wake of the sender) asks for it with `after`, and it happens once
the commit stands.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..store_file import StoreError
from .schema import connect


class Book:
    """Opens or makes the file. max_bytes: at which every turn fails that needs more room; 0: any size. Raises
    StoreError."""

    def __init__(self, path: Path, max_bytes: int = 0) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._connection = connect(path, max_bytes)
        self._lock = threading.RLock()
        self._after: list[Callable[[], None]] = []
        self._depth = 0

    @contextmanager
    def turn(self) -> Iterator["Book"]:
        """One transaction; a turn within a turn is part of it. Raises StoreError when it cannot be
        written."""
        with self._lock:
            if self._depth:
                yield self
                return
            self._depth, self._after = 1, []
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self
                self._connection.execute("COMMIT")
            except BaseException as error:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                if isinstance(error, sqlite3.Error):
                    raise StoreError(self._words(error)) from error
                raise
            finally:
                self._depth = 0
            due, self._after = self._after, []
        for action in due:
            action()

    def after(self, action: Callable[[], None]) -> None:
        """To be called once the turn that runs is on the disk, outside the lock; not at all when it fails."""
        self._after.append(action)

    def run(self, sql: str, *values: Any) -> int:
        """A changing statement of the turn that runs; gives the id of a new row."""
        return int(self._connection.execute(sql, values).lastrowid or 0)

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of a reading statement. Raises StoreError."""
        try:
            with self._lock:
                return self._connection.execute(sql, values).fetchall()
        except (ValueError, OverflowError):  # no text, no number of 64 bits: nothing can stand under it
            return []
        except sqlite3.Error as error:
            raise StoreError(f"the freight file cannot be read: {error}") from error

    def row(self, sql: str, *values: Any) -> tuple[Any, ...] | None:
        """The first of them."""
        return next(iter(self.rows(sql, *values)), None)

    def kept(self, name: str, otherwise: Any = None) -> Any:
        """A single value by name."""
        found = self.row("SELECT value FROM kept WHERE name = ?", name)
        return found[0] if found else otherwise

    def keep(self, name: str, value: bytes | int | str) -> None:
        """Puts a single value, within a turn."""
        self.run("INSERT INTO kept VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2", name, value)

    def counted(self, name: str) -> int:
        """The next number of that name, from 1, within a turn."""
        number = int(self.kept(name, 0)) + 1
        self.keep(name, number)
        return number

    def used_bytes(self) -> int:
        """What is in use of the file. Raises StoreError."""
        (pages,), (free,), (page_bytes,) = (
            self.rows(f"PRAGMA {name}")[0] for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * page_bytes)

    def _words(self, error: sqlite3.Error) -> str:
        full = isinstance(error, sqlite3.OperationalError) and "full" in str(error)
        limit = f"; freight.max_bytes is {self._max_bytes}" if full and self._max_bytes else ""
        return f"the freight file cannot be written: {error}{limit}"

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._connection.close()
