"""The nodes of a plan: what a declaration says, as plain data that every derived thing is made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta, timezone
from typing import Any

from .definitions.tagged import Item
from .definitions.types import Bit, BitGroup, BitNumber

# GBK and more: all GBK text reads the same, and names with characters outside GBK (mandatory in China since
# GB 18030-2005) read too.
CHARSET = "gb18030"
BEIJING = timezone(timedelta(hours=8))


@dataclass(frozen=True)
class Node:
    """One field: its name and Chinese name ("" for the value of an additional item)."""

    name: str
    chinese: str


@dataclass(frozen=True)
class Number(Node):
    """An unsigned big-endian integer of `width` bytes, perhaps with named bits, numbers in some of its bits,
    or named values.

    `signed` ("twos_complement", "sign_magnitude", "" for neither) says how its top bit is shown; the wire
    value is unsigned all the same.
    """

    width: int
    bits: tuple[Bit | BitGroup, ...] = ()
    names: dict[int, tuple[str, str]] = field(default_factory=dict)
    signed: str = ""
    numbers: tuple[BitNumber, ...] = ()

    def meaning(self, value: int) -> int:
        """The number that a wire value stands for."""
        top = 1 << 8 * self.width - 1
        if not self.signed or value < top:
            return value
        if self.signed == "twos_complement":
            return value - 2 * top
        return top - value or value  # "minus zero" has no number of its own and stays what it is

    def wire_value(self, meaning: int) -> int:
        """The inverse of `meaning`; a number that does not fit stays negative, for the writer to refuse."""
        top = 1 << 8 * self.width - 1
        if not self.signed or meaning >= 0:
            return meaning
        if self.signed == "twos_complement":
            return meaning + 2 * top if meaning >= -top else meaning
        return top - meaning if meaning > -top else meaning


@dataclass(frozen=True)
class Fixed(Node):
    """`width` bytes; `form` is "text" (NUL behind), "time", "period", "utc", "date" or "digits" (all
    BCD), or "raw". Times are those of `zone`, but for "utc".
    """

    width: int
    form: str
    charset: str = CHARSET
    zone: timezone = BEIJING


@dataclass(frozen=True)
class Rest(Node):
    """All bytes that are left; `form` is "text", "raw" or "trailing".

    `parts`: what stands between the semicolons of a text, by the value of `parts_by`.
    """

    form: str
    charset: str = CHARSET
    parts_by: str = ""
    parts: dict[int, tuple[tuple[str, str], ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Counted(Node):
    """Bytes behind a number of `width` bytes that counts them; `form` is "text" or "raw"."""

    width: int = 1
    form: str = "text"
    charset: str = CHARSET


@dataclass(frozen=True)
class Optional(Node):
    """`node` is there only sometimes; what says when is in the classes made from this one."""

    node: Node


@dataclass(frozen=True)
class Condition(Optional):
    """There only when `field` has one of `values` (when `equal` is False: has none of them)."""

    field: str
    values: tuple[int, ...]
    equal: bool

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether the field is there beside these values. An absent field lets nothing be there."""
        found = values.get(self.field)
        return found is not None and (found in self.values) == self.equal


@dataclass(frozen=True)
class BitCondition(Optional):
    """There only when bit `bit` of `field` is set."""

    field: str
    bit: int

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether the field is there beside these values."""
        return bool(values[self.field] >> self.bit & 1)


@dataclass(frozen=True)
class More(Optional):
    """There only when bytes are left for it."""


@dataclass(frozen=True)
class Group(Node):
    """Fields under one name."""

    nodes: tuple[Node, ...]

    def takes(self, names: set[str]) -> bool:
        """Whether values of these names can be those of this group."""
        needed = {node.name for node in self.nodes if not isinstance(node, Optional)}
        return needed <= names <= {node.name for node in self.nodes}


@dataclass(frozen=True)
class Kind:
    """What is known of one kind of item: its layouts by length, and the one of any length if there is one."""

    item: Item
    layouts: dict[int, Node]
    variable: Node | None

    def layout_of(self, length: int) -> Node | None:
        """The layout to try for a value of `length` bytes."""
        return self.layouts.get(length, self.variable)

    def all_layouts(self) -> Iterator[Node]:
        """The layouts by length, then the one of any length."""
        yield from self.layouts.values()
        if self.variable:
            yield self.variable


@dataclass(frozen=True)
class ItemList(Node):
    """Values behind an id of `id_width` bytes and a length byte: `count_field` times, or ("") to the end."""

    known: dict[int, Kind]
    kinds: tuple[Kind, ...]
    label: str
    id_width: int
    count_field: str


@dataclass(frozen=True)
class Listing(Node):
    """`count_field` times: a WORD that counts bytes, and fields in them."""

    count_field: str
    nodes: tuple[Node, ...]


@dataclass(frozen=True)
class Repeated(Node):
    """`element` as often as the field (or number) `count` says."""

    count: str | int
    element: Node


@dataclass(frozen=True)
class Greedy(Node):
    """As many whole groups as there are."""

    element: Group


@dataclass(frozen=True)
class Known(Node):
    """Up to `count_field` groups, as long as their first field is `tag`."""

    count_field: str
    tag: int
    element: Group


@dataclass(frozen=True)
class Fitting(Node):
    """The bytes to the end: a group when it fits them exactly, else as they are."""

    group: Group


@dataclass(frozen=True)
class Switch(Node):
    """`size_field` bytes: the group that `key_field` chooses when it fits them exactly, else as they are."""

    key_field: str
    size_field: str
    known: dict[int, Group]


def unwrapped(node: Node) -> Node:
    """The node itself, or what an optional one holds."""
    return node.node if isinstance(node, Optional) else node


def chosen(node: Node, values: Mapping[str, Any]) -> Node:
    """The node itself, or what a Switch is beside these values: a group that may fit, or bytes."""
    switch = unwrapped(node)
    if not isinstance(switch, Switch):
        return node
    group = switch.known.get(values.get(switch.key_field, -1))
    return Fitting(node.name, node.chinese, group) if group else Rest(node.name, node.chinese, "raw")


def is_trailing(node: Node) -> bool:
    """Whether the node takes what makes no whole item; it is empty in a well-formed body."""
    return isinstance(node, Rest) and node.form == "trailing"


def is_text(node: Node) -> bool:
    """Whether the node holds text in its charset."""
    return isinstance(node, (Fixed, Rest, Counted)) and node.form == "text"
