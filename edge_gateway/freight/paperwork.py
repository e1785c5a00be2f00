"""Documents as the company and the trips hand them in: released, checked, kept, witnessed; corrections;
answers.

Plain methods for a thread beside the loop; each is one turn of the book. Raises CommandError with the
field.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from protocols.freight.capacity import is_light
from protocols.freight.checking import Context
from protocols.freight.documents import Kind, Profile
from protocols.freight.release import Gate, ReleaseError

from ..commands import CommandError
from . import kept as rows
from . import outbox
from .book import Book
from .clock import Now
from .kept import ACCEPTED, REJECTED, Kept
from .naming import DocumentError, json_of, name_of, notes_of
from .outbox import Submission
from .proof import Evidence
from .registers import Registers
from .releasing import release

# (who, what, terminal, detail) of an audit line.
Audit = Callable[[str, str, str, str], None]


class Payments(Protocol):
    """Who is told what became of funds documents; within a turn. keys: names of waybills."""

    def pay(self, keys: list[str], document: str, now: Now) -> None:
        """The monitoring system took this funds document."""

    def unpaid(self, keys: list[str], document: str, why: list[str], now: Now) -> None:
        """It refused it; why: field and code each."""


class Paperwork:
    """gate: what may leave. moved: called when there may be something to send. paid: told of funds
    documents."""

    def __init__(
        self,
        book: Book,
        registers: Registers,
        evidence: Evidence,
        *,
        profile: Profile,
        gate: Gate,
        audit: Audit,
        moved: Callable[[], None],
        utc_ms: Callable[[], int],
    ) -> None:
        self._book, self._registers, self._evidence = book, registers, evidence
        self._profile, self._gate, self._audit, self._moved = profile, gate, audit, moved
        self._utc_ms = utc_ms
        self.paid: Payments | None = None  # set by who joins it with the trips
        self.counts: Counter[str] = Counter()

    def submit(self, given: Submission, who: str, now_ms: int) -> tuple[Kept, bool]:
        """Takes a document in: released, checked, kept, told to the evidence. Raises DocumentError,
        ReleaseError."""
        released = release(self._gate, given.kind, given.purpose, given.document)
        given = replace(given, document=released.document)
        with self._book.turn():
            kept, new = outbox.submit(self._book, given, self._context(given), who, now_ms)
            if new:
                self._witness(kept, "document", Now(now_ms))
                dropped = f"; dropped {released.dropped.total()}" if released.dropped else ""
                detail = f"{given.kind.value} {kept.reference} r{kept.revision}{dropped}"
                self.counts[f"document_{kept.state}"] += 1
                self._book.after(lambda: self._audit(who, f"document for {given.purpose.value}", "", detail))
                self._book.after(self._moved)
        return kept, new

    def hand_in(self, given: Submission, who: str) -> tuple[Kept, bool]:
        """A document from the company. Raises CommandError."""
        try:
            return self.submit(given, who, self._utc_ms())
        except (DocumentError, ReleaseError) as error:
            raise CommandError(str(error), str(error).partition(":")[0]) from None

    def correct(self, reference: str, document: Mapping[str, Any], who: str) -> tuple[Kept, bool]:
        """The next revision of a document; it must be about the same. Raises CommandError."""
        before = self.document(reference)
        try:
            name = name_of(before.kind, document)
        except DocumentError as error:
            raise CommandError(str(error), str(error).partition(":")[0]) from None
        if name != before.name:
            what = "somebody else" if before.kind is Kind.DRIVER else f"{name}, not {before.name}"
            raise CommandError(f"is about {what}", "document", "conflict")
        return self.hand_in(Submission(before.kind, document, before.enterprise, before.purpose), who)

    def document(self, reference: str) -> Kept:
        """Raises CommandError."""
        found = rows.by_reference(self._book, reference)
        if found is None:
            raise CommandError("there is no such document", "reference", "unknown")
        return found

    def documents(self, state: str, kind: str, before: int, limit: int) -> list[Kept]:
        """Youngest first."""
        return rows.listed(self._book, state, kind, before, limit)

    def answered(self, documents: list[Kept], now: Now, by: str = "authority") -> None:
        """The monitoring system took or refused these; within a turn. by: "broker" where nobody else
        answers."""
        for each in documents:
            standing = rows.by_id(self._book, each.id)
            if standing is not None:
                self.counts[f"answer_{standing.state}"] += 1
                self._witness(standing, "receipt", now, {"by": by})
                if standing.kind is Kind.FUNDS:
                    self._settled(standing, now)

    def _settled(self, funds: Kept, now: Now) -> None:
        """Waybills are paid when their funds document is taken, not before."""
        keys = notes_of(funds.document)
        if self.paid is not None and funds.state == ACCEPTED:
            self.paid.pay(keys, funds.name, now)
        elif self.paid is not None and funds.state == REJECTED:
            why = [f"{each['field'] or 'document'}: {each['code']}" for each in funds.faults]
            self.paid.unpaid(keys, funds.name, why, now)

    def _context(self, given: Submission) -> Context:
        """What the registers know and the document does not say: whether the vehicle is light."""
        snapshot = self._registers.snapshot
        info = given.document.get("vehicleInfo") if given.kind is Kind.WAYBILL else None
        if snapshot is None or not isinstance(info, Mapping):
            return Context(self._profile)
        key = f"{info.get('vehicleNumber')}/{info.get('vehiclePlateColorCode')}"
        vehicle = snapshot.vehicle_by_key.get(key)
        return Context(
            self._profile, is_light(vehicle) if vehicle else None, bool(vehicle and vehicle.dangerous)
        )

    def _witness(self, kept: Kept, event: str, now: Now, more: Mapping[str, Any] | None = None) -> None:
        """A link about a document in the chain of each waybill that it is about."""
        if kept.kind is Kind.WAYBILL:
            keys = [kept.name]
        elif kept.kind in (Kind.FUNDS, Kind.LOCATION):
            keys = notes_of(kept.document)
        else:
            return
        body = {
            "document": kept.kind.value,
            "reference": kept.reference,
            "revision": kept.revision,
            "state": kept.state,
            **(more or {}),
        }
        shown = {"document": {"json": json_of(kept.document)}} if event == "document" else {}
        for key in dict.fromkeys(keys):
            self._evidence.append(f"waybill/{key}", event, now.ms, body, shown)
