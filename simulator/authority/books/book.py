"""Records by shelf and name, and every change of them: who, when, what it was afterwards.

A record is a JSON object of at most RECORD_BYTES_MAX. What a shelf's records mean is the business of those
who put them there. Writes join the caller's transaction (`with book.writing():`), so that several records and
their history change together or not at all. May be used from several threads.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from ..files import open_to_read, open_to_write
from .schema import prepare

RECORD_BYTES_MAX: Final = 64 * 1024
SHELF_MAX: Final = 5_000_000  # records of one shelf
NAME_CHARS_MAX: Final = 200
_NOTE: Final = "INSERT INTO change (shelf, name, at_s, actor, action, body) VALUES (?, ?, ?, ?, ?, ?)"

Record = Mapping[str, Any]


class BookError(ValueError):
    """A record, name or number that the books do not take; the message says which."""


class Change(NamedTuple):
    """One line of a record's history. body: the record after it, None when it was struck out."""

    at_s: int
    actor: str
    action: str
    body: dict[str, Any] | None


class Book:
    """The file. read_only: for reports beside the running service. Raises sqlite3.Error when unusable."""

    def __init__(self, path: Path | str, read_only: bool = False) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._counts: dict[str, int] = {}  # records of a shelf, once they were counted
        if read_only:
            self._database = open_to_read(path)
            return
        self._database = open_to_write(path)
        self._database.execute("PRAGMA journal_mode = WAL")
        try:
            prepare(self._database)
        except BaseException:
            self._database.close()
            raise

    def __enter__(self) -> Book:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._database.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction, durable when it ends, undone when it raises. One inside another is part of it."""
        with self._lock:
            if self._depth:
                yield self._database
                return
            self._database.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:
                self._database.execute("ROLLBACK")
                self._counts.clear()
                raise
            finally:
                self._depth = 0

    def rows(self, query: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a question."""
        with self._lock:
            return self._database.execute(query, tuple(values)).fetchall()

    def streamed(self, query: str, values: Iterable[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """The same row by row, for a reader of its own thread: nobody may write by this object meanwhile."""
        return iter(self._database.execute(query, tuple(values)))

    def put(
        self, shelf: str, name: str, body: Record, *, at_s: int, actor: str, action: str, link: str = ""
    ) -> None:
        """Sets a record down, over an older one, and notes the change. Raises BookError."""
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        if not 0 < len(name) <= NAME_CHARS_MAX:
            raise BookError(f"{shelf}: a name has 1 to {NAME_CHARS_MAX} characters")
        if len(text.encode("utf-8", "surrogatepass")) > RECORD_BYTES_MAX:
            raise BookError(f"{shelf}: a record has at most {RECORD_BYTES_MAX} bytes")
        with self.writing() as database:
            fresh = not database.execute(
                "SELECT 1 FROM record WHERE shelf = ? AND name = ?", (shelf, name)
            ).fetchone()
            if fresh:
                self._counts[shelf] = self._counted(shelf) + 1
                if self._counts[shelf] > SHELF_MAX:
                    raise BookError(f"{shelf}: there are {SHELF_MAX} records already")
            database.execute("INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?)", (shelf, name, link, text))
            database.execute(_NOTE, (shelf, name, at_s, actor, action, text))

    def fill(
        self, shelf: str, bodies: Iterable[tuple[str, str, Record]], *, at_s: int, actor: str, action: str
    ) -> int:
        """Many (name, link, record) at once, as an import has them; gives how many. Raises BookError."""
        count = 0
        with self.writing():
            for name, link, body in bodies:
                self.put(shelf, name, body, at_s=at_s, actor=actor, action=action, link=link)
                count += 1
        return count

    def strike(self, shelf: str, name: str, *, at_s: int, actor: str, action: str) -> bool:
        """Takes a record out; its history stays. False when there was none."""
        with self.writing() as database:
            gone = database.execute("DELETE FROM record WHERE shelf = ? AND name = ?", (shelf, name)).rowcount
            if gone:
                self._counts.pop(shelf, None)
                database.execute(_NOTE, (shelf, name, at_s, actor, action, None))
            return gone > 0

    def forget(self, shelf: str, name: str) -> int:
        """Takes a record and its whole history out, as a person's deletion asks; gives how many lines."""
        with self.writing() as database:
            database.execute("DELETE FROM record WHERE shelf = ? AND name = ?", (shelf, name))
            self._counts.pop(shelf, None)
            return database.execute("DELETE FROM change WHERE shelf = ? AND name = ?", (shelf, name)).rowcount

    def get(self, shelf: str, name: str) -> dict[str, Any] | None:
        """The record that stands, or None."""
        found = self.rows("SELECT body FROM record WHERE shelf = ? AND name = ?", (shelf, name))
        return json.loads(found[0][0]) if found else None

    def linked(self, shelf: str, link: str) -> list[tuple[str, dict[str, Any]]]:
        """(name, record) of those put down under this link."""
        found = self.rows(
            "SELECT name, body FROM record WHERE shelf = ? AND link = ? ORDER BY name", (shelf, link)
        )
        return [(name, json.loads(body)) for name, body in found]

    def shelf(self, shelf: str) -> list[tuple[str, dict[str, Any]]]:
        """(name, record) of a whole shelf, by name."""
        found = self.rows("SELECT name, body FROM record WHERE shelf = ? ORDER BY name", (shelf,))
        return [(name, json.loads(body)) for name, body in found]

    def count(self, shelf: str) -> int:
        """How many records stand on a shelf."""
        return int(self.rows("SELECT count(*) FROM record WHERE shelf = ?", (shelf,))[0][0])

    def _counted(self, shelf: str) -> int:
        """The same, counted once in the life of this object, which is the only writer."""
        if shelf not in self._counts:
            self._counts[shelf] = self.count(shelf)
        return self._counts[shelf]

    def history(self, shelf: str, name: str) -> list[Change]:
        """Every change of this record, the oldest first, also after it was struck out."""
        query = "SELECT at_s, actor, action, body FROM change WHERE shelf = ? AND name = ? ORDER BY number"
        return [
            Change(at_s, actor, action, None if body is None else json.loads(body))
            for at_s, actor, action, body in self.rows(query, (shelf, name))
        ]

    def sequence(self) -> int:
        """Grows with every change of any record, and never falls, whatever was forgotten."""
        rows = self.rows("SELECT seq FROM sqlite_sequence WHERE name = 'change'")
        return int(rows[0][0]) if rows else 0

    def latest(self, shelves: Iterable[str]) -> int:
        """The number of the last change on any of these shelves."""
        query = "SELECT coalesce(max(number), 0) FROM change WHERE shelf = ?"
        return max(int(self.rows(query, (shelf,))[0][0]) for shelf in shelves)
