"""Consent records and the audit: who allowed what use of which data, and who was given what.

Persons stand here by the keyed hash of their identity number, never by the number; the audit holds names of
fields, never values.
"""

from __future__ import annotations

import secrets
from typing import Any, Final, NamedTuple

from protocols.freight.consent import Consent, Purpose, permitted

from .book import Book, BookError

CONSENT: Final = "consent"
CONSENTS_MAX: Final = 1000  # of one person
DATA_CLASSES: Final = ("person", "vehicle", "licence", "code", "waybill", "track", "account")


class Audited(NamedTuple):
    """One line of the audit. given: names of what was given, or what was done."""

    at_s: int
    account: str
    action: str
    who: str
    purpose: str
    given: str


class Consents:
    """Of one book."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def add(self, consent: Consent, *, at_s: int, actor: str) -> str:
        """Notes a consent and gives its number. Raises BookError for a class of data that there is not."""
        if consent.data_class not in DATA_CLASSES:
            raise BookError(f"data_class: {consent.data_class!r}; there are {', '.join(DATA_CLASSES)}")
        if consent.until_s <= consent.from_s:
            raise BookError("until_s: it must be later than from_s")
        if len(self._book.linked(CONSENT, consent.who)) >= CONSENTS_MAX:
            raise BookError(f"consent: at most {CONSENTS_MAX} of one person")
        number = secrets.token_hex(8)
        self._put(number, consent, at_s, actor, "given")
        return number

    def withdraw(self, number: str, who: str, *, at_s: int, actor: str) -> bool:
        """From now on it holds no more. False when this person gave no such consent."""
        body = self._book.get(CONSENT, number)
        if body is None or body["who"] != who:
            return False
        self._put(number, _consent(body).withdrawn(at_s), at_s, actor, "withdrawn")
        return True

    def of(self, who: str) -> list[tuple[str, Consent]]:
        """(number, consent) of one person, withdrawn and ended ones too."""
        return [(number, _consent(body)) for number, body in self._book.linked(CONSENT, who)]

    def permits(self, who: str, data_class: str, purpose: Purpose, second: int) -> bool:
        """Whether this use has a basis now: see `protocols.freight.consent.permitted`."""
        given = [consent for _, consent in self.of(who)]
        return permitted(who, data_class, purpose, second, consents=given)

    def forget(self, who: str) -> int:
        """Takes all consents of a person out, with their history; gives how many."""
        numbers = [number for number, _ in self._book.linked(CONSENT, who)]
        with self._book.writing():
            for number in numbers:
                self._book.forget(CONSENT, number)
        return len(numbers)

    def _put(self, number: str, consent: Consent, at_s: int, actor: str, action: str) -> None:
        body = vars(consent) | {"purpose": consent.purpose.value}
        self._book.put(CONSENT, number, body, at_s=at_s, actor=actor, action=action, link=consent.who)


class Audit:
    """Of one book. Lines are never changed."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def note(self, line: Audited) -> None:
        """Writes a line down, durable before anything is given."""
        with self._book.writing() as database:
            database.execute(
                "INSERT INTO audit (at_s, account, action, who, purpose, given) VALUES (?, ?, ?, ?, ?, ?)",
                line,
            )

    def of(self, who: str, most: int = 1000) -> list[Audited]:
        """The newest lines about a person or vehicle, the newest first."""
        query = (
            "SELECT at_s, account, action, who, purpose, given FROM audit WHERE who = ?"
            " ORDER BY number DESC LIMIT ?"
        )
        return [Audited(*row) for row in self._book.rows(query, (who, most))]


def _consent(body: dict[str, Any]) -> Consent:
    return Consent(**{**body, "purpose": Purpose(body["purpose"])})
