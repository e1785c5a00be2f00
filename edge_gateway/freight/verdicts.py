"""Capacity verification (运力核验): answered from memory at once, written into the evidence soon after."""

import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from protocols.freight.capacity import Cargo, Question, Verdict, verify

from ..commands import CommandError, StoreError
from .book import Book
from .clock import Now
from .gatekeeper import Gatekeeper
from .registers import Registers

VERDICTS_MAX: Final = 10_000  # that wait to be written into the evidence


class Verdicts:
    """Asked from any thread; `write()` from one. counts: of answers, by kind."""

    def __init__(self, book: Book, registers: Registers, gate: Gatekeeper) -> None:
        self._book, self._registers, self._gate = book, registers, gate
        self.counts: Counter[str] = Counter()
        self._waiting: list[tuple[Verdict, dict[str, Any], Now]] = []
        self._lock = threading.Lock()

    def answer(self, question: Question, who: str, now: Now) -> Verdict:
        """The answer. Raises CommandError when VERDICTS_MAX wait for the disk."""
        verdict = verify(self._registers.snapshot, question, now.s)
        self.counts[f"capacity_{verdict.answer.value}"] += 1
        driver = question.driver.hex() if isinstance(question.driver, bytes) else question.driver
        asked = {
            "vehicle": question.vehicle, "driver": driver, "company": question.company,
            "cargo": question.cargo.code, "by": who,
        }  # fmt: skip
        with self._lock:
            if len(self._waiting) >= VERDICTS_MAX:
                raise CommandError("verdicts wait for the disk", kind="full")
            self._waiting.append((verdict, asked, now))
        return verdict

    def write(self) -> int:
        """Puts what was answered into the evidence, all of it in one commit. Raises StoreError."""
        with self._lock:
            verdicts, self._waiting = self._waiting, []
        if not verdicts:
            return 0
        try:
            with self._book.turn():
                for verdict, asked, now in verdicts:
                    self._gate.keep_verdict(verdict, asked, now)
        except StoreError:  # they were told to somebody: they wait for the disk
            with self._lock:
                self._waiting[:0] = verdicts
            raise
        return len(verdicts)


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
