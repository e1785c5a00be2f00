"""What people may see of a terminal's message who have not said why: masked by default (law 7).

An allow-list by the declarations of the standard: numbers, flags and named values are shown, positions to
0.01°, the texts below masked or shown as their rule says. Other texts and all bytes are hidden and counted.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from typing import Any, Final

from protocols.jt808.catalog import MESSAGES
from protocols.jt808.explain import Listing
from protocols.jt808.nodes import Kind, Node, Number
from protocols.jt808.plan import plan_of
from protocols.jt808.rows import Row

from . import masking

HIDDEN: Final = "…"
RULES_OF_FIELDS: Final[dict[str, str]] = {
    "phone": "phone",
    "identity": "phone",
    "terminal": "phone",
    "number": "phone",
    "platform_phone": "phone",
    "reset_phone": "phone",
    "factory_reset_phone": "phone",
    "platform_sms_number": "phone",
    "sms_alarm_number": "phone",
    "listen_in_number": "phone",
    "privileged_sms_number": "phone",
    "name": "name",
    "id_number": "identity",
    "qualification": "identity",
    "licence": "identity",
    "plate": "plate",
}
# Texts that say nothing of a person.
CLEAR: Final = frozenset(
    (
        "id", "message", "message_id", "kind", "way", "item", "parameter", "maker", "model", "issuer",
        "hardware_version", "firmware_version", "time_bcd", "valid_until_bcd", "first_time_bcd",
        "received_at", "reported_at", "at", "command", "event", "mark", "check",
    )
)  # fmt: skip
# A hundredth of a degree in the units of coordinates.
COORDINATES: Final = {"_udeg": 10_000, "_e4min": 6_000}
DEGREES: Final = frozenset(("latitude", "longitude"))
# Messages about a person: driver, waybill, telephone book.
PAPERS: Final = frozenset(("0x0702", "0x0701", "0x8401"))
# Rows of a listing that are no fields of a body: the frame around it.
FRAME: Final = frozenset(
    ("message_id", "attributes", "serial", "check", "version", "package_count", "package")
)
_DEGREES: Final = re.compile(r"-?\d+\.\d+")


@dataclass
class Shown:
    """document: what may be seen. hidden: field → how often its value was left out."""

    document: dict[str, Any]
    hidden: Counter[str] = field(default_factory=Counter)


def shown(document: Mapping[str, Any]) -> Shown:
    """A decoded frame (`jt808.codec`) or a record (`monitoring.json_form`) as it may be seen."""
    hidden: Counter[str] = Counter()
    return Shown(_group(document, hidden), hidden)


def without_persons(message_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """A decoded body for the fleet company's own programs: who somebody is, is masked, all else exact.

    message_id: such as "0x0702". Of messages that carry papers as bytes, the bytes are hidden.
    """
    papers = message_id in PAPERS

    def walk(name: str, value: Any) -> Any:
        if isinstance(value, Mapping):
            named = str(value.get("parameter", ""))
            if papers and set(value) == {"hex"}:
                return {"hex": ""}
            return {key: walk(named if key == "value" else key, each) for key, each in value.items()}
        if isinstance(value, list):
            return [walk(name, each) for each in value]
        rule = RULES_OF_FIELDS.get(name)
        if not isinstance(value, str) or rule in (None, "plate") or (name == "name" and not papers):
            return value
        return masking.RULES[str(rule)](value)

    masked: dict[str, Any] = walk("", body)
    return masked


def shown_listing(listing: Listing) -> Listing:
    """An explained frame as it may be seen: bytes only of what is shown in full."""
    return replace(
        listing,
        rows=[_row(row) for row in listing.rows],
        decrypted=[_row(row) for row in listing.decrypted],
        problems=[HIDDEN for _ in listing.problems],
    )


def _group(group: Mapping[str, Any], hidden: Counter[str]) -> dict[str, Any]:
    # The value of a parameter goes by the parameter's name; "value" alone says nothing.
    named = group.get("parameter")
    return {
        name: _value(str(named) if name == "value" and named else name, value, hidden)
        for name, value in group.items()
    }


def _value(name: str, value: Any, hidden: Counter[str]) -> Any:
    if isinstance(value, Mapping):
        return _group(value, hidden) if set(value) != {"hex"} else _hide(name, hidden)
    if isinstance(value, list):
        return [_value(name, each, hidden) for each in value]
    if isinstance(value, int) and (grid := _grid_of(name)):
        return round(value / grid) * grid
    if name in DEGREES and isinstance(value, float):
        return round(value, 2)
    if not isinstance(value, str):
        return value
    if name in RULES_OF_FIELDS:
        return masking.RULES[RULES_OF_FIELDS[name]](value)
    return value if name in CLEAR or name in _words() else _hide(name, hidden)


def _grid_of(name: str) -> int:
    return next((grid for suffix, grid in COORDINATES.items() if name.endswith(suffix)), 0)


def _hide(name: str, hidden: Counter[str]) -> str:
    hidden[name] += 1
    return HIDDEN


def _row(row: Row) -> Row:
    if _grid_of(row.name):
        rounded = _DEGREES.sub(lambda found: f"{float(found[0]):.2f}", row.text)
        return replace(row, data=b"", text=rounded)
    if row.name in FRAME or row.name in _words():
        return row
    if row.name in RULES_OF_FIELDS:
        text = row.text.strip('"')  # texts stand in quotes
        masked = masking.RULES[RULES_OF_FIELDS[row.name]](text)
        return replace(row, data=b"", text=row.text.replace(text, masked))
    if row.name in CLEAR:
        return row
    return replace(row, data=b"", text=HIDDEN if row.data or row.text else "")


@lru_cache(maxsize=1)
def _words() -> frozenset[str]:
    """The names under which only numbers stand, with their flags and named values, in every declaration."""
    numbers: set[str] = set()
    others = set(RULES_OF_FIELDS)
    for message in MESSAGES.values():
        for edition in message.editions:
            for node in _nodes(plan_of(message.id, edition)):
                if isinstance(node, Number):
                    numbers |= {node.name, *(name for bit in node.bits for name in _names_of(bit))}
                else:
                    others.add(node.name)
    return frozenset(numbers - others)


def _names_of(bit: Any) -> set[str]:
    return {bit.name, *(name for name, _ in getattr(bit, "names", ()))}


def _nodes(part: Any) -> Iterator[Node]:
    """Every field of a plan, however deep."""
    if isinstance(part, Node):
        yield part
    if isinstance(part, (Node, Kind)):
        for each in fields(part):
            value = getattr(part, each.name)
            if isinstance(value, (Node, Kind, tuple, dict)):
                yield from _nodes(value)
    elif isinstance(part, (tuple, dict)):
        for each in part.values() if isinstance(part, dict) else part:
            yield from _nodes(each)
