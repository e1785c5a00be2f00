"""Documents on their way to the monitoring system: checked, released, kept until answered; in order per
waybill.

A document that breaks its layout never leaves; it and one that was refused there can be corrected: the
correction is the next revision and replaces it, so nothing counts twice. The reference stays with a revision
however often it is sent, so the receiver knows what it has. Works on the book; opens no connection.
"""

import hmac
import json
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from protocols.freight.checking import Context, check
from protocols.freight.consent import Purpose
from protocols.freight.documents import Kind
from protocols.freight.faults import Fault
from protocols.freight.registers import vehicle_key
from protocols.monitoring.documents import (
    REFUSED,
    REVISION_MAX,
    TAKEN,
    DocumentReceipt,
    Item,
    Result,
    ResultCode,
)

from ..delivery.backoff import grown_ms
from .book import Book
from .waybills import LISTED_MAX, waybill_key

WAITING: Final = "waiting"
SENT: Final = "sent"
ACCEPTED: Final = "taken"
REJECTED: Final = "refused"  # by the monitoring system
FAULTY: Final = "faulty"  # by our own check: never sent
SUPERSEDED: Final = "superseded"  # a later revision came before this one was sent
DOCUMENT_BYTES_MAX: Final = 700_000  # an upload takes 768 KiB; 5,000 positions are some 560 kB
ESCAPED_BYTES_MAX: Final = 1_000_000  # as a text in a line of evidence, which takes 1 MiB
_REVISION_KEY: Final = "revision key"
STATES: Final = (WAITING, SENT, ACCEPTED, REJECTED, FAULTY, SUPERSEDED)
_OPEN: Final = f"('{WAITING}', '{SENT}')"
_COLUMNS: Final = (
    "id, reference, enterprise, kind, name, revision, body, purpose, state, faults, tries, asked_by,"
    " created_ms, changed_ms"
)


class DocumentError(ValueError):
    """A document that cannot even be kept: the text begins with the field that names it."""


@dataclass(frozen=True)
class Submission:
    """A document that is handed in. enterprise: exchange code of the operator; empty: the gateway's own."""

    kind: Kind
    document: Mapping[str, Any]
    enterprise: str = ""
    purpose: Purpose = Purpose.MONITORING


@dataclass(frozen=True)
class Kept:
    """One revision of one document. name: of what it is about, see `name_of`. faults: field, code, words
    each."""

    id: int
    reference: str
    enterprise: str
    kind: Kind
    name: str
    revision: int
    document: dict[str, Any]
    purpose: Purpose
    state: str
    faults: Sequence[Mapping[str, str]]
    tries: int
    asked_by: str
    created_ms: int
    changed_ms: int

    @property
    def item(self) -> Item:
        """As it travels."""
        return Item(self.reference, self.kind, self.revision, self.purpose, self.document, self.enterprise)


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
    name, body = name_of(kind, document), _body_of(document)
    before = latest(book, given.enterprise, kind, name)
    if before is not None and json_of(before.document) == body and before.state not in (REJECTED, SUPERSEDED):
        return before, False
    revision = (before.revision if before else _forgotten(book, given.enterprise, kind.value, name)) + 1
    if revision > REVISION_MAX:
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
        uuid.uuid4().hex, given.enterprise, kind.value, name, revision, body, given.purpose.value, state,
        told, 0, 0, 0, asked_by, now_ms, now_ms,
    )  # fmt: skip
    for lane in lanes_of(kind, document):
        book.run("INSERT INTO lane VALUES (?, ?)", lane, row)
    kept = by_id(book, row)
    assert kept is not None
    return kept, True


def name_of(kind: Kind, document: Mapping[str, Any]) -> str:
    """What a document is about: the waybill, the funds document's number, the vehicle, the driver. Raises
    DocumentError, with the field."""
    if kind is Kind.FUNDS:
        return _text(document, "documentNumber")
    if kind is Kind.VEHICLE:
        return vehicle_key(_text(document, "vehicleNumber"), _text(document, "vehiclePlateColorCode"))
    if kind is Kind.DRIVER:
        return _text(document, "drivingLicense")
    if kind is Kind.WAYBILL:
        return waybill_key(_text(document, "shippingNoteNumber"), _text(document, "serialNumber"))
    return notes_of(document)[0]


def notes_of(document: Mapping[str, Any]) -> list[str]:
    """The waybills that a funds or location document lists. Raises DocumentError."""
    notes = document.get("shippingNoteList")
    if not isinstance(notes, list) or not notes or not all(isinstance(each, Mapping) for each in notes):
        raise DocumentError("shippingNoteList: a list of waybills is needed")
    return [waybill_key(_text(each, "shippingNoteNumber"), _text(each, "serialNumber")) for each in notes]


def lanes_of(kind: Kind, document: Mapping[str, Any]) -> list[str]:
    """What must arrive in order: documents of one waybill, of one vehicle, of one driver."""
    if kind in (Kind.FUNDS, Kind.LOCATION):
        notes = document.get("shippingNoteList")
        listed = sorted(set(notes_of(document))) if notes else []
        return [f"waybill {each}" for each in listed] or [f"{kind.value} {name_of(kind, document)}"]
    if kind is Kind.WAYBILL:
        return [f"waybill {name_of(kind, document)}"]
    return [f"{kind.value} {name_of(kind, document)}"]


def ready(book: Book, now_ms: int, most: int) -> list[Kept]:
    """What may be sent now, oldest first: due, and no earlier open document in any of its lanes."""
    return _many(
        book,
        f"state IN {_OPEN} AND due_ms <= ? AND NOT EXISTS (SELECT 1 FROM lane mine"
        " JOIN lane theirs USING (lane) JOIN document earlier ON earlier.id = theirs.document"
        " WHERE mine.document = document.id"
        f" AND earlier.id < document.id AND earlier.state IN {_OPEN}) ORDER BY id LIMIT ?",
        now_ms,
        most,
    )


def next_due_ms(book: Book) -> int | None:
    """When the earliest open document is due; None when none is open."""
    found = book.row(f"SELECT min(due_ms) FROM document WHERE state IN {_OPEN}")
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
        document = by_reference(book, result.reference)
        if document is None or document.state not in (SENT, WAITING):
            continue
        if result.code in TAKEN:
            state, faults = ACCEPTED, "[]"
        elif result.code in REFUSED:
            state, faults = REJECTED, json_of([_answer(result)])
        else:  # later
            due_ms = now_ms + grown_ms(retry.after_ms, document.tries, retry.most_ms, lambda: 0.0)
            book.run("UPDATE document SET due_ms = ? WHERE id = ?", due_ms, document.id)
            continue
        book.run(
            "UPDATE document SET state = ?, faults = ?, changed_ms = ? WHERE id = ?",
            state,
            faults,
            now_ms,
            document.id,
        )
        moved.append(document)
    return moved


def by_id(book: Book, row: int) -> Kept | None:
    """The document of this row."""
    return next(iter(_many(book, "id = ?", row)), None)


def by_reference(book: Book, reference: str) -> Kept | None:
    """The document of this reference."""
    return next(iter(_many(book, "reference = ?", reference)), None)


def latest(book: Book, enterprise: str, kind: Kind, name: str) -> Kept | None:
    """The last revision."""
    found = _many(
        book,
        "enterprise = ? AND kind = ? AND name = ? ORDER BY revision DESC LIMIT 1",
        enterprise,
        kind.value,
        name,
    )
    return next(iter(found), None)


def listed(book: Book, state: str, kind: str, before: int, limit: int) -> list[Kept]:
    """Youngest first, those before row `before`."""
    return _many(
        book,
        "(?1 = '' OR state = ?1) AND (?2 = '' OR kind = ?2) AND (?3 = 0 OR id < ?3)"
        " ORDER BY id DESC LIMIT ?4",
        state,
        kind,
        before,
        min(limit, LISTED_MAX),
    )


def counts(book: Book) -> dict[str, int]:
    """How many documents stand in each state."""
    found = dict(book.rows("SELECT state, count(*) FROM document GROUP BY state"))
    return {state: found.get(state, 0) for state in STATES}


def forget_before(book: Book, changed_ms: int) -> None:
    """Deletes what was settled before this time; within a turn."""
    settled = f"state NOT IN {_OPEN} AND changed_ms < ?"
    last = f"SELECT enterprise, kind, name, max(revision) FROM document WHERE {settled} GROUP BY 1, 2, 3"
    for enterprise, kind, name, revision in book.rows(last, changed_ms):
        # The receiver still knows the higher revision: one that began again at 1 would count for nothing.
        before = _forgotten(book, enterprise, kind, name)
        book.keep(_revision_of(book, enterprise, kind, name), max(revision, before))
    book.run(f"DELETE FROM lane WHERE document IN (SELECT id FROM document WHERE {settled})", changed_ms)
    book.run(f"DELETE FROM document WHERE {settled}", changed_ms)


def _forgotten(book: Book, enterprise: str, kind: str, name: str) -> int:
    """The last revision of a document that was deleted; 0 for one that never was."""
    return int(book.kept(_revision_of(book, enterprise, kind, name), 0))


def _revision_of(book: Book, enterprise: str, kind: str, name: str) -> str:
    """Where that is kept. Keyed: a driver's document is named by an identity number."""
    key = book.kept(_REVISION_KEY)
    if key is None:
        key = secrets.token_bytes(32)
        book.keep(_REVISION_KEY, key)
    return "revision " + hmac.digest(bytes(key), json_of([enterprise, kind, name]).encode(), "sha256").hex()


def _body_of(document: Mapping[str, Any]) -> str:
    """The text to keep. Raises DocumentError for what neither file, evidence nor line can take."""
    try:
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        size, escaped = len(body.encode()), len(json_of(body).encode())
    except ValueError:
        raise DocumentError("document: a text that is no Unicode, or a number that is none") from None
    if size > DOCUMENT_BYTES_MAX or escaped > ESCAPED_BYTES_MAX:
        raise DocumentError(f"document: {size} bytes, {DOCUMENT_BYTES_MAX} at most")
    return body


def _many(book: Book, where: str, *values: Any) -> list[Kept]:
    return [_kept(row) for row in book.rows(f"SELECT {_COLUMNS} FROM document WHERE {where}", *values)]


def _kept(row: tuple[Any, ...]) -> Kept:
    (number, reference, enterprise, kind, name, revision, body, purpose, state, faults, tries, asked_by,
     created_ms, changed_ms) = row  # fmt: skip
    return Kept(
        number, reference, enterprise, Kind(kind), name, revision, json.loads(body), Purpose(purpose), state,
        json.loads(faults), tries, asked_by, created_ms, changed_ms,
    )  # fmt: skip


def _told(fault: Fault) -> dict[str, str]:
    return {"field": fault.field, "code": fault.code.value, "detail": fault.detail}


def _answer(result: Result) -> dict[str, str]:
    return {
        "field": result.field,
        "code": str(int(result.code)),
        "detail": result.reason or ResultCode(result.code).name,
    }


def _text(document: Mapping[str, Any], field: str) -> str:
    value = document.get(field)
    if not isinstance(value, str) or not value or not value.isprintable() or len(value) > 64:
        raise DocumentError(f"{field}: a text is needed: it names the document")
    return value


def json_of(value: Any) -> str:
    """The text under which a document is kept and witnessed."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
