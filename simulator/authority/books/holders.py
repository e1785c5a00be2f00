"""Holders of driver codes in the authority's books: see `simulator.authority.codes.holders`.

Shelves: `holder` (by keyed hash, linked to the vehicle), `kept` (open violations of those who cancelled),
`revoked` (codes that ended early).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from protocols.driver_code.content import Colour, Holder
from protocols.freight.certificates import Certificate, Paper

from ..codes.colours import Severity, Violation
from ..codes.examination import Application
from ..codes.holders import HolderRecord, Issued
from ..indicators.registers import vehicle_key
from .book import Book
from .registry import Registry, certificate_from_json, certificate_to_json

HOLDER: Final = "holder"
KEPT: Final = "kept"
REVOKED: Final = "revoked"
OFFICE: Final = "office"  # who writes


class HoldersInBook:
    """See `Holders`. Every change leaves a line of history; `remove` takes that out too."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def get(self, holder: bytes) -> HolderRecord | None:
        """See `Holders`."""
        body = self._book.get(HOLDER, holder.hex())
        return None if body is None else _record(holder, body)

    def put(self, holder: bytes, record: HolderRecord, now_s: int, action: str) -> None:
        """See `Holders`."""
        asked = record.application
        link = vehicle_key(asked.plate, asked.plate_colour) if asked.plate else ""
        self._book.put(
            HOLDER, holder.hex(), _body(record), at_s=now_s, actor=OFFICE, action=action, link=link
        )

    def remove(self, holder: bytes, kept: tuple[Violation, ...], now_s: int) -> None:
        """See `Holders`."""
        with self._book.writing():
            self._book.forget(HOLDER, holder.hex())
            if kept:
                body = {"violations": [_violation_body(each) for each in kept]}
                self._book.put(KEPT, holder.hex(), body, at_s=now_s, actor=OFFICE, action="kept")

    def kept(self, holder: bytes) -> tuple[Violation, ...]:
        """See `Holders`."""
        body = self._book.get(KEPT, holder.hex())
        if body is None:
            return ()
        self._book.forget(KEPT, holder.hex())
        return tuple(_violation(each) for each in body["violations"])

    def count(self) -> int:
        """See `Holders`."""
        return self._book.count(HOLDER)

    def revoke(self, code: bytes, end_s: int, now_s: int) -> None:
        """See `Holders`."""
        self._book.put(REVOKED, code.hex(), {"end_s": end_s}, at_s=now_s, actor=OFFICE, action="revoked")

    def revoked(self, now_s: int) -> frozenset[bytes]:
        """See `Holders`."""
        ends = {name: int(body["end_s"]) for name, body in self._book.shelf(REVOKED)}
        ended = [name for name, end_s in ends.items() if end_s <= now_s]
        if ended:
            with self._book.writing():
                for name in ended:
                    self._book.forget(REVOKED, name)
        return frozenset(bytes.fromhex(name) for name in ends.keys() - set(ended))

    def of_vehicle(self, key: str) -> list[tuple[bytes, HolderRecord]]:
        """The holders whose code names this vehicle."""
        return [_named(name, body) for name, body in self._book.linked(HOLDER, key)]

    def all(self) -> Iterator[tuple[bytes, HolderRecord]]:
        """Every holder, by hash."""
        return (_named(name, body) for name, body in self._book.shelf(HOLDER))


class PapersInBook:
    """The register of papers as the office examines against: (paper, number) → certificate."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def get(self, name: tuple[Paper, str], /) -> Certificate | None:
        """The certificate, None when it is not on the register."""
        record = self._registry.paper(*name)
        return None if record is None else record.certificate


def _named(name: str, body: dict[str, Any]) -> tuple[bytes, HolderRecord]:
    holder = bytes.fromhex(name)
    return holder, _record(holder, body)


def _body(record: HolderRecord) -> dict[str, Any]:
    asked, issued = record.application, record.issued
    return {
        "holder": int(asked.holder),
        "identity": asked.identity,
        "name": asked.name,
        "papers": [certificate_to_json(each) for each in asked.papers],
        "plate": asked.plate,
        "plate_colour": asked.plate_colour,
        "carrier_id": asked.carrier_id,
        "light": asked.light,
        "text": issued.text,
        "colour": int(issued.colour),
        "valid_until_s": issued.valid_until_s,
        "since_s": record.since_s,
        "violations": [_violation_body(each) for each in record.violations],
        "presence_reference": record.presence_reference,
        "presence_key": record.presence_key.hex(),
    }


def _record(holder: bytes, body: dict[str, Any]) -> HolderRecord:
    asked = Application(
        Holder(body["holder"]),
        body["identity"],
        body["name"],
        tuple(certificate_from_json(each) for each in body["papers"]),
        body["plate"],
        body["plate_colour"],
        body["carrier_id"],
        body["light"],
    )
    issued = Issued(holder, body["text"], Colour(body["colour"]), body["valid_until_s"])
    return HolderRecord(
        asked,
        issued,
        body["since_s"],
        tuple(_violation(each) for each in body["violations"]),
        body["presence_reference"],
        bytes.fromhex(body["presence_key"]),
    )


def _violation_body(violation: Violation) -> dict[str, Any]:
    return {
        "number": violation.number,
        "severity": violation.severity.value,
        "at_s": violation.at_s,
        "words": violation.words,
        "handled_s": violation.handled_s,
    }


def _violation(body: dict[str, Any]) -> Violation:
    return Violation(
        body["number"], Severity(body["severity"]), body["at_s"], body["words"], body["handled_s"]
    )
