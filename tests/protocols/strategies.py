"""Hypothesis strategies made from the declarations: wire values, and bodies that are nearly right."""

from typing import Any

from hypothesis import strategies as st

from protocols.jt808.catalog import MESSAGES
from protocols.jt808.plan import (
    Condition,
    Counted,
    Fixed,
    Group,
    ItemList,
    Listing,
    Node,
    Number,
    Rest,
    plan_of,
)

DECLARED = [(message.id, edition) for message in MESSAGES.values() for edition in message.editions]

declared = st.sampled_from(DECLARED)


def wire_values(message_id: int, edition: int) -> st.SearchStrategy[dict[str, Any]]:
    """Valid wire values of one message."""
    return fields(plan_of(message_id, edition))


@st.composite
def fields(draw: st.DrawFn, nodes: tuple[Node, ...]) -> dict[str, Any]:
    """Valid values of all fields; counts fit their lists, and conditions hold."""
    values: dict[str, Any] = {}
    for node in nodes:
        inner: Node = node
        if isinstance(node, Condition):
            if (values[node.field] == node.value) != node.equal:
                continue
            inner = node.node
        values[inner.name] = draw(field(inner))
        if isinstance(inner, Listing):
            values[inner.count_field] = len(values[inner.name])
    return values


def field(node: Node) -> st.SearchStrategy[Any]:
    """Valid values of one field."""
    if isinstance(node, Number):
        limit = 256**node.width - 1
        return st.one_of(st.integers(0, 3), st.integers(0, limit), st.just(limit))
    if isinstance(node, Fixed):
        return st.binary(min_size=node.width, max_size=node.width)
    if isinstance(node, Counted):
        return st.binary(max_size=255)
    if isinstance(node, Rest):
        # Leftovers of a list of items: something that makes no whole item.
        return (
            st.binary(max_size=20)
            if node.form == "text"
            else st.sampled_from([b"", b"\x01", b"\x01\x04\x00"])
        )
    if isinstance(node, Listing):
        return st.lists(fields(node.nodes), max_size=3)
    if isinstance(node, ItemList):
        return st.lists(item(node), max_size=6)
    assert isinstance(node, Group)
    return fields(node.nodes)


@st.composite
def item(draw: st.DrawFn, node: ItemList) -> dict[str, Any]:
    """A known item in one of its layouts, or raw bytes under any id with a length that its id lacks."""
    known = draw(st.booleans())
    item_id = draw(st.sampled_from(sorted(node.known)) if known else st.integers(0, 255))
    layouts = node.known[item_id][1] if item_id in node.known else {}
    if known and draw(st.booleans()):
        return {"id": item_id, "value": draw(field(draw(st.sampled_from(list(layouts.values())))))}
    return {"id": item_id, "value": draw(st.binary(max_size=40).filter(lambda raw: len(raw) not in layouts))}


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
