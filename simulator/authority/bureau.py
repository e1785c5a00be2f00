"""The authority at work on codes and registers: every change is examined, kept, and goes to the trucks.

Joins the office (codes), the books (registers, history) and what is sent down: a push for each code that is
issued, changes colour or ends, and a fresh snapshot for each gateway whose fleet has changed. Pushes wait in
the books until the broker has them; a newer one for the same terminal replaces an older. Knows no HTTP.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Final, NamedTuple

from protocols.driver_code import push
from protocols.driver_code.codec import StandIn
from protocols.driver_code.masked_name import glyphs_of, masked
from protocols.driver_code.trust import Verdict, Verifier
from protocols.freight.certificates import OF_PERSON, OF_VEHICLE, Certificate, Paper, Status
from protocols.guomi import Guomi

from .books.book import Book
from .books.holders import HoldersInBook, PapersInBook
from .books.keys import KeyRing
from .books.registry import Registry, TerminalRecord
from .codes import Application, HolderRecord, Issued, Office, Refused, Violation
from .indicators.registers import vehicle_key

PUSH: Final = "push"
PRESENCE_KEY_BYTES: Final = 16
_REFERENCES: Final = 0xFFFF  # presence keys are named by 16 bits that are not 0
CODES_VERSION: Final = 1


class Waiting(NamedTuple):
    """A push that the broker has not taken yet."""

    name: str
    gateway: str
    payload: bytes


class Bureau:
    """clock: Unix time in seconds. presence: hand keys for proofs of presence to terminals with their
    codes; in the clear for them, so only where the line is guarded."""

    def __init__(
        self, book: Book, keys: KeyRing, guomi: Guomi, clock: Callable[[], int], presence: bool = False
    ) -> None:
        self.book, self.keys, self.clock = book, keys, clock
        self.registry = Registry(book)
        self.holders = HoldersInBook(book)
        self._guomi, self._presence = guomi, presence
        key, private = keys.current
        self.office = Office(
            guomi,
            StandIn(guomi),
            key,
            private=private,
            secret=keys.identity_secret,
            register=PapersInBook(self.registry),
            holders=self.holders,
        )

    def who_of(self, identity: str) -> str:
        """The keyed hash under which a person stands in consents, audit and documents."""
        return self.office.holder_of(identity).hex()

    def apply(self, application: Application) -> Issued | Refused:
        """Examines and issues; the code goes to the vehicle's terminal."""
        now_s = self.clock()
        with self.book.writing():
            answer = self.office.apply(application, now_s)
            if isinstance(answer, Issued):
                self._give_presence(answer.holder, now_s)
                self._send(answer.holder, with_key=True)
        return answer

    def change(self, application: Application) -> Issued | Refused:
        """Examines anew; another vehicle's terminal gets the code, the former one's loses it."""
        holder, now_s = self.office.holder_of(application.identity), self.clock()
        with self.book.writing():
            before = self.holders.get(holder)
            answer = self.office.change(application, now_s)
            if isinstance(answer, Issued) and before is not None:
                if _vehicle_of(before) != vehicle_key(application.plate, application.plate_colour):
                    self._withdraw(before)
                self._send(holder, with_key=True)
        return answer

    def cancel(self, holder: bytes) -> bool:
        """The holder's own wish: revoked, forgotten, taken off the screen."""
        with self.book.writing():
            before = self.holders.get(holder)
            if before is None:
                return False
            self._withdraw(before)
            return self.office.cancel(holder, self.clock())

    def record(self, holder: bytes, violation: Violation) -> Issued | None:
        """A violation or its handling; a new code when the colour changed. Raises KeyError, ValueError."""
        with self.book.writing():
            issued = self.office.record(holder, violation, self.clock())
            if issued is not None:
                self._send(holder)
        return issued

    def enter_paper(self, certificate: Certificate, actor: str, action: str) -> None:
        """A certificate as it is from now on; codes that rest on it change at once. Raises BookError."""
        with self.book.writing():
            self.registry.put_paper(certificate, at_s=self.clock(), actor=actor, action=action)
            self._refresh_holders_of(certificate)

    def set_status(self, paper: Paper, number: str, status: Status, actor: str) -> Certificate:
        """Suspends, cancels or restores one. Raises BookError for an unknown paper."""
        with self.book.writing():
            record = self.registry.set_status(paper, number, status, at_s=self.clock(), actor=actor)
            self._refresh_holders_of(record.certificate)
        return record.certificate

    def verify(self, text: str) -> Verdict:
        """What is to be thought of a code now, by the newest lists. Whenever the colour of today is another
        than the code's, that has revoked the code, so there is nothing more to ask."""
        now_s = self.clock()
        revocations = self.office.revocations(now_s)
        return Verifier(self._guomi, StandIn(self._guomi), self.keys.trusted(), revocations).verify(
            text, now_s
        )

    def rotate_key(self) -> None:
        """Another key signs from now on."""
        self.keys.rotate(self.clock())
        self.office.rekey(*self.keys.current)

    def waiting(self) -> list[Waiting]:
        """Pushes that the broker has not taken, by name."""
        return [
            Waiting(name, body["gateway"], body["payload"].encode()) for name, body in self.book.shelf(PUSH)
        ]

    def sent(self, waiting: Waiting) -> None:
        """The broker has this one. A newer one under the same name stays."""
        with self.book.writing():
            body = self.book.get(PUSH, waiting.name)
            if body is not None and body["payload"].encode() == waiting.payload:
                self.book.forget(PUSH, waiting.name)

    def _refresh_holders_of(self, certificate: Certificate) -> None:
        for holder in self._holders_of(certificate):
            if self.office.refresh(holder, self.clock()) is not None:
                self._send(holder)

    def _holders_of(self, certificate: Certificate) -> list[bytes]:
        """Whose code rests on this paper. A permit may carry many: all holders are looked through."""
        if certificate.paper in OF_PERSON:
            holder = self.office.holder_of(certificate.holder_id)
            return [holder] if self.holders.get(holder) is not None else []
        if certificate.paper in OF_VEHICLE:
            key = vehicle_key(certificate.plate, certificate.plate_colour)
            return [holder for holder, _ in self.holders.of_vehicle(key)]
        name = (certificate.paper, certificate.number)
        return [
            holder
            for holder, record in self.holders.all()
            if name in {(each.paper, each.number) for each in record.application.papers}
        ]

    def _give_presence(self, holder: bytes, now_s: int) -> None:
        """A key for a new holder's proofs; its reference is free of meaning, and 0 is none."""
        if self._presence:
            reference = self.book.sequence() % _REFERENCES + 1
            key = secrets.token_bytes(PRESENCE_KEY_BYTES)
            self.office.give_presence(holder, reference, key, now_s)

    def _terminal_of(self, record: HolderRecord) -> TerminalRecord | None:
        return self.registry.terminal_of(_vehicle_of(record)) if record.application.plate else None

    def _send(self, holder: bytes, with_key: bool = False) -> None:
        record = self.office.record_of(holder)
        terminal = self._terminal_of(record)
        if terminal is None or not terminal.gateway:
            return
        if with_key and record.presence_reference:
            body = push.key_push(self._now(), self._serial(), record.presence_reference, record.presence_key)
            self._put(record, terminal, "key", body)
        self._put(record, terminal, "code", push.code_push(self._now(), self._serial(), _shown(record)))

    def _withdraw(self, record: HolderRecord) -> None:
        terminal = self._terminal_of(record)
        if terminal is not None and terminal.gateway:
            self._put(record, terminal, "code", push.withdrawal_push(self._now(), self._serial()))

    def _put(self, record: HolderRecord, terminal: TerminalRecord, kind: str, body: bytes) -> None:
        asked, serial = record.application, self._serial()
        message = {
            "v": CODES_VERSION,
            "id": f"{kind}-{serial}",
            "plate": asked.plate,
            "plate_colour": int(asked.plate_colour),
            "terminal": terminal.phone,
            "push": base64.b64encode(body).decode("ascii"),
        }
        # Keys before codes: the terminal must have a code's key when it shows the code.
        name = f"{terminal.phone}/{'0' if kind == 'key' else '1'}"
        payload = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
        self.book.put(
            PUSH, name, {"gateway": terminal.gateway, "payload": payload}, at_s=self.clock(),
            actor="office", action="to be sent",
        )  # fmt: skip

    def _serial(self) -> int:
        """Grows with every change of the books, so a later push has a larger one."""
        return self.book.sequence() + 1

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)


def _vehicle_of(record: HolderRecord) -> str:
    return vehicle_key(record.application.plate, record.application.plate_colour)


def _shown(record: HolderRecord) -> push.DriverCode:
    """What the screen shows of a code; the licence's end is that of the driving licence."""
    asked, issued = record.application, record.issued
    driving = [each for each in asked.papers if each.paper is Paper.DRIVING]
    return push.DriverCode(
        issued.text,
        push.Colour(int(issued.colour)),
        datetime.fromtimestamp(issued.valid_until_s, UTC),
        _day(driving[0].valid_to) if driving else None,
        asked.plate,
        glyphs_of(masked(asked.name)),
        record.presence_reference,
    )


def _day(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))
