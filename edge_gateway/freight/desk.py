"""What people and programs ask of freight: verify, scan and dispatch, documents, overrides, hours, exports.

Plain methods for a thread beside the loop; each is one turn of the book. Raises CommandError with the field,
OrderError with all of them.
"""

import base64
import binascii
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from protocols.driver_code.content import Colour, Content, Holder
from protocols.freight.capacity import Cargo, Question, Reason, Verdict, verify
from protocols.freight.consent import Purpose
from protocols.freight.registers import Driver, Snapshot

from ..commands import CommandError, StoreError
from . import codes_down, errands, life, outbox, waybills
from .book import Book
from .clock import Now
from .code_check import Checked, check_code, symbol_of
from .errands import Errand
from .gate import refused_overrides
from .hours import hours_of
from .orders import Order, with_driver
from .orders import checked as checked_order
from .paperwork import Audit, Paperwork
from .proof import Evidence
from .registers import Registers
from .scanning import ScanError, text_in
from .texts import TextError, order_text
from .trips import Trips
from .waybills import Waybill

HOURS_MAX_S: Final = 366 * 86_400
VERDICTS_MAX: Final = 10_000  # that wait to be written into the evidence
AskColour = Callable[[str], Colour | None]


@dataclass(frozen=True)
class DeskRules:
    """order_type: passthrough type of an order, 0 for text. order_life_ms: how long it may wait for its
    terminal."""

    presence_required: bool = True
    order_type: int = 0xF3
    order_life_ms: int = 3_600_000


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
        audit: Audit,
        terminal_of: Callable[[str, int], str | None],
        edition_of: Callable[[str], int | None],
        moved: Callable[[], None],
        ask_colour: AskColour = lambda _: None,
        utc_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._book, self._registers, self._evidence = book, registers, evidence
        self._rules, self.papers, self._audit = rules, papers, audit
        self._terminal_of, self._edition_of, self._moved = terminal_of, edition_of, moved
        self._ask_colour, self._utc_ms = ask_colour, utc_ms
        self.trips: Trips  # set by who joins the two: trips hand documents in here
        self.counts: Counter[str] = Counter()
        self._verdicts: list[tuple[Verdict, dict[str, Any], Now]] = []
        self._lock = threading.Lock()

    def now(self) -> Now:
        """This moment."""
        return Now(self._utc_ms())

    # Capacity.

    def capacity(self, question: Question, who: str) -> Verdict:
        """The answer, in memory; its evidence follows with `write_verdicts`. Raises CommandError when
        full."""
        now = self.now()
        verdict = verify(self._registers.snapshot, question, now.s)
        self.counts[f"capacity_{verdict.answer.value}"] += 1
        driver = question.driver.hex() if isinstance(question.driver, bytes) else question.driver
        asked = {
            "vehicle": question.vehicle, "driver": driver, "company": question.company,
            "cargo": question.cargo.code, "by": who,
        }  # fmt: skip
        with self._lock:
            if len(self._verdicts) >= VERDICTS_MAX:
                raise CommandError("verdicts wait for the disk", kind="full")
            self._verdicts.append((verdict, asked, now))
        return verdict

    def write_verdicts(self) -> int:
        """Puts what was answered into the evidence, all of it in one commit."""
        with self._lock:
            verdicts, self._verdicts = self._verdicts, []
        if not verdicts:
            return 0
        try:
            with self._book.turn():
                for verdict, asked, now in verdicts:
                    self.trips.gate.keep_verdict(verdict, asked, now)
        except StoreError:  # they were told to somebody: they wait for the disk
            with self._lock:
                self._verdicts[:0] = verdicts
            raise
        return len(verdicts)

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
        kind, words = checked.refusal(self._rules.presence_required)
        content = checked.content
        driver = self._holder(checked)
        if content is not None and not content.plate and not kind:
            kind, words = "no_vehicle", "the code names no vehicle"
        if content is not None and driver is None and not kind and self._is_stranger(content):
            kind, words = "unknown_holder", "the holder of the code is not in the fleet's registers"
        if kind or content is None:
            self.counts[f"scan_{kind}"] += 1
            self._audit(who, "scan refused", "", kind)
            raise CommandError(f"{kind}: {words}", "code", "conflict")
        if driver is not None:
            asked = with_driver(asked, driver, content.plate, content.plate_colour)
        order = checked_order(asked)
        faults = _not_the_scanned(order, checked, driver)
        if faults:
            raise CommandError(faults, "order", "conflict")
        terminal = self._terminal_of(content.plate, content.plate_colour)
        if terminal is None:
            raise CommandError(f"no terminal is registered for {content.plate}", "code", "unknown")
        with self._book.turn():
            found, new = self._dispatched(
                symbol_of(text, checked, f"{order.number}/{order.serial}"), order, terminal
            )
        if new:
            self._audit(
                who, "waybill dispatched" if not found.held else "waybill stopped", terminal, found.key
            )
        self._moved()
        return self.shown(found) | {"code": checked.as_json()}, new

    def create(self, order: Order, who: str) -> tuple[dict[str, Any], bool]:
        """An order without a scan: kept, verified when it is dispatched or loaded."""
        with self._book.turn():
            waybill, new = self.trips.create(order, self.now())
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
        verdict = self.trips.gate.verdict(waybill, now)
        fixed = refused_overrides(verdict, self.trips.gate.policy)
        if fixed:
            self._audit(who, "override refused", waybill.terminal, f"{waybill.key}: {_codes(fixed)}")
            raise CommandError(f"may not be set aside: {_codes(fixed)}", "reason", "conflict")
        codes = [each.code.value for each in verdict.reasons]
        self._audit(who, "override", waybill.terminal, f"{waybill.key}: {', '.join(codes)}: {reason}")
        with self._book.turn():
            waybill = self.trips.set_aside(waybill, codes, who, reason, now)
            if not waybill.held and waybill.state == life.CREATED and waybill.terminal:
                waybill = self._sent(self.trips.dispatch(waybill, waybill.terminal, now), now)
        self._moved()
        return self.shown(waybill)

    def cancel(self, number: str, serial: str, who: str) -> dict[str, Any]:
        """Takes an order back. Raises CommandError when the trip has begun."""
        waybill = self._waybill(number, serial)
        if not life.following(waybill.state, life.CANCEL):
            raise CommandError(f"is {waybill.state}", "serial", "conflict")
        with self._book.turn():
            waybill = self.trips.cancel(waybill, self.now())
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
        hours = hours_of(waybills.card_intervals(self._book, driver, from_s, until_s), from_s, until_s)
        return {
            "driving_s": hours.driving_s,
            "rest_s": hours.rest_s,
            "longest_s": hours.longest_s,
            "too_long": list(hours.too_long),
        }

    def export(self, subject: str, opened: bool, who: str) -> bytes:
        """A bundle of evidence. opened: with the data that its links commit to. Raises CommandError."""
        bundle = self._evidence.export(subject, opened)
        if bundle is None:
            raise CommandError("there is no evidence of it", "subject", "unknown")
        self._audit(
            who, f"evidence for {Purpose.MONITORING.value}", "", f"{subject}{', opened' if opened else ''}"
        )
        return bundle

    def stats(self) -> dict[str, Any]:
        """Counters since the start; where documents stand; errands that wait; codes that came in a month."""
        snapshot = self._registers.snapshot
        return {
            "counters": dict(sorted((self.counts + self.papers.counts + self.trips.counts).items())),
            "documents": outbox.counts(self._book),
            "errands": errands.count(self._book),
            "pushes": codes_down.count(self._book),
            "snapshot": {"sequence": snapshot.sequence, "valid_until_s": snapshot.valid_until_s}
            if snapshot
            else None,
        }

    # Below: the steps.

    def _dispatched(self, symbol: bytes, order: Order, terminal: str) -> tuple[Waybill, bool]:
        now = self.now()
        scan = self._book.row("SELECT waybill FROM scan WHERE symbol = ?", symbol)
        if scan:
            found = waybills.by_id(self._book, scan[0])
            if (found.number, found.serial) != (order.number, order.serial):
                raise CommandError(f"this scan gave the order {found.key} already", "code", "conflict")
            return found, False
        waybill, _ = self.trips.create(order, now)
        if waybill.state not in life.BEFORE_DEPARTURE:
            raise CommandError(f"waybill {waybill.key} is {waybill.state}", "order", "conflict")
        waybill = self._sent(self.trips.dispatch(waybill, terminal, now), now)
        self._book.run("INSERT INTO scan VALUES (?, ?, ?)", symbol, waybill.id, now.ms)
        return waybill, True

    def _sent(self, waybill: Waybill, now: Now) -> Waybill:
        """The order's errand to the terminal's screen, unless the gate holds the trip."""
        if waybill.held or waybill.state != life.DISPATCHED or waybill.document is None:
            return waybill
        order = Order(waybill.document, waybill.dangerous, waybill.route_sheet)
        try:
            text = order_text(order.number, order.words)
        except TextError:  # goods with letters that no terminal can show: the number is what counts
            text = order_text(order.number, "")
        until_ms = now.ms + self._rules.order_life_ms
        if self._rules.order_type:
            body: dict[str, Any] = {"type": self._rules.order_type, "content": {"hex": text.hex()}}
            errands.add(self._book, Errand(0, waybill.terminal, errands.PASSTHROUGH, body, until_ms))
        else:
            edition = self._edition_of(waybill.terminal) or errands.EDITION_2019
            errands.add(
                self._book, errands.text_to_driver(waybill.terminal, edition, text.decode("gbk"), until_ms)
            )
        return waybill

    def _holder(self, checked: Checked) -> Driver | None:
        snapshot: Snapshot | None = self._registers.snapshot
        if snapshot is None or checked.content is None:
            return None
        return snapshot.driver_by_holder.get(checked.content.identity_hash)

    def _is_stranger(self, content: Content) -> bool:
        """Whether registers that hold today do not know this driver: then nobody checks who scanned."""
        snapshot = self._registers.snapshot
        return (
            snapshot is not None
            and content.holder is Holder.DRIVER
            and self.now().s < snapshot.valid_until_s
            and content.identity_hash not in snapshot.driver_by_holder
        )

    def _waybill(self, number: str, serial: str) -> Waybill:
        found = waybills.find(self._book, number, serial)
        if found is None:
            raise CommandError(f"there is no waybill {number}/{serial}", "number", "unknown")
        return found


def question_of(values: Mapping[str, Any]) -> Question:
    """vehicle, driver, company, cargo, weight_kg, dangerous as the API and the command line have them."""
    return Question(
        values["vehicle"], values["driver"], values["company"],
        Cargo(values["cargo"], values["weight_kg"], values["dangerous"]),
    )  # fmt: skip


def verdict_as_json(verdict: Verdict) -> dict[str, Any]:
    """For people and programs."""
    return {
        "answer": verdict.answer.value,
        "snapshot": verdict.sequence or None,
        "reasons": [
            {"code": each.code.value, "subject": each.subject, "words": each.words}
            for each in verdict.reasons
        ],
    }


def _not_the_scanned(order: Order, checked: Checked, driver: Driver | None) -> str:
    """Why the order is not for who and what was scanned; empty when it is."""
    content = checked.content
    assert content is not None
    if order.vehicle != f"{content.plate}/{content.plate_colour}":
        return "vehicleInfo.vehicleNumber: not the vehicle of the code"
    if driver is not None and order.driver != driver.identity:
        return "vehicleInfo.driver: not the holder of the code"
    return ""


def _codes(reasons: list[Reason]) -> str:
    return ", ".join(sorted({each.code.value for each in reasons}))
