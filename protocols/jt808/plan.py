"""Walks a `construct` declaration into a small plan that every derived thing is made from: the terminal's
tables, the gateway's decoders, the explain listing, the presentation, the strategies of the tests.

A construct that is not understood here raises UnsupportedConstruct, so nothing is ever derived half.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from construct import Bytes, Construct, FormatField, Renamed, Struct

from .catalog import MESSAGES
from .definitions.types import (
    Bit,
    BitGroup,
    Choice,
    CountedList,
    CountedText,
    FixedText,
    Flags,
    Item,
    Items,
    OnlyIf,
    Text,
    TimeBcd,
    Trailing,
)


class UnsupportedConstruct(TypeError):
    """The declaration uses a construct that the walker does not know."""


@dataclass(frozen=True)
class Node:
    """One field: its name and Chinese name ("" for the value of an additional item)."""

    name: str
    chinese: str


@dataclass(frozen=True)
class Number(Node):
    """An unsigned big-endian integer of `width` bytes, perhaps with named bits or named values."""

    width: int
    bits: tuple[Bit | BitGroup, ...] = ()
    names: dict[int, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Fixed(Node):
    """`width` bytes; `form` is "text" (GBK, NUL behind), "time" (BCD) or "raw"."""

    width: int
    form: str


@dataclass(frozen=True)
class Rest(Node):
    """All bytes that are left; `form` is "text" or "trailing"."""

    form: str


@dataclass(frozen=True)
class Counted(Node):
    """GBK text behind a byte that counts its bytes."""


@dataclass(frozen=True)
class Condition(Node):
    """`node` is there only when `field` equals `value` (when `equal` is False: does not equal)."""

    node: Node
    field: str
    value: int
    equal: bool


@dataclass(frozen=True)
class Group(Node):
    """Fields under one name."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True)
class ItemList(Node):
    """Additional items, by id; for each the plans of its known layouts by length."""

    known: dict[int, tuple[Item, dict[int, Node]]]


@dataclass(frozen=True)
class Listing(Node):
    """`count_field` times: a WORD that counts bytes, and fields in them."""

    count_field: str
    nodes: tuple[Node, ...]


@cache
def plan_of(message_id: int, edition: int) -> tuple[Node, ...]:
    """The plan of a declared message's body. Raises KeyError when there is none in that edition."""
    return walk_fields(MESSAGES[message_id].bodies[edition])


def walk_fields(declaration: Struct) -> tuple[Node, ...]:
    """The plans of all fields of a Struct."""
    return tuple(walk(each) for each in declaration.subcons)


def walk(declaration: Construct) -> Node:
    """The plan of one named field. Raises UnsupportedConstruct."""
    if not isinstance(declaration, Renamed):
        return _walk(declaration, "", "")
    return _walk(declaration.subcon, declaration.name, declaration.docs)


def _walk(declaration: Construct, name: str, chinese: str) -> Node:
    while isinstance(declaration, Renamed):  # `"name" / sub * "docs"` nests two of them
        chinese = chinese or declaration.docs
        declaration = declaration.subcon
    if isinstance(declaration, Struct):
        return Group(name, chinese, walk_fields(declaration))
    if isinstance(declaration, FormatField):
        return Number(name, chinese, _unsigned_width(declaration))
    if isinstance(declaration, Flags):
        return Number(name, chinese, _unsigned_width(declaration.subcon), bits=declaration.bits)
    if isinstance(declaration, Choice):
        return Number(name, chinese, _unsigned_width(declaration.subcon), names=declaration.names)
    if isinstance(declaration, Bytes):
        return Fixed(name, chinese, declaration.length, _form_of(declaration))
    return _walk_open(declaration, name, chinese)


def _walk_open(declaration: Construct, name: str, chinese: str) -> Node:
    if isinstance(declaration, (Text, Trailing)):
        return Rest(name, chinese, "text" if isinstance(declaration, Text) else "trailing")
    if isinstance(declaration, CountedText):
        return Counted(name, chinese)
    if isinstance(declaration, OnlyIf):
        inner = _walk(declaration.thensubcon, name, chinese)
        return Condition(name, chinese, inner, declaration.field, declaration.value, declaration.equal)
    if isinstance(declaration, Items):
        known = {item.id: (item, _layouts(item)) for item in declaration.known.values()}
        return ItemList(name, chinese, known)
    if isinstance(declaration, CountedList):
        return Listing(name, chinese, declaration.count_field, walk_fields(declaration.element))
    raise UnsupportedConstruct(f"{name or 'a field'}: cannot derive anything from {declaration!r}")


def _layouts(item: Item) -> dict[int, Node]:
    return {layout.sizeof(): walk(layout) for layout in item.layouts}


def _unsigned_width(declaration: Construct) -> int:
    if isinstance(declaration, FormatField) and declaration.fmtstr in (">B", ">H", ">L", ">I"):
        return declaration.length
    raise UnsupportedConstruct(f"not an unsigned big-endian integer of 1, 2 or 4 bytes: {declaration!r}")


def _form_of(declaration: Bytes) -> str:
    if isinstance(declaration, FixedText):
        return "text"
    return "time" if isinstance(declaration, TimeBcd) else "raw"
