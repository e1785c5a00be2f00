"""Documents that came: each kept once by its reference, checked, answered; a higher revision replaces.

A document that fails the checks is kept all the same: it was uploaded, and indicator 3 counts it until a
revision of it conforms. What it was answered follows from what is stored, so the same upload gets the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from protocols.freight.checking import check
from protocols.freight.documents import Kind
from protocols.freight.faults import Fault
from protocols.monitoring.documents import DocumentReceipt, Item, Result, ResultCode
from protocols.monitoring.documents import Upload as Message

from ..indicators.registers import vehicle_key
from ..indicators.uploads import Upload
from . import rows
from .book import Book
from .documents import packed, unpacked
from .registry import Registry

LABEL_CHARS_MAX: Final = 120
MEMBERS_MAX: Final = 1000  # of a list that persons are looked for in
_INSERT: Final = (
    "INSERT INTO document (gateway, reference, enterprise, kind, label, revision, purpose, received_s,"
    " faults, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class Arrivals:
    """who_of: keyed hash of an identity number, under which a person's documents are found again."""

    def __init__(self, book: Book, who_of: Callable[[str], str]) -> None:
        self._book = book
        self._registry = Registry(book)
        self._who_of = who_of

    def take(self, message: Message, now_s: int) -> DocumentReceipt:
        """Keeps what is new; durable when this returns. Raises sqlite3.Error, then nothing was kept."""
        enterprises = self._registry.enterprises_of(message.gateway)
        with self._book.writing():
            results = [self._take(message.gateway, item, enterprises, now_s) for item in message.documents]
        return DocumentReceipt(message.message, tuple(results))

    def _take(self, gateway: str, item: Item, enterprises: Sequence[str], now_s: int) -> Result:
        if not enterprises:
            return Result(item.reference, ResultCode.SERVER_ERROR, "", "this gateway is not registered")
        enterprise = item.enterprise or enterprises[0]
        if enterprise not in enterprises:
            return Result(
                item.reference,
                ResultCode.FIELD_CHECK_FAILED,
                "enterprise",
                "this gateway may bring nothing of it",
            )
        known = self._book.rows(
            "SELECT kind, body FROM document WHERE gateway = ? AND reference = ?", (gateway, item.reference)
        )
        if known:
            # A receipt may have been lost: what was refused is refused again, not called a repetition.
            ((kind, body),) = known
            return _result(item.reference, check(Kind(kind), unpacked(body)), ResultCode.REPEATED)
        faults = check(item.kind, item.document)
        self._keep(gateway, item, enterprise, faults, now_s)
        return _result(item.reference, faults, ResultCode.OK)

    def _keep(self, gateway: str, item: Item, enterprise: str, faults: tuple[Fault, ...], now_s: int) -> None:
        found = tuple(f"{fault.field}: {fault.code}" for fault in faults)
        label = label_of(item.kind, item.document)
        values = (
            gateway,
            item.reference,
            enterprise,
            item.kind.value,
            label,
            item.revision,
            item.purpose.value,
            now_s,
            json.dumps(found),
            packed(item.document),
        )
        reference = f"{gateway}/{item.reference}"
        upload = Upload(item.kind, enterprise, now_s, reference, item.document, found, item.revision, label)
        with self._book.writing() as database:
            number = database.execute(_INSERT, values).lastrowid
            assert number is not None
            rows.put(database, number, upload)
            database.executemany(
                "INSERT OR IGNORE INTO subject VALUES (?, ?)",
                [(self._who_of(identity), number) for identity in persons_of(item.document)],
            )


def _result(reference: str, faults: Sequence[Fault], good: ResultCode) -> Result:
    """The first fault, or that it is good."""
    if not faults:
        return Result(reference, good)
    first = faults[0]
    return Result(
        reference, ResultCode.FIELD_CHECK_FAILED, first.field, f"{first.code.value}: {first.detail}"
    )


def label_of(kind: Kind, document: Mapping[str, Any]) -> str:
    """What a higher revision replaces: the waybill, the funds document, the vehicle, the driver, the location
    document of its first waybill. Empty when it cannot be read."""
    if kind is Kind.WAYBILL:
        parts = [_text(document, "shippingNoteNumber"), _text(document, "serialNumber")]
    elif kind is Kind.FUNDS:
        parts = [_text(document, "documentNumber")]
    elif kind is Kind.VEHICLE:
        parts = [
            vehicle_key(_text(document, "vehicleNumber"), _text(document, "vehiclePlateColorCode")).strip("/")
        ]
    elif kind is Kind.DRIVER:
        parts = [_text(document, "drivingLicense")]
    else:
        notes = _members(document, "shippingNoteList")[:1]
        parts = [_text(each, name) for each in notes for name in ("shippingNoteNumber", "serialNumber")]
    joined = "/".join(parts) if parts and all(parts) else ""
    return joined[:LABEL_CHARS_MAX].encode("utf-8", "backslashreplace").decode("utf-8")


def persons_of(document: Mapping[str, Any]) -> set[str]:
    """The identity numbers of the drivers that a document of any kind names."""
    found = {_text(document, "drivingLicense")}
    vehicle = document.get("vehicleInfo")
    if isinstance(vehicle, Mapping):
        found |= {_text(each, "drivingLicense") for each in _members(vehicle, "driver")}
    return {each for each in found if each}


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    return value if isinstance(value, str) else ""


def _members(document: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = document.get(name)
    return (
        [each for each in value[:MEMBERS_MAX] if isinstance(each, Mapping)] if isinstance(value, list) else []
    )
