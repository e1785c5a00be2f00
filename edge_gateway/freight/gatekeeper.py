"""The gate at work: asks the registers, writes down what it decides, tells the driver of a stop.

Every method runs within a turn of the book. What the registers say is `protocols.freight.capacity`'s, what
that means for a trip is `gate`'s.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from protocols.freight.capacity import Answer, Question, Reason, Verdict, verify

from ..log import event
from . import errands, proof, route_sheet, waybills
from .book import Book
from .clock import Now
from .gate import Moment, Outcome, Policy, decide, driver_text
from .orders import cargoes_of
from .proof import Evidence
from .registers import Registers
from .waybills import Waybill

TEXT_LIFE_MS: Final = 3_600_000  # a stop that is an hour old is no news to a driver
_log = logging.getLogger(__name__)


class Gatekeeper:
    """edition_of(terminal), vehicle_of(terminal): what the terminals' registry says, None and "" of a
    stranger."""

    def __init__(
        self,
        book: Book,
        registers: Registers,
        evidence: Evidence,
        *,
        policy: Policy,
        edition_of: Callable[[str], int | None],
        vehicle_of: Callable[[str], str],
    ) -> None:
        self._book, self._registers, self._evidence = book, registers, evidence
        self.policy, self._edition_of, self.vehicle_of = policy, edition_of, vehicle_of
        self.counts: Counter[str] = Counter()

    def verdict(self, waybill: Waybill, now: Now) -> Verdict:
        """What the registers say of vehicle, driver, company and every kind of goods; a route sheet's
        faults."""
        verdicts = [
            verify(
                self._registers.snapshot,
                Question(waybill.vehicle, waybill.driver, waybill.company, cargo),
                now.s,
            )
            for cargo in cargoes_of(waybill.document, waybill.dangerous)
        ]
        sheet = self._route_sheet(waybill, now)
        answers = {each.answer for each in verdicts}
        answer = Answer.NO if sheet or Answer.NO in answers else Answer.YES
        reasons = dict.fromkeys([*(reason for each in verdicts for reason in each.reasons), *sheet])
        return Verdict(
            Answer.UNVERIFIED if Answer.UNVERIFIED in answers else answer,
            tuple(reasons),
            verdicts[0].sequence,
        )

    def look(self, waybill: Waybill, moment: Moment, now: Now, only_changes: bool = False) -> Waybill:
        """The waybill as the gate leaves it, written down; the driver is told of a stop."""
        if moment not in self.policy.moments:
            return waybills.save(self._book, waybill, now.ms)
        verdict = self.verdict(waybill, now)
        outcome = decide(verdict, self.policy, waybill.aside)
        stopped = outcome is Outcome.STOPPED
        held = [[each.code.value, each.subject, each.words] for each in verdict.reasons] if stopped else []
        changed = held != [list(each) for each in waybill.held]
        waybill = waybills.save(self._book, replace(waybill, held=held), now.ms)
        if only_changes and not changed:
            return waybill
        detail = {
            "moment": moment.value,
            "answer": verdict.answer.value,
            "outcome": outcome.value,
            "snapshot": verdict.sequence,
            "reasons": [f"{each.subject}: {each.code.value}" for each in verdict.reasons],
        }
        self.note(waybill, "gate", now, detail)
        self.counts[f"gate_{outcome.value}"] += 1
        if stopped:
            event(
                _log,
                logging.WARNING,
                "trip stopped",
                waybill=waybill.key,
                terminal=waybill.terminal,
                **_said(detail),
            )
            self.tell(waybill.terminal, driver_text(verdict, waybill.number), now)
        return waybill

    def look_at_card(self, terminal: str, driver: str, now: Now) -> None:
        """A driver without an order: vehicle, driver and company must be in order all the same."""
        if Moment.CARD not in self.policy.moments:
            return
        trip = Waybill("", "", vehicle=self.vehicle_of(terminal), driver=driver)
        verdict = self.verdict(trip, now)
        outcome = decide(verdict, self.policy)
        self.counts[f"gate_{outcome.value}"] += 1
        self.keep_verdict(verdict, {"vehicle": trip.vehicle, "driver": driver, "moment": "card"}, now)
        if outcome is Outcome.STOPPED:
            reasons = [f"{each.subject}: {each.code.value}" for each in verdict.reasons]
            event(_log, logging.WARNING, "card stopped", terminal=terminal, reasons=", ".join(reasons))
            self.tell(terminal, driver_text(verdict, ""), now)

    def keep_verdict(self, verdict: Verdict, question: Mapping[str, Any], now: Now) -> str:
        """Evidence of a verdict that belongs to no waybill; gives its name."""
        subject = f"capacity/{self._book.counted('capacity')}"
        body = {
            "answer": verdict.answer.value,
            "snapshot": verdict.sequence,
            "reasons": [f"{each.subject}: {each.code.value}" for each in verdict.reasons],
        }
        self._evidence.append(subject, "verdict", now.ms, body, {"question": question})
        self._book.run("INSERT INTO verdict VALUES (?, ?)", subject, now.ms)
        return subject

    def note(self, waybill: Waybill, name: str, at: Now, detail: Mapping[str, Any]) -> None:
        """An event of the life, and its link of the evidence."""
        waybills.note(self._book, waybill, name, at.ms, detail)
        who = {"vehicle": waybill.vehicle, "driver": waybill.driver, "terminal": waybill.terminal}
        body = {"event": name, "state": waybill.state, **detail}
        self._evidence.append(proof.subject_of(waybill), "event", at.ms, body, {"trip": who})

    def tell(self, terminal: str, text: str, now: Now) -> None:
        """A text on the screen of a terminal that is registered."""
        edition = self._edition_of(terminal) if terminal else None
        if edition is not None:
            errands.add(self._book, errands.text_to_driver(terminal, edition, text, now.ms + TEXT_LIFE_MS))

    def _route_sheet(self, waybill: Waybill, now: Now) -> tuple[Reason, ...]:
        if not waybill.dangerous or not waybill.document:
            return ()
        vehicle = waybill.document["vehicleInfo"]
        trip = {
            "shippingNoteNumber": waybill.number,
            "vehicleNumber": str(vehicle["vehicleNumber"]),
            "driverName": str(vehicle["driver"][0]["driverName"]),
        }
        return route_sheet.check(waybill.route_sheet, trip, now.s)


def _said(detail: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: ", ".join(value) if isinstance(value, list) else str(value) for name, value in detail.items()
    }
