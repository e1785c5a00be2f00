"""The vocabulary in which documents are declared: leaves, groups, lists. One declaration, three uses.

A field's `rule` checks one value; `schema` says the same as JSON Schema; `words` says it for people
in the notation of the specification (an..35, n..18,3).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from .codes import Table
from .faults import FaultCode
from .values import day_start, scaled, seconds_of

LIST_MAX: Final = 1000  # ours: the specification says 1..n, memory says otherwise
Check = Callable[[Any], FaultCode | None]


@dataclass(frozen=True)
class Leaf:
    """One value: how it is checked, how JSON Schema and people say it. table: where its codes are."""

    check: Check
    schema: dict[str, Any]
    words: str


@dataclass(frozen=True)
class Field:
    """name: as on the wire. required: cardinality 1. members: of a group; many: a list of such groups."""

    name: str
    required: bool
    leaf: Leaf | None = None
    members: tuple["Field", ...] = field(default=())
    many: bool = False
    most: int = LIST_MAX
    ours: bool = False  # not of the specification: ours, and marked so wherever it is shown


def text(most: int, least: int = 1, pattern: str | None = None, words: str = "") -> Leaf:
    """an..most; with a pattern (whole value) where the specification has a shape."""
    shape = re.compile(pattern) if pattern else None

    def check(value: Any) -> FaultCode | None:
        if not isinstance(value, str):
            return FaultCode.TYPE
        if not least <= len(value) <= most:
            return FaultCode.LENGTH
        return FaultCode.FORM if shape and not shape.fullmatch(value) else None

    schema: dict[str, Any] = {"type": "string", "minLength": least, "maxLength": most}
    if pattern:
        schema["pattern"] = f"^(?:{pattern})$"
    return Leaf(check, schema, words or (f"an{most}" if least == most else f"an..{most}"))


def code(table: Table, name: str) -> Leaf:
    """A code of the table."""
    known = frozenset(table)

    def check(value: Any) -> FaultCode | None:
        if not isinstance(value, str):
            return FaultCode.TYPE
        return None if value in known else FaultCode.TABLE

    return Leaf(check, {"type": "string", "enum": sorted(known)}, f"code: {name}")


def number(digits: int, places: int = 0) -> Leaf:
    """n..digits,places: not negative, as JSON number or as text; text keeps every decimal."""
    limit = 10**digits
    decimals = rf"(?:\.[0-9]{{1,{places}}}0{{0,3}})?" if places else r"(?:\.0{1,3})?"
    shape = re.compile(rf"[0-9]{{1,{digits - places}}}{decimals}")

    def check(value: Any) -> FaultCode | None:
        if isinstance(value, str) and shape.fullmatch(value):
            return None
        if isinstance(value, (list, dict, bool)):
            return FaultCode.TYPE
        parsed = scaled(value, places)
        if parsed is None:
            return FaultCode.FORM
        return FaultCode.LENGTH if parsed >= limit or isinstance(value, str) else None

    forms = [
        {"type": "number", "minimum": 0, "exclusiveMaximum": 10 ** (digits - places)},
        {"type": "string", "pattern": f"^{shape.pattern}$"},
    ]
    return Leaf(check, {"anyOf": forms}, f"n..{digits},{places}" if places else f"n..{digits}")


def time14() -> Leaf:
    """YYYYMMDDhhmmss, Beijing time."""

    def check(value: Any) -> FaultCode | None:
        if not isinstance(value, str):
            return FaultCode.TYPE
        return FaultCode.FORM if seconds_of(value) is None else None

    return Leaf(check, {"type": "string", "pattern": "^[0-9]{14}$"}, "n14")


def date8() -> Leaf:
    """YYYYMMDD."""

    def check(value: Any) -> FaultCode | None:
        if not isinstance(value, str):
            return FaultCode.TYPE
        return FaultCode.FORM if day_start(value) is None else None

    return Leaf(check, {"type": "string", "pattern": "^[0-9]{8}$"}, "n8")


def degrees(limit: int) -> Leaf:
    """Decimal degrees from -limit to limit, as JSON number or text, at most 6 decimals. Ours."""
    shape = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{1,6})?")

    def check(value: Any) -> FaultCode | None:
        if isinstance(value, (list, dict, bool)):
            return FaultCode.TYPE
        written = value if isinstance(value, str) else repr(value)
        if not shape.fullmatch(written):
            return FaultCode.FORM
        return None if abs(float(written)) <= limit else FaultCode.LENGTH

    forms = [
        {"type": "number", "minimum": -limit, "maximum": limit},
        {"type": "string", "pattern": f"^{shape.pattern}$"},
    ]
    return Leaf(check, {"anyOf": forms}, f"degrees ±{limit}")
