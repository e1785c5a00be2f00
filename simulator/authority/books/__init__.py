"""The authority's books: registers with their history, documents that came, accounts, consents, the audit.

One SQLite file, `books.sqlite`, beside the positions' store. `book` keeps records and every change of them,
the other modules say what a record is. Judges nothing, opens no socket, never writes positions.
"""

from typing import Final

from .book import Book, BookError, Change
from .registry import Registry

BOOKS: Final = "books.sqlite"  # in the folder of the authority's data
POSITIONS: Final = "positions.sqlite"  # beside it, the service's

__all__ = ["BOOKS", "POSITIONS", "Book", "BookError", "Change", "Registry"]
