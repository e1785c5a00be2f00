"""Books, keys and the parts that work on them, without any line or framework: what commands need.

Opens one folder of data. Two processes may have it open: each write is a transaction of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from protocols.guomi import choose

from .books import BOOKS, rows
from .books.accounts import Accounts
from .books.arrivals import Arrivals
from .books.book import Book
from .books.keys import KeyRing
from .bureau import Bureau


def _unix_time() -> int:
    return int(time.time())


class Desk:
    """Books, keys and the parts that work on them, without any line: for the process and for commands.

    Books of an older program are brought up to date first. clock: Unix time in seconds. Raises sqlite3.Error
    or ValueError when the folder cannot be used.
    """

    def __init__(
        self, folder: Path, *, presence: bool = False, clock: Callable[[], int] = _unix_time
    ) -> None:
        self.folder, self.guomi, self.clock = folder, choose(), clock
        self.book = Book(folder / BOOKS)
        rows.complete(self.book)
        self.keys = KeyRing(folder, self.guomi, clock())
        self.bureau = Bureau(self.book, self.keys, self.guomi, clock, presence)
        self.accounts = Accounts(self.book)
        self.arrivals = Arrivals(self.book, self.bureau.who_of)

    def close(self) -> None:
        """Closes the books."""
        self.book.close()
