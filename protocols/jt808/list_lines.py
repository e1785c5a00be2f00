"""Writes the lines that read the lists of a generated decoder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from .nodes import Fixed, Greedy, Group, ItemList, Known, Listing, Node, Number, Repeated, Switch
from .plan import UnsupportedConstruct


class Writer(Protocol):
    """What the lines need of the file that they will stand in."""

    def function(self, wanted: str, nodes: tuple[Node, ...], kind: str = "whole") -> str:
        """The name of the decoder of these fields."""

    def unpacker(self, form: str) -> str:
        """The name of an unpack_from of this struct format."""

    def items(self, node: ItemList) -> dict[str, str]:
        """The names of the tables that the loop over items needs."""

    def switch(self, node: Switch) -> str:
        """The name of the table of decoders by key."""


def repeated(writer: Writer, node: Repeated) -> Iterator[str]:
    """As many elements as another field says."""
    if isinstance(node.element, Group):
        part = writer.function(f"_{node.name}_element", node.element.nodes, "part")
        yield f"{node.name}: list[Values] = []"
        yield f"for _ in range({node.count}):"
        yield f"    element, at = {part}(body, at, end)"
        yield f"    {node.name}.append(element)"
        return
    if not isinstance(node.element, Number):
        raise UnsupportedConstruct(f"{node.name}: no code for elements {node.element!r}")
    width = node.element.width
    yield f"stop = at + {node.count}" + (f" * {width}" if width > 1 else "")
    yield "if stop > end:"
    yield "    raise Misfit"
    if width == 1:
        yield f"{node.name} = list(body[at:stop])"
    else:
        one = f'int.from_bytes(body[each : each + {width}], "big")'
        yield f"{node.name} = [{one} for each in range(at, stop, {width})]"
    yield "at = stop"


def greedy(writer: Writer, node: Greedy | Known) -> Iterator[str]:
    """As many whole elements as there are, perhaps of one type and up to a count."""
    part = writer.function(f"_{node.name}_element", node.element.nodes, "part")
    more = f"len({node.name}) < {node.count_field}" if isinstance(node, Known) else "at < end"
    yield f"{node.name}: list[Values] = []"
    yield f"while {more}:"
    yield "    try:"
    yield f"        element, stop = {part}(body, at, end)"
    yield "    except Misfit:"
    yield "        break"
    if isinstance(node, Known):
        yield f'    if element["{node.element.nodes[0].name}"] != {node.tag}:'
        yield "        break"
    yield f"    {node.name}.append(element)"
    yield "    at = stop"


def listing(writer: Writer, node: Listing, split: bool) -> Iterator[str]:
    """Elements behind their length; with `split` they stay bytes."""
    element = "body[at:stop]"
    if not split:
        element = f"{writer.function(f'_{node.name}_element', node.nodes)}(body, at, stop)"
    yield f"{node.name} = []"
    yield f"for _ in range({node.count_field}):"
    yield "    if end - at < 2:"
    yield "        raise Misfit"
    yield "    stop = at + 2 + (body[at] << 8 | body[at + 1])"
    yield "    at += 2"
    too_short = f" or stop - at < {_least(node.nodes)}" if split else ""
    yield f"    if stop > end{too_short}:"
    yield "        raise Misfit"
    yield f"    {node.name}.append({element})"
    yield "    at = stop"


def items(writer: Writer, node: ItemList) -> Iterator[str]:
    """Values behind id and length."""
    tables = writer.items(node)
    yield f"{node.name}: list[Values] = []"
    head = node.id_width + 1
    if node.count_field:
        yield f"for _ in range({node.count_field}):"
        yield from (f"    {line}" for line in _ITEM_HEAD.format(head=head, stop="raise Misfit").split("\n"))
    else:
        yield f"while at + {head} <= end:"
        yield from _indented(_ITEM_ID[node.id_width])
        yield from _indented(_ITEM_BREAK.format(head=head))
    yield from _indented(_ITEM_VALUE.format(name=node.name, **tables))


_ITEM_ID = {
    1: "item_id = body[at]\nsize = body[at + 1]",
    4: "(item_id,) = _UNPACK_I(body, at)\nsize = body[at + 4]",
}

_ITEM_HEAD = """\
if end - at < {head}:
    {stop}
(item_id,) = _UNPACK_I(body, at)
size = body[at + 4]
at += {head}
stop = at + size
if stop > end:
    {stop}"""

_ITEM_BREAK = """\
at += {head}
stop = at + size
if stop > end:
    at -= {head}
    break"""

_ITEM_VALUE = """\
width = {widths}.get(item_id << 8 | size)
value: Any
if width == 4:
    (value,) = _UNPACK_I(body, at)
elif width == 2:
    value = body[at] << 8 | body[at + 1]
elif width == 1:
    value = body[at]
else:
    composite = {composites}.get(item_id << 8 | size)
    value = _fit(composite or {open}.get(item_id), body, at, stop)
{name}.append({{"id": item_id, "value": value}})
at = stop"""


def _indented(text: str) -> list[str]:
    return ["    " + line for line in text.split("\n")]


def _least(nodes: tuple[Node, ...]) -> int:
    return sum(node.width for node in nodes if isinstance(node, (Number, Fixed)))
