"""What is thrown away when its time is over, so that the file grows with the business and not with the years.

Chains of waybills stay for good: they are the evidence. Each step is a turn of its own, and a bounded one, so
that nobody waits long for the book.
"""

from typing import Final

from . import life, outbox
from .book import Book
from .clock import Now

DAY_MS: Final = 86_400_000
AT_ONCE: Final = 1000
_OVER: Final = ", ".join(f"'{state}'" for state in sorted(life.OVER))


def clean(book: Book, now: Now, keep_days: int) -> None:
    """Settled documents, scans, verdicts with their chains, and waybills that no order ever told of, all of
    them older than keep_days. Raises StoreError."""
    before_ms = now.ms - keep_days * DAY_MS
    with book.turn():
        outbox.forget_before(book, before_ms)
        book.run("DELETE FROM scan WHERE at_ms < ?", before_ms)
    while _verdicts(book, before_ms) or _typed_in(book, before_ms):
        continue


def _verdicts(book: Book, before_ms: int) -> bool:
    """Whole chains, and only those that an anchor has: what was never anchored is still to be."""
    with book.turn():
        old = book.rows(
            "SELECT subject FROM verdict JOIN chain USING (subject) WHERE at_ms < ? AND anchored LIMIT ?",
            before_ms,
            AT_ONCE,
        )
        for subject in old:
            for table in ("verdict", "link", "opening", "chain", "anchored"):
                book.run(f"DELETE FROM {table} WHERE subject = ?", *subject)
    return bool(old)


def _typed_in(book: Book, before_ms: int) -> bool:
    """Their chains stay; the driver behind them is no longer named."""
    with book.turn():
        old = book.rows(
            f"SELECT id, number, serial FROM waybill WHERE document = '' AND state IN ({_OVER})"
            # Never the last row: its id would be given again, and the events of the old one are for good.
            " AND changed_ms < ? AND id < (SELECT max(id) FROM waybill) LIMIT ?",
            before_ms,
            AT_ONCE,
        )
        for row, number, serial in old:
            for table in ("position", "covered"):
                book.run(f"DELETE FROM {table} WHERE waybill = ?", row)
            book.run("DELETE FROM opening WHERE subject = ?", f"waybill/{number}/{serial}")
            book.run("DELETE FROM waybill WHERE id = ?", row)
    return bool(old)
