"""Writes the lines of one generated decoder from its plan; `emit_decoders` puts the decoders together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from .plan import (
    Condition,
    Counted,
    Fixed,
    Group,
    ItemList,
    Listing,
    Node,
    Number,
    Rest,
    UnsupportedConstruct,
)
from .source import LINE_LENGTH

_FORMATS = {1: "B", 2: "H", 4: "I"}


class Writer(Protocol):
    """What the lines need of the file that they will stand in."""

    def function(self, wanted: str, nodes: tuple[Node, ...]) -> str:
        """The name of the decoder of these fields."""

    def unpacker(self, form: str) -> str:
        """The name of an unpack_from of this struct format."""

    def items(self, node: ItemList) -> None:
        """Takes care of the tables that the loop over items needs."""


class DecoderLines:
    """Writes the lines of one decoder."""

    def __init__(self, writer: Writer, split: bool) -> None:
        self.writer = writer
        self.split = split
        self.known: list[str] = []  # local variables that hold fields and are not in `values` yet
        self.flushed = False

    def lines(self, nodes: tuple[Node, ...]) -> list[str]:
        """The body of the function, indented once."""
        out = [line for run in _runs(nodes) for line in self._run(run)]
        if nodes and _takes_all(nodes[-1]):
            out.pop()  # `at = end`, for nobody
        else:
            out += ["if at != end:", "    raise Misfit"]
        if self.flushed and not self.known:
            out.append("return values")
        else:
            out += self._flush("return") if not self.flushed else [*self._flush("values"), "return values"]
        return ["    " + line for line in out]

    def _flush(self, target: str) -> list[str]:
        head = "return {" if target == "return" else "values = {"
        if self.flushed:
            out = [f'values["{name}"] = {name}' for name in self.known]
        elif not self.known:
            out = [head + "}"]
        else:
            flat = head + ", ".join(f'"{name}": {name}' for name in self.known) + "}"
            entries = [f'    "{name}": {name},' for name in self.known]
            out = [flat] if len(flat) <= 106 else [head, *entries, "}"]
        self.known = []
        self.flushed = self.flushed or target != "return"
        return out

    def _run(self, run: list[Node]) -> Iterator[str]:
        first = run[0]
        if isinstance(first, (Number, Fixed)):
            yield from self._fixed(run)
        elif isinstance(first, Condition):
            yield from self._flush("values")
            yield f"if {first.field} {'==' if first.equal else '!='} {first.value}:"
            inner = [*self._run([first.node]), *self._flush("values")]
            yield from ("    " + line for line in inner)
        else:
            yield from self._open(first)
            self.known.append(first.name)

    def _fixed(self, run: list[Node]) -> Iterator[str]:
        form, size = "", 0
        for node in run:
            assert isinstance(node, (Number, Fixed))
            form += _FORMATS[node.width] if isinstance(node, Number) else f"{node.width}s"
            size += node.width
        yield f"if end - at < {size}:"
        yield "    raise Misfit"
        names = ", ".join(node.name for node in run)
        names = names if len(run) > 1 else f"({names},)"
        yield from _assigned(names, f"{self.writer.unpacker(form)}(body, at)")
        yield f"at += {size}"
        self.known += [node.name for node in run]

    def _open(self, node: Node) -> Iterator[str]:
        if isinstance(node, Rest):
            yield f"{node.name} = body[at:end]"
            yield "at = end"
        elif isinstance(node, Counted):
            yield "if at >= end or at + 1 + body[at] > end:"
            yield "    raise Misfit"
            yield f"{node.name} = body[at + 1 : at + 1 + body[at]]"
            yield f"at += 1 + len({node.name})"
        elif isinstance(node, Group) and _takes_all(node.nodes[-1]):
            yield f"{node.name} = {self.writer.function(f'_{node.name}', node.nodes)}(body, at, end)"
            yield "at = end"
        elif isinstance(node, ItemList):
            yield from self._items(node)
        elif isinstance(node, Listing):
            yield from self._listing(node)
        else:
            raise UnsupportedConstruct(f"{node.name}: no code for {node!r}")

    def _items(self, node: ItemList) -> Iterator[str]:
        self.writer.items(node)
        yield f"{node.name}: list[Values] = []"
        yield from _ITEM_LOOP.replace("ITEMS", node.name).splitlines()

    def _listing(self, node: Listing) -> Iterator[str]:
        element = "body[at:stop]"
        if not self.split:
            element = f"{self.writer.function(f'_{node.name}_element', node.nodes)}(body, at, stop)"
        yield f"{node.name} = []"
        yield f"for _ in range({node.count_field}):"
        yield "    if end - at < 2:"
        yield "        raise Misfit"
        yield "    stop = at + 2 + (body[at] << 8 | body[at + 1])"
        yield "    at += 2"
        too_short = f" or stop - at < {_least(node.nodes)}" if self.split else ""
        yield f"    if stop > end{too_short}:"
        yield "        raise Misfit"
        yield f"    {node.name}.append({element})"
        yield "    at = stop"


_ITEM_LOOP = """\
while at + 2 <= end:
    item_id = body[at]
    size = body[at + 1]
    at += 2
    stop = at + size
    if stop > end:
        at -= 2
        break
    width = _NUMBER_WIDTHS.get(item_id << 8 | size)
    value: Any
    if width == 4:
        (value,) = _UNPACK_I(body, at)
    elif width == 2:
        value = body[at] << 8 | body[at + 1]
    elif width == 1:
        value = body[at]
    else:
        composite = _COMPOSITES.get(item_id << 8 | size)
        value = composite(body, at, stop) if composite else body[at:stop]
    ITEMS.append({"id": item_id, "value": value})
    at = stop"""


def _runs(nodes: tuple[Node, ...]) -> list[list[Node]]:
    """The fields with neighbours of fixed size put together."""
    runs: list[list[Node]] = []
    for node in nodes:
        if runs and isinstance(node, (Number, Fixed)) and isinstance(runs[-1][-1], (Number, Fixed)):
            runs[-1].append(node)
        else:
            runs.append([node])
    return runs


def _takes_all(node: Node) -> bool:
    return isinstance(node, Rest) or (isinstance(node, Group) and _takes_all(node.nodes[-1]))


def _assigned(names: str, call: str) -> list[str]:
    line = f"{names} = {call}"
    return [line] if len(line) <= LINE_LENGTH - 8 else [f"{names} = (", f"    {call}", ")"]


def _least(nodes: tuple[Node, ...]) -> int:
    return sum(node.width for node in nodes if isinstance(node, (Number, Fixed)))
