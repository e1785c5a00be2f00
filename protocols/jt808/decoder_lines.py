"""Writes the lines of one generated decoder from its plan; `emit_decoders` puts the decoders together."""

from __future__ import annotations

from collections.abc import Iterator

from . import list_lines
from .list_lines import Writer
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
    Optional,
    Repeated,
    Rest,
    Switch,
)
from .plan import UnsupportedConstruct
from .source import LINE_LENGTH

_FORMATS = {1: "B", 2: "H", 4: "I"}
_LOCALS = {"body", "at", "end", "stop", "size", "values", "element", "item_id", "value", "width", "composite"}


class DecoderLines:
    """Writes the lines of one decoder.

    `kind`: "whole" takes all bytes up to `end` and gives the values; "part" gives the values and where it
    stopped; "split" is whole and keeps the elements of lists as bytes.
    """

    def __init__(self, writer: Writer, kind: str) -> None:
        self.writer = writer
        self.kind = kind
        self.known: list[str] = []  # local variables that hold fields and are not in `values` yet
        self.certain: set[str] = set()  # fields that are always there
        self.flushed = False

    def lines(self, nodes: tuple[Node, ...]) -> list[str]:
        """The body of the function, indented once."""
        clash = _LOCALS & {node.name for node in nodes}
        if clash:
            raise UnsupportedConstruct(f"a field may not be called {sorted(clash)}")
        out = [line for run in _runs(nodes) for line in self._run(run)]
        if self.kind != "part":
            if nodes and _takes_all(nodes[-1]):
                out.pop()  # `at = end`, for nobody
            else:
                out += ["if at != end:", "    raise Misfit"]
        return ["    " + line for line in [*out, *self._result()]]

    def _result(self) -> list[str]:
        if self.kind == "part":
            return [*self._flush(), "return values, at"]
        if self.flushed:
            return [*self._flush(), "return values"]
        return _dictionary("return ", self.known)

    def _flush(self) -> list[str]:
        if self.flushed:
            out = [f'values["{name}"] = {name}' for name in self.known]
        else:
            out = _dictionary("values: Values = ", self.known)
        self.known = []
        self.flushed = True
        return out

    def _run(self, run: list[Node]) -> Iterator[str]:
        first = run[0]
        if isinstance(first, Optional):
            yield from self._flush()
            yield f"if {self._test(first)}:"
            inner = [*self._plain_run([first.node]), *self._flush()]
            yield from ("    " + line for line in inner)
        else:
            yield from self._plain_run(run)
            self.certain |= {node.name for node in run}

    def _plain_run(self, run: list[Node]) -> Iterator[str]:
        if isinstance(run[0], (Number, Fixed)):
            yield from self._fixed(run)
        else:
            yield from self._open(run[0])
            self.known.append(run[0].name)

    def _test(self, node: Optional) -> str:
        if isinstance(node, More):
            return "at < end"
        if isinstance(node, BitCondition):
            mask = 1 << node.bit
            return f"{node.field} & 0x{mask:X}"
        assert isinstance(node, Condition)
        single = len(node.values) == 1
        wanted = repr(node.values[0] if single else node.values)
        test = {(True, True): "==", (True, False): "!=", (False, True): "in", (False, False): "not in"}
        found = node.field if node.field in self.certain else f'values.get("{node.field}")'
        line = f"{found} {test[single, node.equal]} {wanted}"
        if node.field not in self.certain and not node.equal:
            line = f'"{node.field}" in values and {line}'
        return line

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
            return self._rest(node)
        if isinstance(node, Counted):
            return self._counted(node)
        if isinstance(node, Group):
            return self._group(node)
        if isinstance(node, Fitting):
            return self._fitting(node)
        if isinstance(node, Switch):
            return self._switch(node)
        return self._list(node)

    def _list(self, node: Node) -> Iterator[str]:
        if isinstance(node, Repeated):
            return list_lines.repeated(self.writer, node)
        if isinstance(node, (Greedy, Known)):
            return list_lines.greedy(self.writer, node)
        if isinstance(node, Listing):
            return list_lines.listing(self.writer, node, self.kind == "split")
        if isinstance(node, ItemList):
            return list_lines.items(self.writer, node)
        raise UnsupportedConstruct(f"{node.name}: no code for {node!r}")

    def _rest(self, node: Rest) -> Iterator[str]:
        yield f"{node.name} = body[at:end]"
        yield "at = end"

    def _counted(self, node: Counted) -> Iterator[str]:
        size = {1: "body[at]", 2: "(body[at] << 8 | body[at + 1])"}.get(
            node.width, f'int.from_bytes(body[at : at + {node.width}], "big")'
        )
        yield f"if end - at < {node.width}:"
        yield "    raise Misfit"
        yield f"stop = at + {node.width} + {size}"
        yield "if stop > end:"
        yield "    raise Misfit"
        yield f"{node.name} = body[at + {node.width} : stop]"
        yield "at = stop"

    def _group(self, node: Group) -> Iterator[str]:
        if _takes_all(node):
            yield f"{node.name} = {self.writer.function(f'_{node.name}', node.nodes)}(body, at, end)"
            yield "at = end"
        else:
            part = self.writer.function(f"_{node.name}_part", node.nodes, "part")
            yield f"{node.name}, at = {part}(body, at, end)"

    def _fitting(self, node: Fitting) -> Iterator[str]:
        whole = self.writer.function(f"_{node.name}_fitting", node.group.nodes)
        yield f"{node.name} = _fit({whole}, body, at, end)"
        yield "at = end"

    def _switch(self, node: Switch) -> Iterator[str]:
        table = self.writer.switch(node)
        yield f"stop = at + {node.size_field}"
        yield "if stop > end:"
        yield "    raise Misfit"
        yield f"{node.name} = _fit({table}.get({node.key_field}), body, at, stop)"
        yield "at = stop"


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
    """Whether the node always ends where the bytes end, and its code therefore with `at = end`."""
    return isinstance(node, (Rest, Fitting)) or (
        isinstance(node, Group) and bool(node.nodes) and _takes_all(node.nodes[-1])
    )


def _assigned(names: str, call: str) -> list[str]:
    """The assignment of a call, broken over lines as the formatter does it."""
    limit = LINE_LENGTH - 4
    if len(f"{names} = {call}") <= limit:
        return [f"{names} = {call}"]
    function, arguments = call.rstrip(")").split("(")
    if len(f"{names} = {function}(") <= limit:
        return [f"{names} = {function}(", f"    {arguments}", ")"]
    if len(f"{names} = (") <= limit:
        return [f"{names} = (", f"    {call}", ")"]
    return ["(", *(f"    {name}," for name in names.split(", ")), f") = {call}"]


def _dictionary(head: str, names: list[str]) -> list[str]:
    flat = head + "{" + ", ".join(f'"{name}": {name}' for name in names) + "}"
    entries = [f'    "{name}": {name},' for name in names]
    return [flat] if len(flat) <= LINE_LENGTH - 4 else [head + "{", *entries, "}"]
