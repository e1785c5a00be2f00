"""Reduces a document to a row: all that the indicators need of it, in a form that is cheap to keep and to
read.

This is done once, when a document arrives; a report reads rows. Reads no register and no period, so that a
row holds for any report. What cannot be read is marked; nothing is refused.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from typing import Final, NamedTuple
from zlib import crc32

from protocols.freight.checking import check
from protocols.freight.codes import URBAN_DELIVERY
from protocols.freight.documents import Kind
from protocols.freight.values import seconds_of

from .columns import version_of
from .facts import NO_END, UNREAD
from .reading import (
    CARGOES,
    LARGEST,
    Document,
    goods_of,
    group_of,
    key_of,
    members_of,
    points_of,
    scaled_of,
    shares_of,
    text_of,
    time_of,
    udeg_of,
)
from .registers import vehicle_key
from .uploads import Upload

BETWEEN: Final = "\x1f"  # of texts
HEAD: Final = ("received_s", "version")  # the first numbers of every row
WAYBILL_NUMBERS: Final = ("created", "despatch", "receipt", "weight_g", "amount", "urban", "cargo")
WAYBILL_TEXTS: Final = ("label", "vehicle", "carrier", "licence", "origin", "destination")  # then drivers
FUNDS_NUMBERS: Final = ("amount", "notes", "positive")  # then the share of each waybill
ENDS: Final = ("startLatitude", "startLongitude", "endLatitude", "endLongitude")  # for each waybill
# Of the form of rows: it changes with what is in them, also with the code table whose places are bits.
LAYOUT: Final = f"1-{crc32(BETWEEN.join(CARGOES).encode()):08x}"
_NO_PAYMENT: Final = "-"


class Row(NamedTuple):
    """numbers: of 64 bits, little end first: those of HEAD (the version without a sign), then its kind's.
    texts: joined by BETWEEN. faults: in words, empty when it conforms. points: of a location document, see
    `tracks.POINT`.

    waybill: WAYBILL_NUMBERS; WAYBILL_TEXTS and its drivers. funds: FUNDS_NUMBERS and shares; label, names of
    the waybills, payments (see `payment_of`). location: ENDS of each waybill; label, names of the waybills.
    vehicle: rated load, gross mass; key, certificate, type, trailer. driver: identity, name, qualification.
    """

    kind: Kind
    enterprise: str
    numbers: bytes
    texts: str
    faults: str
    points: bytes


def reduced(upload: Upload) -> Row:
    """The row of an upload; its faults are found now when nobody did before."""
    faults = upload.faults
    if faults is None:
        faults = tuple(f"{fault.field}: {fault.code}" for fault in check(upload.kind, upload.document))
    numbers, texts = _REDUCERS[upload.kind](upload, upload.document)
    version = version_of(upload.received_s, upload.reference, upload.revision)
    packed = struct.pack(f"<qQ{len(numbers)}q", upload.received_s, version, *numbers)
    points = points_of(upload.document).tobytes() if upload.kind is Kind.LOCATION else b""
    return Row(upload.kind, upload.enterprise, packed, _joined(texts), _clean("; ".join(faults)), points)


def payment_of(sequence: str, amount: int, account: str, time_s: int) -> str:
    """A payment as the bank has it (see `BankEntry`) under one name of 32 digits, from which nobody reads an
    account."""
    value = repr((sequence, amount, account, time_s)).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(value, digest_size=16).hexdigest()


Reduced = tuple[list[int], list[str]]  # numbers, texts


def _waybill(upload: Upload, document: Document) -> Reduced:
    vehicle, carrier = group_of(document, "vehicleInfo"), group_of(document, "actualCarrierInfo")
    weight, cargo = goods_of(vehicle)
    numbers = [
        time_of(document, "consignmentDateTime"),
        time_of(document, "despatchActualDateTime"),
        time_of(document, "goodsReceiptDateTime"),
        weight,
        scaled_of(document.get("totalMonetaryAmount"), 3),
        int(document.get("businessTypeCode") == URBAN_DELIVERY),
        cargo,
    ]
    texts = [
        key_of(document) or f"?{upload.reference}",
        _vehicle_of(vehicle),
        text_of(carrier, "actualCarrierId"),
        text_of(carrier, "actualCarrierBusinessLicense"),
        text_of(group_of(document, "consignorInfo"), "countrySubdivisionCode")[:6],
        text_of(group_of(document, "consigneeInfo"), "countrySubdivisionCode")[:6],
    ]
    drivers = [text_of(driver, "drivingLicense") for driver in members_of(vehicle, "driver")]
    return numbers, texts + [driver for driver in drivers if driver]


def _vehicle_of(vehicle: Document) -> str:
    """Its key; empty unless both plate and colour can be read."""
    plate, colour = text_of(vehicle, "vehicleNumber"), text_of(vehicle, "vehiclePlateColorCode")
    return vehicle_key(plate, colour) if plate and colour else ""


def _funds(upload: Upload, document: Document) -> Reduced:
    payments, notes = members_of(document, "financiallist"), members_of(document, "shippingNoteList")
    amounts = [scaled_of(payment.get("monetaryAmount"), 3) for payment in payments]
    freights = [scaled_of(note.get("totalMonetaryAmount"), 3) for note in notes]
    positive = bool(amounts) and bool(freights) and min(amounts) > 0 and min(freights) > 0
    # What was paid for a waybill: its share of the payments, by its share of the freight of the document.
    shares = shares_of(sum(max(a, 0) for a in amounts), [max(freight, 0) for freight in freights])
    named = [(key_of(note), min(share, LARGEST)) for note, share in zip(notes, shares, strict=True)]
    named = [(key, share) for key, share in named if key]
    numbers = [min(sum(amounts), LARGEST), min(sum(freights), LARGEST), int(positive)]
    texts = [text_of(document, "documentNumber") or f"?{upload.reference}", *(key for key, _ in named)]
    texts += [_payment(payment, amount) for payment, amount in zip(payments, amounts, strict=True)]
    return numbers + [share for _, share in named], texts


def _payment(payment: Document, amount: int) -> str:
    time_s = seconds_of(payment.get("dateTime"))
    if amount == UNREAD or time_s is None:
        return _NO_PAYMENT  # no bank has such a one
    return payment_of(text_of(payment, "sequenceCode"), amount, text_of(payment, "receiptAccount"), time_s)


def _location(upload: Upload, document: Document) -> Reduced:
    numbers: list[int] = []
    texts = [upload.label or upload.reference]
    for note in members_of(document, "shippingNoteList"):
        key = key_of(note)
        if key:
            ends = [udeg_of(note.get(name)) for name in ENDS]
            numbers += [NO_END if end is None or None in ends else end for end in ends]
            texts.append(key)
    return numbers, texts


def _vehicle(upload: Upload, document: Document) -> Reduced:
    numbers = [scaled_of(document.get("vehicleTonnage"), 2), scaled_of(document.get("grossMass"), 2)]
    key = vehicle_key(text_of(document, "vehicleNumber"), text_of(document, "vehiclePlateColorCode"))
    names = ("roadTransportCertificateNumber", "vehicleType", "trailerVehiclePlateNumber")
    return numbers, [key, *(text_of(document, name) for name in names)]


def _driver(upload: Upload, document: Document) -> Reduced:
    names = ("drivingLicense", "driverName", "qualificationCertificate")
    return [], [text_of(document, name) for name in names]


_REDUCERS: Final[dict[Kind, Callable[[Upload, Document], Reduced]]] = {
    Kind.WAYBILL: _waybill,
    Kind.FUNDS: _funds,
    Kind.VEHICLE: _vehicle,
    Kind.DRIVER: _driver,
    Kind.LOCATION: _location,
}


def _joined(texts: list[str]) -> str:
    """One text. A careless sender's BETWEEN in one of them gives way, so that the others keep their
    places."""
    joined = BETWEEN.join(texts)
    if joined.count(BETWEEN) >= len(texts):
        joined = BETWEEN.join(text.replace(BETWEEN, "\ufffd") for text in texts)
    return _clean(joined)


def _clean(text: str) -> str:
    """What no encoding takes (half of a surrogate pair) is spelt out, so that a row can be kept and shown."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text
