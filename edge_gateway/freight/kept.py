"""Documents as the book has them: one row for each revision, and where it stands."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from protocols.freight.consent import Purpose
from protocols.freight.documents import Kind
from protocols.monitoring.documents import Item

from .book import Book
from .waybills import LISTED_MAX

WAITING: Final = "waiting"
SENT: Final = "sent"
ACCEPTED: Final = "taken"
REJECTED: Final = "refused"  # by the monitoring system
FAULTY: Final = "faulty"  # by our own check: never sent
SUPERSEDED: Final = "superseded"  # a later revision came before this one was sent
STATES: Final = (WAITING, SENT, ACCEPTED, REJECTED, FAULTY, SUPERSEDED)
OPEN: Final = f"('{WAITING}', '{SENT}')"  # in SQL: still on the way
_COLUMNS: Final = (
    "id, reference, enterprise, kind, name, revision, body, purpose, state, faults, tries, asked_by,"
    " created_ms, changed_ms"
)


@dataclass(frozen=True)
class Kept:
    """One revision of one document. name: of what it is about, see `naming.name_of`. faults: field, code,
    words each."""

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


def by_id(book: Book, row: int) -> Kept | None:
    """The document of this row."""
    return next(iter(found(book, "id = ?", row)), None)


def by_reference(book: Book, reference: str) -> Kept | None:
    """The document of this reference."""
    return next(iter(found(book, "reference = ?", reference)), None)


def latest(book: Book, enterprise: str, kind: Kind, name: str) -> Kept | None:
    """The last revision."""
    of_name = "enterprise = ? AND kind = ? AND name = ? ORDER BY revision DESC LIMIT 1"
    return next(iter(found(book, of_name, enterprise, kind.value, name)), None)


def taken_in_lane(book: Book, lane: str, kind: Kind) -> list[Kept]:
    """Documents of a kind that were taken, of one lane, oldest first."""
    in_lane = "id IN (SELECT document FROM lane WHERE lane = ?) AND kind = ? AND state = ? ORDER BY id"
    return found(book, in_lane, lane, kind.value, ACCEPTED)


def listed(book: Book, state: str, kind: str, before: int, limit: int) -> list[Kept]:
    """Youngest first, those before row `before`."""
    return found(
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
    counted = dict(book.rows("SELECT state, count(*) FROM document GROUP BY state"))
    return {state: counted.get(state, 0) for state in STATES}


def found(book: Book, where: str, *values: Any) -> list[Kept]:
    """Those that a condition of SQL names."""
    return [_kept(row) for row in book.rows(f"SELECT {_COLUMNS} FROM document WHERE {where}", *values)]


def _kept(row: tuple[Any, ...]) -> Kept:
    (number, reference, enterprise, kind, name, revision, body, purpose, state, faults, tries, asked_by,
     created_ms, changed_ms) = row  # fmt: skip
    return Kept(
        number, reference, enterprise, Kind(kind), name, revision, json.loads(body), Purpose(purpose), state,
        json.loads(faults), tries, asked_by, created_ms, changed_ms,
    )  # fmt: skip
