"""Plans as one model of terminal writes its bodies: another charset, another clock, items of its own, other
names of values and bits.

No width of a standard field is changed but those that a dialect cuts otherwise: what does not fit is kept raw
by the same rules as for any terminal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timezone
from typing import Any, NamedTuple

from .definitions.tagged import Item
from .definitions.types import Bit, BitGroup
from .nodes import (
    Counted,
    Fitting,
    Fixed,
    Greedy,
    Group,
    ItemList,
    Kind,
    Known,
    Listing,
    Node,
    Number,
    Optional,
    Repeated,
    Rest,
    Switch,
    unwrapped,
)
from .quirk_sections import Dialect, ItemField, ItemOverride

_IDENTIFIER = "identifier"  # the group, and the two of its fields that dialects cut otherwise
_TERMINAL_ID = "terminal_id"
_RESERVED = "reserved"
_ADDITIONAL_ITEMS = "item"  # the label of the list that overrides are about; terminal parameters are not


class Habits(NamedTuple):
    """What a model does otherwise: its charset, the zone of its clock, its meanings of item ids, the names of
    values and bits by field, its cut of alarm identifiers."""

    charset: str
    zone: timezone
    overrides: Mapping[int, Kind]
    values: Mapping[str, Mapping[int, str]]
    bits: Mapping[str, Mapping[int, str]]
    dialect: Dialect


def override_of(item_id: int, override: ItemOverride, charset: str) -> Kind:
    """The kind of an item: a number, fields, or text or raw bytes of any length."""
    item = Item(item_id, override.name, override.chinese, ())
    if override.form in ("text", "raw"):
        return Kind(item, {}, Rest("", "", override.form, charset))
    if override.form == "fields":
        fields = tuple(_item_field(field, charset) for field in override.fields)
        return Kind(item, {sum(field.width for field in override.fields): Group("", "", fields)}, None)
    width = override.width or 0
    bits: tuple[Bit | BitGroup, ...] = ()
    names: dict[int, tuple[str, str]] = {}
    if override.form == "bits":
        bits = tuple(Bit(number, name, "") for number, name in sorted(override.names.items()))
    else:
        names = {number: (name, "") for number, name in override.names.items()}
    signed = override.form if override.form in ("twos_complement", "sign_magnitude") else ""
    return Kind(item, {width: Number("", "", width, bits, names, signed)}, None)


def _item_field(field: ItemField, charset: str) -> Number | Fixed:
    if field.form in ("text", "raw"):
        return Fixed(field.name, field.chinese, field.width, field.form, charset)
    signed = "" if field.form == "unsigned" else field.form
    return Number(field.name, field.chinese, field.width, signed=signed)


def renamed_fields(nodes: Iterable[Node], section: str, name: str) -> Iterator[Number]:
    """The fields of this name, at any depth, whose "values" or "bits" have names."""
    for node in map(unwrapped, nodes):
        if (
            isinstance(node, Number)
            and node.name == name
            and (node.names if section == "values" else node.bits)
        ):
            yield node
        yield from renamed_fields(_below(node), section, name)


def _below(node: Node) -> Iterable[Node]:
    if isinstance(node, (Group, Listing)):
        return node.nodes
    if isinstance(node, (Repeated, Greedy, Known)):
        return (node.element,)
    if isinstance(node, Fitting):
        return (node.group,)
    return node.known.values() if isinstance(node, Switch) else ()


def adapted_plan(nodes: Iterable[Node], habits: Habits) -> tuple[Node, ...]:
    """The fields of a body by the habits of a model."""
    nodes = tuple(nodes)
    if any(node.name == _IDENTIFIER for node in nodes):  # the terminal id beside it is cut as the one in it
        nodes = tuple(_cut(node, habits.dialect) if node.name == _TERMINAL_ID else node for node in nodes)
    return tuple(adapted(node, habits) for node in nodes)


def adapted(node: Node, habits: Habits) -> Node:
    """The node, and all that is in it, by the habits of a model."""
    if isinstance(node, Number):
        return _named(node, habits)
    if isinstance(node, Group) and node.name == _IDENTIFIER:
        kept = [each for each in node.nodes if each.name != _RESERVED or habits.dialect.reserved_bytes]
        node = replace(node, nodes=tuple(_cut(each, habits.dialect) for each in kept))
    if isinstance(node, Fixed):
        return replace(node, charset=habits.charset, zone=habits.zone)
    if isinstance(node, (Rest, Counted)):
        return replace(node, charset=habits.charset)
    if isinstance(node, Optional):
        return replace(node, node=adapted(node.node, habits))
    if isinstance(node, ItemList):
        return _items(node, habits)
    return replace(node, **_inner(node, habits))


def _inner(node: Node, habits: Habits) -> dict[str, Any]:
    if isinstance(node, (Group, Listing)):
        return {"nodes": _all(node.nodes, habits)}
    if isinstance(node, (Repeated, Greedy, Known)):
        return {"element": adapted(node.element, habits)}
    if isinstance(node, Fitting):
        return {"group": adapted(node.group, habits)}
    if isinstance(node, Switch):
        return {"known": {key: adapted(group, habits) for key, group in node.known.items()}}
    return {}


def _named(node: Number, habits: Habits) -> Number:
    """The number with the names that the model gives to its values or bits."""
    if node.names and node.name in habits.values:
        given = {number: (name, "") for number, name in habits.values[node.name].items()}
        return replace(node, names={**node.names, **given})
    if node.bits and node.name in habits.bits:
        given_bits = habits.bits[node.name]
        kept = [bit for bit in node.bits if not _places(bit) & set(given_bits)]
        bits = [*kept, *(Bit(number, name, "") for number, name in given_bits.items())]
        return replace(node, bits=tuple(sorted(bits, key=lambda bit: bit.number)))
    return node


def _places(bit: Bit | BitGroup) -> set[int]:
    return set(range(bit.number, bit.number + (bit.width if isinstance(bit, BitGroup) else 1)))


def _cut(node: Node, dialect: Dialect) -> Node:
    if isinstance(node, Fixed) and node.name == _TERMINAL_ID:
        return replace(node, width=dialect.terminal_id_bytes)
    if node.name == _RESERVED and dialect.reserved_bytes != 1:
        return Fixed(node.name, node.chinese, dialect.reserved_bytes, "raw")
    return node


def _all(nodes: Iterable[Node], habits: Habits) -> tuple[Node, ...]:
    return tuple(adapted(node, habits) for node in nodes)


def _items(node: ItemList, habits: Habits) -> ItemList:
    known = {item_id: _kind(kind, habits) for item_id, kind in node.known.items()}
    if node.label == _ADDITIONAL_ITEMS:
        known |= habits.overrides
    kinds = {id(kind): kind for kind in known.values()}
    return replace(node, known=known, kinds=tuple(kinds.values()))


def _kind(kind: Kind, habits: Habits) -> Kind:
    layouts = {}
    for size, layout in kind.layouts.items():
        node = adapted(layout, habits)
        layouts[size + _width(node) - _width(layout)] = node
    variable = adapted(kind.variable, habits) if kind.variable else None
    return Kind(kind.item, layouts, variable)


def _width(node: Node) -> int:
    """The bytes of a layout whose fields are all of fixed width."""
    if isinstance(node, Group):
        return sum(map(_width, node.nodes))
    return node.width if isinstance(node, (Number, Fixed)) else 0
