"""The rows of a body, read along its plan. Each field is told with its unit; the first misfit ends it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

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
    Rest,
    Switch,
    is_trailing,
    unwrapped,
)
from .rows import Misfit, Row, flag_rows, item_head, part_rows, readable
from .units import with_unit

_RAW = Node("raw", "")


class BodyReader:
    """Reads `payload` from `at` along a plan, collecting `rows` and `problems`."""

    def __init__(self, payload: bytes, at: int, edition: int) -> None:
        self.payload = payload
        self.at = at
        self.edition = edition
        self.rows: list[Row] = []
        self.problems: list[str] = []

    def read_all(self, nodes: tuple[Node, ...]) -> None:
        """Reads the whole rest of the payload; what does not fit becomes a problem."""
        end = len(self.payload)
        try:
            self._read_fields(nodes, end, 0)
        except Misfit as misfit:
            self._left(end, str(misfit))
        if self.at < end:
            self._left(end, "bytes behind the last field")

    def _left(self, end: int, problem: str) -> None:
        self.problems.append(f"{problem} (at byte {self.at})")
        self._add(end, "?", "", problem, wrong=True)

    def _read_fields(self, nodes: tuple[Node, ...], end: int, depth: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for node in nodes:
            if isinstance(node, (Condition, BitCondition)) and not node.holds(values):
                continue
            if isinstance(node, More) and self.at >= end:
                continue
            inner = unwrapped(node)
            values[inner.name] = self._read(inner, end, depth, values)
        return values

    def _read(self, node: Node, end: int, depth: int, values: dict[str, Any]) -> Any:
        if isinstance(node, Number):
            return self._number(node, end, depth)
        if isinstance(node, Group):
            self._heading(node.name, node.chinese, depth)
            return self._read_fields(node.nodes, end, depth + 1)
        if isinstance(node, ItemList):
            return self._items(node, values, end, depth)
        if isinstance(node, Listing):
            return self._listing(node, values[node.count_field], end, depth)
        if isinstance(node, (Repeated, Greedy, Known)):
            return self._repeated(node, values, end, depth)
        if isinstance(node, Fitting):
            return self._fitted(node, node.group, end, depth)
        if isinstance(node, Switch):
            stop = self._need(node.name, values[node.size_field], end)
            return self._fitted(node, node.known.get(values[node.key_field]), stop, depth)
        data = self._bytes(node, end, depth)
        if isinstance(node, Rest):
            self.rows += part_rows(node, data, values, depth + 1)
        return data

    def _number(self, node: Number, end: int, depth: int) -> int:
        stop = self._need(node.name, node.width, end)
        value = int.from_bytes(self.payload[self.at : stop], "big")
        if node.bits or node.numbers:
            told = "" if value or node.numbers else "none"
            self._add(stop, node.name, node.chinese, told, depth=depth)
            self.rows += flag_rows(node, value, self.edition, depth + 1)
        elif node.names:
            name, chinese = node.names.get(value, ("not defined", ""))
            self._add(stop, node.name, node.chinese, f"{value} {name} {chinese}".strip(), depth=depth)
        else:
            shown = with_unit(node.name, node.meaning(value))
            self._add(stop, node.name, node.chinese, shown, depth=depth)
        return value

    def _bytes(self, node: Node, end: int, depth: int) -> bytes:
        start = self.at
        if isinstance(node, Counted):
            self.at = self._need(node.name, node.width, end)
            stop = self._need(node.name, int.from_bytes(self.payload[start : self.at], "big"), end)
        elif isinstance(node, Fixed):
            stop = self._need(node.name, node.width, end)
        else:
            stop = end
        data = self.payload[self.at : stop]
        leftover = is_trailing(node)
        if leftover and not data:
            return data
        self.at = start
        if leftover:
            self.problems.append(f"bytes that make no whole item (at byte {start})")
            self._add(stop, node.name, node.chinese, "make no whole item", depth=depth, wrong=True)
        else:
            self._add(stop, node.name, node.chinese, readable(node, data), depth=depth)
        return data

    def _items(self, node: ItemList, values: dict[str, Any], end: int, depth: int) -> list[Any]:
        head = node.id_width + 1
        count = 0
        while not node.count_field or count < values[node.count_field]:
            if self.at + head > end or self.at + head + self.payload[self.at + head - 1] > end:
                if node.count_field:
                    raise Misfit(f"{node.name}: {node.label} {count + 1} is not whole")
                break
            count += 1
            self._item(node, head, depth)
        return []

    def _item(self, node: ItemList, head: int, depth: int) -> None:
        item_id = int.from_bytes(self.payload[self.at : self.at + head - 1], "big")
        size = self.payload[self.at + head - 1]
        kind = node.known.get(item_id)
        self._add(self.at + head, *item_head(node, item_id, size, kind.item if kind else None), depth=depth)
        layout = kind.layout_of(size) if kind else None
        stop = self.at + size
        if layout is None or kind is None:
            self._unknown_item(bool(kind), node.label, stop, depth + 1)
        elif isinstance(layout, Group):
            self._fitted(_RAW, layout, stop, depth)
        elif isinstance(layout, Number) and not (layout.bits or layout.names or layout.numbers):
            value = layout.meaning(int.from_bytes(self.payload[self.at : stop], "big"))
            self._add(stop, kind.item.name, "", with_unit(kind.item.name, value), depth=depth + 1)
        elif isinstance(layout, Number):
            self._read(replace(layout, name=kind.item.name), stop, depth + 1, {})
        else:
            text = readable(layout, self.payload[self.at : stop])
            self._add(stop, kind.item.name, "", text, depth=depth + 1)

    def _unknown_item(self, known: bool, label: str, stop: int, depth: int) -> None:
        if stop > self.at:
            reason = "not its standard length" if known else "not in the standard"
            self._add(stop, "raw", "", reason, depth=depth)

    def _listing(self, node: Listing, count: int, end: int, depth: int) -> list[Any]:
        for number in range(1, count + 1):
            stop = self._need(node.name, 2, end)
            size = int.from_bytes(self.payload[self.at : stop], "big")
            self._add(
                stop, f"{node.name} {number}/{count}", node.chinese, f"{size} bytes follow", depth=depth
            )
            stop = self._need(node.name, size, end)
            self._read_fields(node.nodes, stop, depth + 1)
        return []

    def _repeated(
        self, node: Repeated | Greedy | Known, values: dict[str, Any], end: int, depth: int
    ) -> list[Any]:
        """Elements that need not be whole (Greedy, Known) are tried before they are told."""
        if isinstance(node, Repeated):
            count = values[node.count] if isinstance(node.count, str) else node.count
        else:
            count = values[node.count_field] if isinstance(node, Known) else len(self.payload)
        for number in range(1, count + 1):
            start, told = self.at, len(self.rows)
            try:
                if not isinstance(node.element, Group):
                    self._number_of_list(node, number, end, depth)
                    continue
                self._heading(f"{node.name} {number}", node.chinese, depth)
                found = self._read_fields(node.element.nodes, end, depth + 1)
                known = not isinstance(node, Known) or found[node.element.nodes[0].name] == node.tag
            except Misfit:
                if isinstance(node, Repeated):
                    raise
                known = False
            if not known or self.at == start:
                self.at = start
                del self.rows[told:]
                break
        return []

    def _number_of_list(self, node: Repeated | Greedy | Known, number: int, end: int, depth: int) -> None:
        assert isinstance(node.element, Number)
        element = replace(node.element, name=f"{node.name} {number}", chinese=node.chinese)
        self._number(element, end, depth)

    def _fitted(self, node: Node, group: Group | None, stop: int, depth: int) -> Any:
        """The fields of a group that fits the bytes up to `stop` exactly, else those bytes in one row."""
        start, told = self.at, len(self.rows)
        if group is not None:
            with suppress(Misfit):  # what does not fit is told as bytes below
                if node.chinese:
                    self._heading(node.name, node.chinese, depth)
                values = self._read_fields(group.nodes, stop, depth + 1)
                if self.at == stop:
                    return values
            self.at = start
            del self.rows[told:]
        data = self.payload[start:stop]
        if data:
            self._add(stop, node.name, node.chinese, "kept as bytes", depth=depth + (not node.chinese))
        return data

    def _need(self, name: str, width: int, end: int) -> int:
        if self.at + width > end:
            raise Misfit(f"{name}: {width} bytes needed, {end - self.at} left")
        return self.at + width

    def _heading(self, name: str, chinese: str, depth: int) -> None:
        self.rows.append(Row(-1, b"", name, chinese, "", depth))

    def _add(
        self, stop: int, name: str, chinese: str, text: Any, *, depth: int = 0, wrong: bool = False
    ) -> None:
        self.rows.append(Row(self.at, self.payload[self.at : stop], name, chinese, str(text), depth, wrong))
        self.at = stop
