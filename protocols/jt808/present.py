"""Wire values as people want to read them, JSON-able, and back: names of flags, times as ISO 8601, text.

The rule that makes it lossless: a presented value is used only when taking it back gives the wire value;
otherwise an integer stays an integer and bytes become {"hex": "…"}. Text that cannot be decoded is
{"hex": "…", "readable": "…"}: the bytes, and beside them what can be read of them, which nothing looks at.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from protocols.wire.errors import LocalProtocolError, ProtocolError

from .nodes import (
    Counted,
    Fitting,
    Fixed,
    Greedy,
    Group,
    ItemList,
    Known,
    Listing,
    Node,
    Number,
    Repeated,
    Rest,
    chosen,
    is_text,
    is_trailing,
    unwrapped,
)
from .times import present_bcd, unpresent_bcd
from .words import did_you_mean, flag_names, number_of, present_packed, unpresent_number, unpresent_packed
from .writing import layout_for

Presented = Any


def present_fields(nodes: Iterable[Node], values: dict[str, Any]) -> dict[str, Presented]:
    """The fields of `values` in presented form; what is not there, and an empty `trailing`, is left out."""
    shown = {}
    for node in nodes:
        if node.name in values and not (is_trailing(node) and not values[node.name]):
            shown[node.name] = present(chosen(node, values), values[node.name])
    return shown


def unpresent_fields(nodes: Iterable[Node], shown: dict[str, Presented]) -> dict[str, Any]:
    """The wire values behind presented fields. Raises LocalProtocolError, naming the field."""
    if not isinstance(shown, dict):
        raise LocalProtocolError(f"an object is wanted, not {shown!r}")
    by_name = {node.name: node for node in nodes}
    for name in shown:
        if name not in by_name:
            raise LocalProtocolError(f"no such field{did_you_mean(name, by_name)}", field=name)
    values: dict[str, Any] = {}
    for node in by_name.values():
        if node.name in shown:
            values[node.name] = unpresent(chosen(node, values), shown[node.name])
        elif is_trailing(node):
            values[node.name] = b""
    return values


def present(node: Node, value: Any) -> Presented:
    """One wire value in its best invertible form."""
    inner = unwrapped(node)
    with suppress(ProtocolError, ValueError):  # not presentable: the plain form below says it all
        shown = _present(inner, value)
        if unpresent(inner, shown) == value:
            return shown
    return _hex(inner, value) if isinstance(value, bytes) else value


def is_hex(shown: Presented) -> bool:
    """Whether this is the form of bytes that stand for themselves."""
    return isinstance(shown, dict) and "hex" in shown and set(shown) <= {"hex", "readable"}


def unpresent(node: Node, shown: Presented) -> Any:
    """The wire value behind one presented value. Raises LocalProtocolError when there is none."""
    inner = unwrapped(node)
    try:
        return _unpresent(inner, shown)
    except LocalProtocolError as error:
        error.field = ".".join(filter(None, (inner.name, error.field)))
        raise
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise LocalProtocolError(f"cannot take {shown!r}: {error}", field=inner.name) from error


def _present(node: Node, value: Any) -> Presented:
    if isinstance(value, dict):
        return present_fields(_fields_of(node), value)
    if isinstance(node, Number) and node.numbers:
        return present_packed(node, value)
    if isinstance(node, ItemList):
        return [_present_item(node, item) for item in value]
    if isinstance(value, list):
        return [present(_element_of(node), each) for each in value]
    if isinstance(node, Number):
        if node.bits:
            return flag_names(node.bits, value)
        return node.names[value][0] if value in node.names else node.meaning(value)
    if isinstance(node, Fixed) and node.form not in ("text", "raw"):
        return present_bcd(node.form, value, node.zone)
    if isinstance(node, (Fixed, Rest, Counted)) and is_text(node):
        return (value.rstrip(b"\x00") if isinstance(node, Fixed) else value).decode(node.charset)
    return {"hex": value.hex()}


def _hex(node: Node, value: bytes) -> dict[str, str]:
    shown = {"hex": value.hex()}
    if isinstance(node, (Fixed, Rest, Counted)) and is_text(node):
        shown["readable"] = value.rstrip(b"\x00").decode(node.charset, "replace")
    return shown


def _unpresent(node: Node, shown: Presented) -> Any:
    if is_hex(shown):
        return bytes.fromhex(shown["hex"])
    if isinstance(node, Number) and isinstance(shown, dict):
        return unpresent_packed(node, shown)
    if isinstance(shown, dict):
        return unpresent_fields(_fields_of(node), shown)
    if isinstance(node, ItemList):
        return [_unpresent_item(node, item) for item in shown]
    if isinstance(node, (Listing, Repeated, Greedy, Known)):
        return [unpresent(_element_of(node), each) for each in shown]
    if isinstance(node, Number):
        return unpresent_number(node, shown)
    if isinstance(node, Fixed) and node.form not in ("text", "raw"):
        return unpresent_bcd(node.form, shown, node.width, node.zone)
    if isinstance(node, (Fixed, Rest, Counted)) and is_text(node):
        text = shown.encode(node.charset)
        return text.ljust(node.width, b"\x00") if isinstance(node, Fixed) else text
    raise LocalProtocolError('{"hex": "…"} is wanted')


def _fields_of(node: Node) -> Iterable[Node]:
    """The fields of what an object stands for."""
    if isinstance(node, Group):
        return node.nodes
    if isinstance(node, Fitting):
        return node.group.nodes
    raise LocalProtocolError("an object is not wanted here")


def _element_of(node: Node) -> Node:
    if isinstance(node, Listing):
        return Group("", "", node.nodes)
    assert isinstance(node, (Repeated, Greedy, Known))
    return node.element


def _present_item(node: ItemList, item: dict[str, Any]) -> dict[str, Presented]:
    shown: dict[str, Presented] = {"id": f"0x{item['id']:0{min(2 * node.id_width, 4)}X}"}
    kind = node.known.get(item["id"])
    if kind:
        shown[node.label] = kind.item.name
    layout = _layout_of(node, item["id"], item["value"])
    shown["value"] = present(layout, item["value"]) if layout else {"hex": item["value"].hex()}
    return shown


def _unpresent_item(node: ItemList, shown: dict[str, Presented]) -> dict[str, Any]:
    item_id = number_of(shown["id"])
    value = shown["value"]
    if is_hex(value):
        return {"id": item_id, "value": bytes.fromhex(value["hex"])}
    layout = _layout_of(node, item_id, value)
    if layout is None:
        raise LocalProtocolError(f'{node.label} 0x{item_id:02X} takes {{"hex": "…"}}, not {value!r}')
    return {"id": item_id, "value": unpresent(layout, value)}


def _layout_of(node: ItemList, item_id: int, value: Any) -> Node | None:
    """The layout of a wire value or presented value; None for raw bytes."""
    variable = node.known[item_id].variable if item_id in node.known else None
    if isinstance(value, (bytes, str)) and variable and is_text(variable):
        return variable
    if isinstance(value, dict) and item_id in node.known:
        for layout in node.known[item_id].all_layouts():
            if isinstance(layout, Number) and layout.numbers:
                return layout
    return None if isinstance(value, bytes) else layout_for(node, item_id, value)
