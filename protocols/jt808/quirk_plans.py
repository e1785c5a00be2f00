"""Plans as one model of terminal writes its bodies: another charset, another clock, items of its own.

Only what nodes say of reading and showing is changed, never a width of a standard field: what does not fit
is kept raw by the same rules as for any terminal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timezone
from typing import Any, NamedTuple

from .definitions.tagged import Item
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
)

_ADDITIONAL_ITEMS = "item"  # the label of the list that overrides are about; terminal parameters are not


class Habits(NamedTuple):
    """What a model does otherwise: its charset, the zone of its clock, its meanings of item ids."""

    charset: str
    zone: timezone
    overrides: Mapping[int, Kind]


def override_of(item: Item, form: str, width: int, charset: str) -> Kind:
    """The kind of an item: a number of `width` bytes, or text or raw bytes of any length (`width` 0)."""
    if form in ("text", "raw"):
        return Kind(item, {}, Rest("", "", form, charset))
    signed = "" if form == "unsigned" else form
    return Kind(item, {width: Number("", "", width, signed=signed)}, None)


def adapted(node: Node, habits: Habits) -> Node:
    """The node, and all that is in it, by the habits of a model."""
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


def _all(nodes: Iterable[Node], habits: Habits) -> tuple[Node, ...]:
    return tuple(adapted(node, habits) for node in nodes)


def _items(node: ItemList, habits: Habits) -> ItemList:
    known = {item_id: _kind(kind, habits) for item_id, kind in node.known.items()}
    if node.label == _ADDITIONAL_ITEMS:
        known |= habits.overrides
    kinds = {id(kind): kind for kind in known.values()}
    return replace(node, known=known, kinds=tuple(kinds.values()))


def _kind(kind: Kind, habits: Habits) -> Kind:
    layouts = {size: adapted(layout, habits) for size, layout in kind.layouts.items()}
    variable = adapted(kind.variable, habits) if kind.variable else None
    return Kind(kind.item, layouts, variable)
