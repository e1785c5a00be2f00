"""Documents on their way to the monitoring system: checked, released, kept until answered; in order per
waybill.

A document that breaks its layout never leaves; it and one that was refused there can be corrected: the
correction is the next revision and replaces it, so nothing counts twice. The reference stays with a revision
however often it is sent, so the receiver knows what it has. Works on the book; opens no connection.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from protocols.freight.checking import Context, check
from protocols.freight.consent import Purpose
from protocols.freight.documents import Kind
from protocols.freight.faults import Fault
from protocols.monitoring.documents import (
    REFUSED,
    REVISION_MAX,
    TAKEN,
    DocumentReceipt,
    Result,
    ResultCode,
)

from ..delivery.backoff import grown_ms
from . import kept as rows
from . import revisions
from .book import Book
from .kept import ACCEPTED, FAULTY, OPEN, REJECTED, SENT, SUPERSEDED, WAITING, Kept
from .naming import DocumentError, body_of, json_of, lanes_of, name_of

WINDOW_MAX: Final = 500  # documents of one message, and more than any holds


@dataclass(frozen=True)
class Submission:
    """A document that is handed in. enterprise: exchange code of the operator; empty: the gateway's own."""

    kind: Kind
    document: Mapping[str, Any]
    enterprise: str = ""
    purpose: Purpose = Purpose.MONITORING


@dataclass(frozen=True)
class Retry:
    """after_ms: until a document without an answer is sent again; it doubles up to most_ms."""

    after_ms: int = 10_000
    most_ms: int = 600_000


def submit(book: Book, given: Submission, context: Context, asked_by: str, now_ms: int) -> tuple[Kept, bool]:
    """Takes a document, released already; gives it and whether it is new; within a turn.

    The same contents again are the same document; other contents under the same name the next revision.
    Raises DocumentError when the document does not say what it is about.
    """
    kind, document = given.kind, given.document
    name, body = name_of(kind, document), body_of(document)
    before = rows.latest(book, given.enterprise, kind, name)
    if before is not None and json_of(before.document) == body and before.state not in (REJECTED, SUPERSEDED):
        return before, False
    last = before.revision if before else revisions.forgotten(book, given.enterprise, kind.value, name)
    if last >= REVISION_MAX:
        raise DocumentError(f"document: {REVISION_MAX} revisions are the most")
    faults = check(kind, document, context)
    book.run(
        f"UPDATE document SET state = '{SUPERSEDED}', changed_ms = ? WHERE enterprise = ? AND kind = ?"
        f" AND name = ? AND state IN ('{WAITING}', '{FAULTY}', '{REJECTED}')",
        now_ms,
        given.enterprise,
        kind.value,
        name,
    )
    state, told = (FAULTY, json_of([_told(each) for each in faults])) if faults else (WAITING, "[]")
    row = book.run(
        f"INSERT INTO document VALUES (NULL, {', '.join('?' * 15)})",
        uuid.uuid4().hex, given.enterprise, kind.value, name, last + 1, body, given.purpose.value, state,
        told, 0, 0, 0, asked_by, now_ms, now_ms,
    )  # fmt: skip
    for lane in lanes_of(kind, document):
        book.run("INSERT INTO lane VALUES (?, ?)", lane, row)
    kept = rows.by_id(book, row)
    assert kept is not None
    return kept, True


def ready(book: Book, now_ms: int, most: int) -> list[Kept]:
    """What may be sent now, oldest first: due, and no earlier open document in any of its lanes."""
    return rows.found(
        book,
        f"state IN {OPEN} AND due_ms <= ? AND NOT EXISTS (SELECT 1 FROM lane mine"
        " JOIN lane theirs USING (lane) JOIN document earlier ON earlier.id = theirs.document"
        " WHERE mine.document = document.id"
        f" AND earlier.id < document.id AND earlier.state IN {OPEN}) ORDER BY id LIMIT ?",
        now_ms,
        most,
    )


def next_due_ms(book: Book) -> int | None:
    """When the earliest open document is due; None when none is open."""
    found = book.row(f"SELECT min(due_ms) FROM document WHERE state IN {OPEN}")
    return found[0] if found else None


def sent(book: Book, documents: Sequence[Kept], message: int, now_ms: int, retry: Retry) -> None:
    """They are about to be handed to the broker; within a turn."""
    for each in documents:
        due_ms = now_ms + grown_ms(retry.after_ms, each.tries, retry.most_ms, lambda: 0.0)
        book.run(
            f"UPDATE document SET state = '{SENT}', message = ?, tries = tries + 1, due_ms = ?,"
            " changed_ms = ? WHERE id = ?",
            message,
            due_ms,
            now_ms,
            each.id,
        )


def disconnected(book: Book, now_ms: int) -> None:
    """What was on the line is due at once on the next one; within a turn."""
    book.run(f"UPDATE document SET due_ms = ? WHERE state = '{SENT}' AND due_ms > ?", now_ms, now_ms)


def answered(book: Book, receipt: DocumentReceipt, now_ms: int, retry: Retry) -> list[Kept]:
    """What the monitoring system says of documents; gives those that were taken or refused now; within a
    turn.

    An answer to a document that is not on its way changes nothing.
    """
    moved = []
    for result in receipt.results:
        document = rows.by_reference(book, result.reference)
        if document is None or document.state not in (SENT, WAITING):
            continue
        if result.code in TAKEN:
            _settle(book, document, ACCEPTED, "[]", now_ms)
        elif result.code in REFUSED:
            _settle(book, document, REJECTED, json_of([_answer(result)]), now_ms)
        else:  # later
            due_ms = now_ms + grown_ms(retry.after_ms, document.tries, retry.most_ms, lambda: 0.0)
            book.run("UPDATE document SET due_ms = ? WHERE id = ?", due_ms, document.id)
            continue
        moved.append(document)
    return moved


def handed_over(book: Book, message: int, now_ms: int) -> list[Kept]:
    """The broker confirmed a message, where nobody behind it answers: what it carried counts as taken. Gives
    that; within a turn."""
    moved = rows.found(book, f"message = ? AND state = '{SENT}' ORDER BY id LIMIT {WINDOW_MAX}", message)
    for document in moved:
        _settle(book, document, ACCEPTED, "[]", now_ms)
    return moved


def forget_before(book: Book, changed_ms: int) -> None:
    """Deletes what was settled before this time; within a turn."""
    settled = f"state NOT IN {OPEN} AND changed_ms < ?"
    revisions.remember_all(book, settled, changed_ms)
    book.run(f"DELETE FROM lane WHERE document IN (SELECT id FROM document WHERE {settled})", changed_ms)
    book.run(f"DELETE FROM document WHERE {settled}", changed_ms)


def _settle(book: Book, document: Kept, state: str, faults: str, now_ms: int) -> None:
    book.run(
        "UPDATE document SET state = ?, faults = ?, changed_ms = ? WHERE id = ?",
        state,
        faults,
        now_ms,
        document.id,
    )


def _told(fault: Fault) -> dict[str, str]:
    return {"field": fault.field, "code": fault.code.value, "detail": fault.detail}


def _answer(result: Result) -> dict[str, str]:
    return {
        "field": result.field,
        "code": str(int(result.code)),
        "detail": result.reason or ResultCode(result.code).name,
    }
