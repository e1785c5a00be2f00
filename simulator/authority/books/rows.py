"""The rows of documents beside the documents, so that a report over a million of them reads rows only.

A row is written in the transaction of its document. Where rows are absent or of another layout (an older
program's books), `complete` makes them from the documents; until then a reader gets them made on the fly.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Final, cast

from ..indicators.reduction import LAYOUT, Row, reduced
from ..indicators.uploads import Upload
from .book import Book
from .documents import uploads

_AT_ONCE: Final = 500  # documents of one transaction of `complete`
_PUT: Final = "INSERT OR REPLACE INTO reduced VALUES (?, ?, ?, ?, ?, ?, ?)"


def put(database: sqlite3.Connection, number: int, upload: Upload) -> None:
    """Sets down the row of a document, over an older one. In the caller's transaction."""
    put_row(database, number, reduced(upload))


def put_row(database: sqlite3.Connection, number: int, row: Row) -> None:
    """The same for a row that was made already."""
    database.execute(_PUT, (number, row.kind.value, *row[1:]))


def renew(book: Book, number: int) -> None:
    """Makes the row of a document anew that was changed where it stands."""
    with book.writing() as database:
        for _, upload in uploads(book, number - 1, 1):
            put(database, number, upload)


def rows(book: Book) -> Iterator[Row]:
    """The rows of everything that came, in order of arrival. For a reader of its own."""
    if not is_complete(book):
        yield from (reduced(upload) for _, upload in uploads(book))
        return
    # As they come from the file, without an object for each: a kind is its text.
    query = "SELECT kind, enterprise, numbers, texts, faults, points FROM reduced ORDER BY document"
    yield from cast(Iterator[Row], book.streamed(query))


def is_complete(book: Book) -> bool:
    """Whether every document has its row, of this program's layout."""
    if not book.rows("SELECT 1 FROM sqlite_schema WHERE name = 'reduction'"):
        return False  # of an older program, and open to read only
    return bool(book.rows("SELECT 1 FROM reduction WHERE layout = ? AND done >= until", (LAYOUT,)))


def complete(book: Book) -> int:
    """Makes the rows that are missing, some at a time: what was done before a crash stays. Gives how many."""
    count = 0
    with book.writing() as database:
        if not database.execute("SELECT 1 FROM reduction WHERE layout = ?", (LAYOUT,)).fetchone():
            database.execute("DELETE FROM reduction")
            database.execute(
                "INSERT INTO reduction SELECT ?, 0, coalesce(max(number), 0) FROM document", (LAYOUT,)
            )
    while not is_complete(book):
        with book.writing() as database:
            done, until = database.execute("SELECT done, until FROM reduction").fetchone()
            some = list(uploads(book, done, _AT_ONCE))
            for number, upload in some:
                put(database, number, upload)
            reached = some[-1][0] if len(some) == _AT_ONCE else max(done, until)
            database.execute("UPDATE reduction SET done = ?", (reached,))
            count += len(some)
    return count
