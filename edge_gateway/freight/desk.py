"""What people and programs ask of freight: verify, scan and dispatch, documents, overrides, hours, exports.

Plain methods for a thread beside the loop; each is one turn of the book. Raises CommandError with the field,
OrderError with all of them.
"""

import base64
import binascii
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from protocols.driver_code.content import Colour
from protocols.evidence import EvidenceError
from protocols.freight.capacity import Question, Reason, Verdict
from protocols.freight.consent import Purpose

from ..commands import CommandError
from . import cards, errands, kept, life, waybills
from .book import Book
from .clock import Now
from .code_check import Checked, check_code
from .codes_down import CodesDown
from .dispatching import DeskRules, Dispatch
from .gate import refused_overrides
from .hours import hours_of
from .orders import Order
from .paperwork import Audit, Paperwork
from .proof import Evidence
from .registers import Registers
from .scanning import ScanError, text_in
from .trips import Trips
from .verdicts import Verdicts
from .waybills import Waybill

HOURS_MAX_S: Final = 366 * 86_400
AskColour = Callable[[str], Colour | None]


class FreightDesk:
    """ask_colour: today's colour of a code, None when the authority is not reached. terminal_of(plate,
    colour).

    moved: called when there may be something for the sender or for the command desk.
    """

    def __init__(
        self,
        book: Book,
        registers: Registers,
        evidence: Evidence,
        *,
        rules: DeskRules,
        papers: Paperwork,
        trips: Trips,
        codes: CodesDown,
        audit: Audit,
        terminal_of: Callable[[str, int], str | None],
        edition_of: Callable[[str], int | None],
        moved: Callable[[], None],
        ask_colour: AskColour = lambda _: None,
        utc_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._book, self._registers, self._evidence = book, registers, evidence
        self.papers, self._trips, self._codes, self._audit = papers, trips, codes, audit
        self._moved, self._ask_colour, self._utc_ms = moved, ask_colour, utc_ms
        self._dispatch = Dispatch(
            book, registers, trips, rules, terminal_of=terminal_of, edition_of=edition_of
        )
        self._verdicts = Verdicts(book, registers, trips.gate)
        self.write_verdicts = self._verdicts.write
        self.counts: Counter[str] = Counter()

    def now(self) -> Now:
        """This moment."""
        return Now(self._utc_ms())

    def capacity(self, question: Question, who: str) -> Verdict:
        """The answer, in memory; its evidence follows with `write_verdicts`. Raises CommandError when
        full."""
        return self._verdicts.answer(question, who, self.now())

    # Codes, orders.

    def check(self, text: str, picture: str) -> tuple[str, Checked]:
        """A code as scanned, or the picture of one (base64). Raises CommandError."""
        if bool(text) == bool(picture):
            raise CommandError("give either the text or a picture", "code")
        try:
            scanned = text or text_in(base64.b64decode(picture, validate=True))
        except (ScanError, binascii.Error) as error:
            raise CommandError(str(error), "picture") from None
        checked = check_code(scanned, self._registers, self.now().s, self._ask_colour(scanned))
        self.counts[f"code_{checked.verdict.state.name.lower()}"] += 1
        return scanned, checked

    def dispatch(self, scan: tuple[str, str], asked: Order, who: str) -> tuple[dict[str, Any], bool]:
        """One scan gives one order: (what became of it, whether it is new). scan: text, picture. asked:
        document, Raises CommandError, OrderError."""
        text, checked = self.check(*scan)
        kind, words = self._dispatch.refusal(checked, self.now())
        if kind:
            self.counts[f"scan_{kind}"] += 1
            self._audit(who, "scan refused", "", kind)
            raise CommandError(f"{kind}: {words}", "code", "conflict")
        order, terminal = self._dispatch.order_for(checked, asked)
        with self._book.turn():
            found, new = self._dispatch.dispatched(text, checked, order, terminal, self.now())
        if new:
            self._audit(
                who, "waybill dispatched" if not found.held else "waybill stopped", terminal, found.key
            )
        self._moved()
        return self.shown(found) | {"code": checked.as_json()}, new

    def create(self, order: Order, who: str) -> tuple[dict[str, Any], bool]:
        """An order without a scan: kept, verified when it is dispatched or loaded."""
        with self._book.turn():
            waybill, new = self._trips.create(order, self.now())
        if new:
            self._audit(who, "waybill created", "", waybill.key)
        self._moved()
        return self.shown(waybill), new

    def override(self, number: str, serial: str, reason: str, who: str) -> dict[str, Any]:
        """The company lets a held trip go, where its configuration allows. Raises CommandError."""
        waybill = self._waybill(number, serial)
        if not waybill.held:
            raise CommandError("the gate does not hold it", "serial", "conflict")
        now = self.now()
        verdict = self._trips.gate.verdict(waybill, now)
        fixed = refused_overrides(verdict, self._trips.gate.policy)
        if fixed:
            self._audit(who, "override refused", waybill.terminal, f"{waybill.key}: {_codes(fixed)}")
            raise CommandError(f"may not be set aside: {_codes(fixed)}", "reason", "conflict")
        codes = [each.code.value for each in verdict.reasons]
        self._audit(who, "override", waybill.terminal, f"{waybill.key}: {', '.join(codes)}: {reason}")
        with self._book.turn():
            waybill = self._trips.set_aside(waybill, codes, who, reason, now)
            if not waybill.held and waybill.state == life.CREATED and waybill.terminal:
                waybill = self._dispatch.sent(self._trips.dispatch(waybill, waybill.terminal, now), now)
        self._moved()
        return self.shown(waybill)

    def cancel(self, number: str, serial: str, who: str) -> dict[str, Any]:
        """Takes an order back. Raises CommandError when the trip has begun."""
        waybill = self._waybill(number, serial)
        if not life.following(waybill.state, life.CANCEL):
            raise CommandError(f"is {waybill.state}", "serial", "conflict")
        with self._book.turn():
            waybill = self._trips.cancel(waybill, self.now())
        self._audit(who, "waybill cancelled", waybill.terminal, waybill.key)
        return self.shown(waybill)

    def waybill(self, number: str, serial: str) -> dict[str, Any]:
        """With its events. Raises CommandError."""
        found = self._waybill(number, serial)
        return self.shown(found) | {"events": waybills.events(self._book, found)}

    def waybills(self, state: str, before: int, limit: int) -> list[dict[str, Any]]:
        """Youngest first."""
        return [self.shown(each) for each in waybills.listed(self._book, state, before, limit)]

    def shown(self, waybill: Waybill) -> dict[str, Any]:
        """A waybill for people: the driver's identity number stays here."""
        held = [{"code": code, "subject": subject, "words": words} for code, subject, words in waybill.held]
        return {
            "id": waybill.id,
            "number": waybill.number,
            "serial": waybill.serial,
            "state": waybill.state,
            "terminal": waybill.terminal,
            "vehicle": waybill.vehicle,
            "company": waybill.company,
            "enterprise": waybill.enterprise,
            "dangerous": waybill.dangerous,
            "held": held,
            "set_aside": list(waybill.aside),
            "loaded_s": waybill.loaded_s,
            "unloaded_s": waybill.unloaded_s,
        }

    # Hours, exports.

    def hours(self, driver: str, from_s: int, until_s: int) -> dict[str, Any]:
        """Driving and rest of a driver by the card. Raises CommandError."""
        if not 0 < until_s - from_s <= HOURS_MAX_S:
            raise CommandError("a span of up to a year is needed", "until_s")
        hours = hours_of(cards.intervals(self._book, driver, from_s, until_s), from_s, until_s)
        return {
            "driving_s": hours.driving_s,
            "rest_s": hours.rest_s,
            "longest_s": hours.longest_s,
            "too_long": list(hours.too_long),
        }

    def export(self, subject: str, opened: bool, who: str) -> bytes:
        """A bundle of evidence. opened: with the data that its links commit to. Raises CommandError."""
        try:
            bundle = self._evidence.export(subject, opened)
        except EvidenceError as error:
            self.counts["bundle_too_large"] += 1
            raise CommandError(f"the bundle is too large: {error}", "opened", "conflict") from error
        if bundle is None:
            raise CommandError("there is no evidence of it", "subject", "unknown")
        self._audit(
            who, f"evidence for {Purpose.MONITORING.value}", "", f"{subject}{', opened' if opened else ''}"
        )
        return bundle

    def stats(self) -> dict[str, Any]:
        """Counters since the start; where documents stand; errands that wait; codes that came in a month;
        codes that wait for a terminal; bytes of the file in use."""
        snapshot = self._registers.snapshot
        counts: Counter[str] = Counter()
        for part in (self, self._verdicts, self.papers, self._trips, self._codes):
            counts += part.counts
        return {
            "counters": dict(sorted(counts.items())),
            "documents": kept.counts(self._book),
            "errands": errands.count(self._book),
            "pushes": self._codes.came(),
            "codes_waiting": self._codes.waiting(),
            "used_bytes": self._book.used_bytes(),
            "snapshot": {"sequence": snapshot.sequence, "valid_until_s": snapshot.valid_until_s}
            if snapshot
            else None,
        }

    def _waybill(self, number: str, serial: str) -> Waybill:
        found = waybills.find(self._book, number, serial)
        if found is None:
            raise CommandError(f"there is no waybill {number}/{serial}", "number", "unknown")
        return found


def _codes(reasons: list[Reason]) -> str:
    return ", ".join(sorted({each.code.value for each in reasons}))
