"""Walks a `construct` declaration into a small plan that every derived thing is made from: the terminal's
tables, the gateway's decoders, the explain listing, the presentation, the strategies of the tests.

A construct that is not understood here raises UnsupportedConstruct, so nothing is ever derived half.
"""

from __future__ import annotations

from functools import cache

from construct import Bytes, Construct, FormatField, Renamed, Struct

from .catalog import MESSAGES
from .definitions.shapes import Chosen, CountedList, Fit, IfBit, IfMore, Many, OnlyIf, Recognised, Repeat
from .definitions.tagged import Item, Items, Parameters, size_of
from .definitions.types import (
    Choice,
    CountedBytes,
    CountedText,
    DateBcd,
    Digits,
    FixedText,
    Flags,
    PartedText,
    PeriodBcd,
    Raw,
    Text,
    TimeBcd,
    Trailing,
    UtcBcd,
)
from .nodes import (
    BitCondition,
    Condition,
    Counted,
    Fitting,
    Fixed,
    Greedy,
    Group,
    ItemList,
    Kind,
    Known,
    Listing,
    More,
    Node,
    Number,
    Repeated,
    Rest,
    Switch,
)


class UnsupportedConstruct(TypeError):
    """The declaration uses a construct that the walker does not know."""


@cache
def plan_of(message_id: int, edition: int) -> tuple[Node, ...]:
    """The plan of a declared message's body. Raises KeyError when there is none in that edition."""
    return walk_fields(MESSAGES[message_id].bodies[edition])


def walk_fields(declaration: Struct) -> tuple[Node, ...]:
    """The plans of all fields of a Struct."""
    return tuple(walk(each) for each in declaration.subcons)


def walk(declaration: Construct) -> Node:
    """The plan of one field. Raises UnsupportedConstruct."""
    name = chinese = ""
    while isinstance(declaration, Renamed):  # `"name" / sub * "docs"` nests two of them
        name = name or declaration.name or ""
        chinese = chinese or declaration.docs
        declaration = declaration.subcon
    return _walk(declaration, name, chinese)


def _walk(declaration: Construct, name: str, chinese: str) -> Node:
    for step in (_number, _bytes, _optional, _list, _open):
        node = step(declaration, name, chinese)
        if node is not None:
            return node
    raise UnsupportedConstruct(f"{name or 'a field'}: cannot derive anything from {declaration!r}")


def _number(declaration: Construct, name: str, chinese: str) -> Node | None:
    if isinstance(declaration, FormatField):
        return Number(name, chinese, _unsigned_width(declaration))
    if isinstance(declaration, Flags):
        return Number(
            name,
            chinese,
            _unsigned_width(declaration.subcon),
            bits=declaration.bits,
            numbers=declaration.numbers,
        )
    if isinstance(declaration, Choice):
        return Number(name, chinese, _unsigned_width(declaration.subcon), names=declaration.names)
    return None


_FIXED_FORMS = (
    (FixedText, "text"),
    (PeriodBcd, "period"),
    (UtcBcd, "utc"),
    (TimeBcd, "time"),
    (DateBcd, "date"),
    (Digits, "digits"),
    (Bytes, "raw"),
)


def _bytes(declaration: Construct, name: str, chinese: str) -> Node | None:
    for kind, form in _FIXED_FORMS:
        if isinstance(declaration, kind):
            return Fixed(name, chinese, declaration.length, form)
    if isinstance(declaration, PartedText):
        return Rest(name, chinese, "text", parts_by=declaration.field, parts=declaration.parts)
    for kind, form in ((Text, "text"), (Raw, "raw"), (Trailing, "trailing")):
        if isinstance(declaration, kind):
            return Rest(name, chinese, form)
    for kind, form in ((CountedText, "text"), (CountedBytes, "raw")):
        if isinstance(declaration, kind):
            return Counted(name, chinese, _unsigned_width(declaration.length), form)
    return None


def _optional(declaration: Construct, name: str, chinese: str) -> Node | None:
    if isinstance(declaration, IfMore):
        return More(name, chinese, _walk(declaration.subcon, name, chinese))
    if not isinstance(declaration, (OnlyIf, IfBit)):
        return None
    inner = _walk(declaration.thensubcon, name, chinese)
    if isinstance(declaration, IfBit):
        return BitCondition(name, chinese, inner, declaration.field, declaration.bit)
    return Condition(name, chinese, inner, declaration.field, declaration.values, declaration.equal)


def _list(declaration: Construct, name: str, chinese: str) -> Node | None:
    if isinstance(declaration, CountedList):
        return Listing(name, chinese, declaration.count_field, walk_fields(declaration.element))
    if isinstance(declaration, Repeat):
        return Repeated(name, chinese, declaration.count, walk(declaration.element))
    if isinstance(declaration, Many):
        return Greedy(name, chinese, _group(declaration.element))
    if isinstance(declaration, Recognised):
        element = _group(declaration.element)
        return Known(name, chinese, declaration.count_field, declaration.tag, element)
    if isinstance(declaration, (Items, Parameters)):
        kinds = {item.id: _kind(item) for item in declaration.items}
        known = {each: kinds[item.id] for each, item in declaration.known.items()}
        rest = (declaration.label, declaration.id_width, declaration.count_field)
        return ItemList(name, chinese, known, tuple(kinds.values()), *rest)
    return None


def _open(declaration: Construct, name: str, chinese: str) -> Node | None:
    if isinstance(declaration, Struct):
        return Group(name, chinese, walk_fields(declaration))
    if isinstance(declaration, Fit):
        return Fitting(name, chinese, _group(declaration.layout))
    if isinstance(declaration, Chosen):
        known = {key: _group(layout) for key, layout in declaration.known.items()}
        return Switch(name, chinese, declaration.key_field, declaration.size_field, known)
    return None


def _group(declaration: Struct) -> Group:
    return Group("", "", walk_fields(declaration))


def _kind(item: Item) -> Kind:
    fixed: dict[int, Node] = {}
    variable = None
    for layout in item.layouts:
        size, node = size_of(layout), walk(layout)
        if size is not None:
            fixed[size] = node
        elif variable is None and isinstance(node, (Group, Rest)):
            variable = node
        else:
            raise UnsupportedConstruct(f"item 0x{item.id:02X}: {layout!r} cannot be its layout of any length")
    return Kind(item, fixed, variable)


def _unsigned_width(declaration: Construct) -> int:
    if isinstance(declaration, FormatField) and declaration.fmtstr in (">B", ">H", ">L", ">I"):
        return declaration.length
    raise UnsupportedConstruct(f"not an unsigned big-endian integer of 1, 2 or 4 bytes: {declaration!r}")
