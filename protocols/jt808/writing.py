"""Writes wire values along a plan, every type and range checked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from protocols.wire.errors import LocalProtocolError

from .nodes import (
    BitCondition,
    Condition,
    Counted,
    Fitting,
    Fixed,
    Greedy,
    Group,
    ItemList,
    Known,
    Listing,
    More,
    Node,
    Number,
    Repeated,
    Switch,
)


def write_fields(nodes: Iterable[Node], values: dict[str, Any], out: bytearray) -> None:
    """Appends fields. Raises LocalProtocolError, naming the field, or all that are missing."""
    nodes = tuple(nodes)
    for node in nodes:
        inner = node
        if isinstance(node, More):
            if node.name not in values:
                continue
            inner = node.node
        elif isinstance(node, (Condition, BitCondition)):
            if not node.holds(values):
                continue
            inner = node.node
        if inner.name not in values:
            raise LocalProtocolError("missing", field=", ".join(_missing(nodes, values)))
        _write(inner, values[inner.name], values, out)


def _missing(nodes: Iterable[Node], values: dict[str, Any]) -> list[str]:
    """The names of all fields that have to be there beside these values and are not."""
    return [
        node.name
        for node in nodes
        if node.name not in values
        and not isinstance(node, More)
        and not (
            isinstance(node, (Condition, BitCondition)) and not (node.field in values and node.holds(values))
        )
    ]


def _write(node: Node, value: Any, values: dict[str, Any], out: bytearray) -> None:
    if isinstance(node, Group):
        _check(node.name, value, dict)
        write_fields(node.nodes, value, out)
    elif isinstance(node, Number):
        _put_number(node.name, value, node.width, out)
    elif isinstance(node, (Fitting, Switch)):
        _put_fitted(node, value, values, out)
    elif isinstance(node, (Repeated, Listing, ItemList, Greedy, Known)):
        _check(node.name, value, list)
        _put_list(node, value, values, out)
    else:
        _put_bytes(node, value, out)


def _put_list(node: Node, elements: list[Any], values: dict[str, Any], out: bytearray) -> None:
    _check_count(node, len(elements), values)
    for element in elements:
        if isinstance(node, ItemList):
            _put_item(node, element, out)
        elif isinstance(node, Listing):
            inner = bytearray()
            _write(Group(node.name, "", node.nodes), element, {}, inner)
            _put_number(node.name, len(inner), 2, out)
            out += inner
        else:
            assert isinstance(node, (Repeated, Greedy, Known))
            if isinstance(node, Known):
                _check(node.name, element, dict)
            if isinstance(node, Known) and element.get(node.element.nodes[0].name) != node.tag:
                raise LocalProtocolError("an element of an unknown type", field=node.name)
            _write(_named(node.element, node.name), element, {}, out)


def _check_count(node: Node, found: int, values: dict[str, Any]) -> None:
    if isinstance(node, Greedy):
        return
    field = node.count if isinstance(node, Repeated) else getattr(node, "count_field", "")
    if not field:
        return
    wanted = values[field] if isinstance(field, str) else field
    if found != wanted and not (isinstance(node, Known) and found < wanted):
        raise LocalProtocolError(f"{found}, but {field} says {wanted}", field=node.name)


def _put_item(node: ItemList, item: Any, out: bytearray) -> None:
    _check(node.name, item, dict)
    if "id" not in item or "value" not in item:
        raise LocalProtocolError(f"an {node.label} needs id and value", field=node.name)
    value = item["value"]
    inner = bytearray()
    if isinstance(value, (bytes, bytearray)):
        inner += value
    else:
        layout = layout_for(node, item["id"], value)
        if layout is None:
            raise LocalProtocolError(f"no layout of {node.label} {item['id']!r} takes this", field=node.name)
        _write(_named(layout, node.name), value, {}, inner)
    _put_number(node.name, item["id"], node.id_width, out)
    _put_number(node.name, len(inner), 1, out)
    out += inner


def layout_for(node: ItemList, item_id: Any, value: Any) -> Node | None:
    """The layout that an int or dict of this item has; None when there is none."""
    kind = node.known.get(item_id)
    for layout in kind.all_layouts() if kind else ():
        if isinstance(value, dict):
            if isinstance(layout, Group) and layout.takes(set(value)):
                return layout
        elif isinstance(layout, Number):
            return layout
    return None


def _put_fitted(node: Fitting | Switch, value: Any, values: dict[str, Any], out: bytearray) -> None:
    inner = bytearray()
    if isinstance(value, dict):
        group = node.group if isinstance(node, Fitting) else node.known.get(values[node.key_field])
        if group is None:
            raise LocalProtocolError("bytes are wanted", field=node.name)
        write_fields(group.nodes, value, inner)
    else:
        _check(node.name, value, (bytes, bytearray))
        inner += value
    if isinstance(node, Switch) and len(inner) != values[node.size_field]:
        reason = f"{len(inner)} bytes, but {node.size_field} says {values[node.size_field]}"
        raise LocalProtocolError(reason, field=node.name)
    out += inner


def _put_bytes(node: Node, value: Any, out: bytearray) -> None:
    if not isinstance(value, (bytes, bytearray)):
        raise LocalProtocolError("not bytes", field=node.name)
    if isinstance(node, Counted):
        _put_number(node.name, len(value), node.width, out)
    elif isinstance(node, Fixed) and len(value) != node.width:
        raise LocalProtocolError(f"{len(value)} bytes, not {node.width}", field=node.name)
    out += value


def _put_number(name: str, value: Any, width: int, out: bytearray) -> None:
    if not isinstance(value, int):
        raise LocalProtocolError("not an integer", field=name)
    if not 0 <= value < 1 << 8 * width:
        raise LocalProtocolError(f"{value} does not fit {width} bytes", field=name)
    out += value.to_bytes(width, "big")


def _named(node: Node, name: str) -> Node:
    """An element carries no name; errors tell that of its list."""
    if isinstance(node, Number):
        return Number(name, "", node.width)
    if isinstance(node, Fixed):
        return Fixed(name, "", node.width, node.form)
    assert isinstance(node, Group)
    return Group(name, "", node.nodes)


def _check(name: str, value: Any, wanted: type | tuple[type, ...]) -> None:
    if not isinstance(value, wanted):
        names = wanted.__name__ if isinstance(wanted, type) else wanted[0].__name__
        raise LocalProtocolError(f"not a {names}", field=name)
