"""Drivers' cards in the readers of terminals: from when to when. Changes are made within a turn."""

from .book import Book


def put_in(book: Book, terminal: str, driver: str, at_s: int) -> None:
    """A driver's card went in; whoever was in before is out."""
    taken_out(book, terminal, at_s)
    book.run("INSERT INTO card VALUES (NULL, ?, ?, ?, NULL)", terminal, driver, at_s)


def taken_out(book: Book, terminal: str, at_s: int) -> None:
    """The card went out; nothing when none was in."""
    book.run("UPDATE card SET out_s = max(in_s, ?) WHERE terminal = ? AND out_s IS NULL", at_s, terminal)


def driver_at(book: Book, terminal: str) -> str:
    """Whose card is in; empty when none is."""
    found = book.row("SELECT driver FROM card WHERE terminal = ? AND out_s IS NULL", terminal)
    return str(found[0]) if found else ""


def intervals(book: Book, driver: str, from_s: int, until_s: int) -> list[tuple[int, int]]:
    """(in, out) of a driver's card that touch this time, in whatever vehicle; an open one ends with it."""
    return [
        (begin, until_s if end is None else end)
        for begin, end in book.rows(
            "SELECT in_s, out_s FROM card WHERE driver = ?1 AND in_s < ?3 AND (out_s IS NULL OR out_s > ?2)",
            driver,
            from_s,
            until_s,
        )
    ]
