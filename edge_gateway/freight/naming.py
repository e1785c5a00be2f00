"""What a document is about, what must not overtake it, and the text that it is kept as. Pure."""

import json
from collections.abc import Mapping
from typing import Any, Final

from protocols.freight.documents import Kind
from protocols.freight.registers import vehicle_key

from .waybills import waybill_key

DOCUMENT_BYTES_MAX: Final = 700_000  # an upload takes 768 KiB; 5,000 positions are some 560 kB
ESCAPED_BYTES_MAX: Final = 1_000_000  # as a text in a line of evidence, which takes 1 MiB
NAME_CHARACTERS_MAX: Final = 64


class DocumentError(ValueError):
    """A document that cannot even be kept: the text begins with the field that names it."""


def name_of(kind: Kind, document: Mapping[str, Any]) -> str:
    """What a document is about: the waybill, the funds document's number, the vehicle, the driver. Raises
    DocumentError, with the field."""
    if kind is Kind.FUNDS:
        return _text(document, "documentNumber")
    if kind is Kind.VEHICLE:
        return vehicle_key(_text(document, "vehicleNumber"), _text(document, "vehiclePlateColorCode"))
    if kind is Kind.DRIVER:
        return _text(document, "drivingLicense")
    if kind is Kind.WAYBILL:
        return waybill_key(_text(document, "shippingNoteNumber"), _text(document, "serialNumber"))
    return notes_of(document)[0]


def notes_of(document: Mapping[str, Any]) -> list[str]:
    """The waybills that a funds or location document lists. Raises DocumentError."""
    notes = document.get("shippingNoteList")
    if not isinstance(notes, list) or not notes or not all(isinstance(each, Mapping) for each in notes):
        raise DocumentError("shippingNoteList: a list of waybills is needed")
    return [waybill_key(_text(each, "shippingNoteNumber"), _text(each, "serialNumber")) for each in notes]


def lanes_of(kind: Kind, document: Mapping[str, Any]) -> list[str]:
    """What must arrive in order: documents of one waybill, of one vehicle, of one driver."""
    if kind in (Kind.FUNDS, Kind.LOCATION):
        notes = document.get("shippingNoteList")
        listed = sorted(set(notes_of(document))) if notes else []
        return [lane_of(each) for each in listed] or [f"{kind.value} {name_of(kind, document)}"]
    if kind is Kind.WAYBILL:
        return [lane_of(name_of(kind, document))]
    return [f"{kind.value} {name_of(kind, document)}"]


def lane_of(waybill: str) -> str:
    """The lane of a waybill's documents; waybill: `waybill_key`."""
    return f"waybill {waybill}"


def body_of(document: Mapping[str, Any]) -> str:
    """The text to keep. Raises DocumentError for what neither file, evidence nor line can take."""
    try:
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        size, escaped = len(body.encode()), len(json_of(body).encode())
    except ValueError:
        raise DocumentError("document: a text that is no Unicode, or a number that is none") from None
    if size > DOCUMENT_BYTES_MAX or escaped > ESCAPED_BYTES_MAX:
        raise DocumentError(f"document: {size} bytes, {DOCUMENT_BYTES_MAX} at most")
    return body


def json_of(value: Any) -> str:
    """The text under which a document is kept and witnessed."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _text(document: Mapping[str, Any], field: str) -> str:
    value = document.get(field)
    if not isinstance(value, str) or not value or not value.isprintable() or len(value) > NAME_CHARACTERS_MAX:
        raise DocumentError(f"{field}: a text is needed: it names the document")
    return value
