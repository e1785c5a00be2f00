"""How far each journal was taken into freight: durable with what follows from its records."""

from dataclasses import dataclass
from typing import Final

from .book import Book
from .sources import OWN

SEQUENCE_BITS: Final = 48  # of a journal's sequences; above them stands the journal's number


@dataclass
class Place:
    """cursor: the last record that was taken. base: added to a record's sequence, so that those of several
    journals differ."""

    key: str
    cursor: int
    base: int


def place_of(book: Book, name: str) -> Place:
    """Where the journal of this name stands; one that was never seen gets a number. Raises StoreError."""
    key = f"cursor {name}" if name != OWN else "cursor"
    base = 0
    if name != OWN:
        with book.turn():
            number = book.kept(f"number {name}")
            if number is None:
                number = book.counted("journals")
                book.keep(f"number {name}", number)
        base = int(number) << SEQUENCE_BITS
    return Place(key, int(book.kept(key, 0)), base)
