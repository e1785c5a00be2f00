"""The table of what stays bytes is complete, and names nothing that is read."""

from collections.abc import Iterable, Iterator

from protocols.jt808 import emit_docs
from protocols.jt808.catalog import MESSAGES
from protocols.jt808.definitions.unread import UNREAD
from protocols.jt808.nodes import (
    Counted,
    Fitting,
    Fixed,
    Greedy,
    Group,
    Known,
    Listing,
    Node,
    Repeated,
    Rest,
    Switch,
    unwrapped,
)
from protocols.jt808.plan import plan_of


def kept_as_bytes(nodes: Iterable[Node], path: str = "") -> Iterator[str]:
    """The paths of all fields that are bytes, always or when they do not fit."""
    for node in map(unwrapped, nodes):
        name = path + node.name
        if isinstance(node, (Fixed, Rest, Counted)) and node.form == "raw":
            yield name
        elif isinstance(node, (Group, Listing)):
            yield from kept_as_bytes(node.nodes, name + ".")
        elif isinstance(node, (Repeated, Greedy, Known)) and isinstance(node.element, Group):
            yield from kept_as_bytes(node.element.nodes, name + ".")
        elif isinstance(node, Fitting):
            yield name
            yield from kept_as_bytes(node.group.nodes, name + ".")
        elif isinstance(node, Switch):
            yield name
            for group in node.known.values():
                yield from kept_as_bytes(group.nodes, name + ".")


def test_the_table_says_what_the_declarations_say():
    declared = {
        (message.id, name)
        for message in MESSAGES.values()
        for edition in message.editions
        for name in kept_as_bytes(plan_of(message.id, edition))
    }
    told = [(message_id, entry.field) for entry in UNREAD for message_id in entry.ids]
    assert len(told) == len(set(told)) and set(told) == declared


def test_the_page_tells_the_parameters_without_a_layout():
    page = emit_docs.render().split("## Kept as bytes")[1]
    for item in ("0x0075", "0x0076", "0x0077", "0x0079", "0x007A", "0x007B", "0x007C", "0xF364", "0xF367"):
        assert f"| parameter {item} |" in page
