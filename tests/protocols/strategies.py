"""Hypothesis strategies made from the declarations: wire values, and bodies that are nearly right."""

from typing import Any

from hypothesis import strategies as st

from protocols.jt808.catalog import MESSAGES
from protocols.jt808.nodes import (
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
    Rest,
    Switch,
    is_trailing,
    unwrapped,
)
from protocols.jt808.plan import plan_of
from protocols.jt808.writing import write_fields

DECLARED = [(message.id, edition) for message in MESSAGES.values() for edition in message.editions]

declared = st.sampled_from(DECLARED)


def wire_values(message_id: int, edition: int) -> st.SearchStrategy[dict[str, Any]]:
    """Valid wire values of one message."""
    return fields(plan_of(message_id, edition))


@st.composite
def fields(draw: st.DrawFn, nodes: tuple[Node, ...]) -> dict[str, Any]:
    """Valid values of all fields; counts and sizes fit what they count, and conditions hold."""
    values: dict[str, Any] = {}
    for node in nodes:
        if isinstance(node, (Condition, BitCondition)) and not node.holds(values):
            continue
        if isinstance(node, More) and draw(st.booleans()):
            continue
        inner = unwrapped(node)
        if isinstance(inner, Switch):
            group = inner.known.get(values[inner.key_field])
            values[inner.name] = draw(fields(group.nodes) if group else st.binary(max_size=12))
            values[inner.size_field] = len(written(group, values[inner.name]))
        else:
            values[inner.name] = draw(field(inner))
        count = inner.count if isinstance(inner, Repeated) else getattr(inner, "count_field", "")
        if isinstance(count, str) and count:
            values[count] = len(values[inner.name])
    return values


def written(group: Group | None, value: Any) -> bytes:
    """The bytes of a group's values, or the bytes."""
    out = bytearray()
    if group is None:
        return value
    write_fields(group.nodes, value, out)
    return bytes(out)


def field(node: Node) -> st.SearchStrategy[Any]:
    """Valid values of one field."""
    if isinstance(node, Number):
        limit = 256**node.width - 1
        named = [st.sampled_from(sorted(node.names))] if node.names else []
        return st.one_of(*named, st.integers(0, 3), st.integers(0, limit), st.just(limit))
    if isinstance(node, Fixed):
        return st.binary(min_size=node.width, max_size=node.width)
    if isinstance(node, Counted):
        return st.binary(max_size=40)
    if isinstance(node, Rest):
        # Leftovers of a list of items: something that makes no whole item.
        leftovers = st.sampled_from([b"", b"\x01", b"\x01\x04\x00"])
        return leftovers if is_trailing(node) else st.binary(max_size=20)
    if isinstance(node, Fitting):
        # A recorder frame has at least five bytes, so four are none.
        return st.one_of(fields(node.group.nodes), st.binary(max_size=4))
    if isinstance(node, Group):
        return fields(node.nodes)
    return listed(node)


def listed(node: Node) -> st.SearchStrategy[list[Any]]:
    """Valid values of a list."""
    if isinstance(node, Listing):
        return st.lists(fields(node.nodes), max_size=3)
    if isinstance(node, ItemList):
        return st.lists(item(node), max_size=6)
    if isinstance(node, Repeated) and isinstance(node.count, int):
        count = node.count
        return field(node.element).map(lambda element: [element] * count)
    assert isinstance(node, (Repeated, Greedy, Known))
    elements = field(node.element)
    if isinstance(node, Known):
        tag_field, tag = node.element.nodes[0].name, node.tag
        elements = elements.map(lambda element: {**element, tag_field: tag})
    return st.lists(elements, max_size=3)


@st.composite
def item(draw: st.DrawFn, node: ItemList) -> dict[str, Any]:
    """A known item in one of its layouts, or raw bytes under any id with a length that its id lacks."""
    kind = draw(st.sampled_from(node.kinds))
    known = draw(st.booleans())
    item_id = draw(st.sampled_from(kind.item.ids) if known else st.integers(0, 256**node.id_width - 1))
    kind = node.known.get(item_id)
    if kind and draw(st.booleans()):
        layouts = list(kind.layouts.values())
        if layouts:
            return {"id": item_id, "value": draw(field(draw(st.sampled_from(layouts))))}
        if isinstance(kind.variable, Group):
            return {"id": item_id, "value": draw(fields(kind.variable.nodes))}
    lengths = kind.layouts if kind else {}
    # Raw bytes of 40 or fewer fit no group of variable length (0x66 has 41 and more).
    return {"id": item_id, "value": draw(st.binary(max_size=40).filter(lambda raw: len(raw) not in lengths))}


@st.composite
def damaged_bodies(draw: st.DrawFn, body: bytes) -> bytes:
    """The body cut, lengthened or with bytes changed."""
    kind = draw(st.sampled_from(["cut", "longer", "changed"]))
    if kind == "cut":
        return body[: draw(st.integers(0, max(len(body) - 1, 0)))]
    if kind == "longer":
        return body + draw(st.binary(min_size=1, max_size=5))
    changed = bytearray(body)
    for _ in range(draw(st.integers(1, 3))):
        if changed:
            changed[draw(st.integers(0, len(changed) - 1))] = draw(st.integers(0, 255))
    return bytes(changed)
