"""Writes the JSON Schemas: `python -m protocols.freight.emit [--check]`. From `documents` alone."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from .codes import TRANSPORT, UNINSURED
from .documents import DOCUMENTS, LIGHT_PERMIT, LIGHT_VEHICLE_FIELDS, SEGMENT_FIELDS, VERSION, Kind, Layout
from .fields import Field

FOLDER: Final = Path(__file__).resolve().parent / "schemas"
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
# Up to 4.50, as number and as text of at most two decimals.
_LIGHT: Final = {
    "anyOf": [
        {"type": "number", "maximum": 4.5},
        {"type": "string", "pattern": r"^0*(?:[0-3](?:\.[0-9]+)?|4(?:\.(?:[0-4][0-9]*|50*))?)$"},
    ]
}
_GIVEN: Final = {"not": {"enum": ["", None]}}


def file_of(layout: Layout) -> Path:
    """Where the schema of this document is."""
    return FOLDER / f"{layout.kind.name.lower()}-{VERSION}.schema.json"


def schema_of(layout: Layout) -> dict[str, Any]:
    """The JSON Schema under the profile `specification`. Calendar rules (31 June) are beyond it."""
    schema = {
        "$schema": _DIALECT,
        "$id": f"dianyun.freight.{layout.kind.name.lower()}/{VERSION}",
        "title": f"{layout.title} {layout.name} ({layout.kind.value})",
        **_object(layout.fields),
    }
    extra = _CONDITIONS.get(layout.kind)
    return {**schema, "allOf": extra} if extra else schema


def _object(fields: tuple[Field, ...]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": [field.name for field in fields if field.required],
        "properties": {field.name: _property(field) for field in fields},
    }


def _property(field: Field) -> dict[str, Any]:
    mark = {"$comment": "ours"} if field.ours else {}
    if field.leaf is not None:
        schema = {**field.leaf.schema, "description": field.leaf.words, **mark}
        # An optional field may be there and empty: platforms send so.
        return schema if field.required else {"anyOf": [{"enum": ["", None]}, schema]}
    group = _object(field.members)
    if field.many:
        return {"type": "array", "minItems": 1, "maxItems": field.most, "items": group, **mark}
    return {**group, **mark}


def _required(names: tuple[str, ...]) -> dict[str, Any]:
    return {"required": list(names), "properties": dict.fromkeys(names, _GIVEN)}


def _insurance(policy: dict[str, Any], company: dict[str, Any]) -> dict[str, Any]:
    return {"properties": {"policyNumber": policy, "insuranceCompanyCode": company}}


_NO_ZEROS: Final = {"not": {"type": "string", "pattern": f"^{LIGHT_PERMIT}$"}}
_NONE: Final = {"const": UNINSURED}
_SOME: Final = {"not": _NONE}
_CONDITIONS: Final[dict[Kind, list[dict[str, Any]]]] = {
    Kind.WAYBILL: [
        {"properties": {"transportTypeCode": {"enum": sorted(TRANSPORT)}}},
        {
            "if": {"properties": {"serialNumber": {"pattern": "^[0-9]{2}(?!00)[0-9]{2}$"}}},
            "then": {"properties": {"vehicleInfo": _required(SEGMENT_FIELDS)}},
        },
        {
            "properties": {
                "insuranceInformation": {"anyOf": [_insurance(_NONE, _NONE), _insurance(_SOME, _SOME)]}
            }
        },
    ],
    Kind.VEHICLE: [
        {
            "if": {"required": ["grossMass"], "properties": {"grossMass": _LIGHT}},
            "then": _required(LIGHT_VEHICLE_FIELDS),
            "else": {
                "properties": {
                    "roadTransportCertificateNumber": _NO_ZEROS,
                }
            },
        }
    ],
}


def render(layout: Layout) -> str:
    """The file's text."""
    return json.dumps(schema_of(layout), ensure_ascii=False, indent=1) + "\n"


def main() -> int:
    """Writes the files; with --check exits 1 when one is not fresh."""
    stale = [
        layout
        for layout in DOCUMENTS.values()
        if not file_of(layout).exists() or file_of(layout).read_text("utf-8") != render(layout)
    ]
    if "--check" in sys.argv[1:]:
        return int(bool(stale))
    FOLDER.mkdir(exist_ok=True)
    for layout in stale:
        file_of(layout).write_text(render(layout), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
