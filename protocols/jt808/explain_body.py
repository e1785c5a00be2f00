"""The rows of a body, read along its plan. Each field is told with its unit; the first misfit ends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .definitions.types import Bit, BitGroup, Item
from .plan import Condition, Counted, Fixed, Group, ItemList, Listing, Node, Number, Rest
from .present import present, set_flags
from .units import with_unit


@dataclass
class Row:
    """Some bytes and what they say. `depth` indents; `offset` -1 and no data: a remark on the row above."""

    offset: int
    data: bytes
    name: str
    chinese: str
    text: str
    depth: int = 0
    wrong: bool = False


class _Misfit(Exception):
    """The bytes end before the field does."""


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
        except _Misfit as misfit:
            self._left(end, str(misfit))
        if self.at < end:
            self._left(end, "bytes behind the last field")

    def _left(self, end: int, problem: str) -> None:
        self.problems.append(f"{problem} (at byte {self.at})")
        self._add(end, "?", "", problem, wrong=True)

    def _read_fields(self, nodes: tuple[Node, ...], end: int, depth: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for node in nodes:
            if isinstance(node, Condition):
                if (values[node.field] == node.value) != node.equal:
                    continue
                node = node.node  # noqa: PLW2901
            values[node.name] = self._read(node, end, depth, values)
        return values

    def _read(self, node: Node, end: int, depth: int, values: dict[str, Any]) -> Any:
        if isinstance(node, Number):
            return self._number(node, end, depth)
        if isinstance(node, Group):
            self._heading(node.name, node.chinese, depth)
            return self._read_fields(node.nodes, end, depth + 1)
        if isinstance(node, ItemList):
            return self._items(node, end, depth)
        if isinstance(node, Listing):
            return self._listing(node, values[node.count_field], end, depth)
        return self._bytes(node, end, depth)

    def _number(self, node: Number, end: int, depth: int) -> int:
        stop = self._need(node.name, node.width, end)
        value = int.from_bytes(self.payload[self.at : stop], "big")
        if node.bits:
            self._add(stop, node.name, node.chinese, "" if value else "none", depth=depth)
            self._flags(node, value, depth + 1)
        elif node.names:
            name, chinese = node.names.get(value, ("not defined", ""))
            self._add(stop, node.name, node.chinese, f"{value} {name} {chinese}".strip(), depth=depth)
        else:
            self._add(stop, node.name, node.chinese, with_unit(node.name, value), depth=depth)
        return value

    def _flags(self, node: Number, value: int, depth: int) -> None:
        for name, number, bit in set_flags(node.bits, value):
            chinese = dict(getattr(bit, "names", ())).get(name) or (bit.chinese if bit else "")
            note = _bit_numbers(number, bit) + ("" if bit else ", reserved")
            if bit and bit.since > self.edition:
                note += f", since {bit.since}"
            self.rows.append(Row(-1, b"", name, chinese, note, depth))

    def _bytes(self, node: Node, end: int, depth: int) -> bytes:
        start = self.at
        if isinstance(node, Counted):
            self.at = self._need(node.name, 1, end)
            stop = self._need(node.name, self.payload[start], end)
        elif isinstance(node, Fixed):
            stop = self._need(node.name, node.width, end)
        else:
            stop = end
        data = self.payload[self.at : stop]
        leftover = isinstance(node, Rest) and node.form == "trailing"
        if leftover and not data:
            return data
        shown = present(node, data)
        self.at = start
        if leftover:
            self.problems.append(f"bytes that make no whole item (at byte {start})")
            self._add(stop, node.name, node.chinese, "make no whole item", depth=depth, wrong=True)
        else:
            text = f'"{shown}"' if isinstance(shown, str) and not _is_time(node) else shown
            readable = "not readable" if isinstance(text, dict) else text
            self._add(stop, node.name, node.chinese, readable, depth=depth)
        return data

    def _items(self, node: ItemList, end: int, depth: int) -> None:
        while self.at + 2 <= end and self.at + 2 + self.payload[self.at + 1] <= end:
            item_id, size = self.payload[self.at], self.payload[self.at + 1]
            item, layouts = node.known.get(item_id, (None, {}))
            self._add(self.at + 2, *_item_head(item_id, size, item), depth=depth)
            layout = layouts.get(size)
            stop = self.at + size
            if layout is None:
                self._unknown_item(item, stop, depth + 1)
            elif isinstance(layout, Group):
                self._read_fields(layout.nodes, stop, depth + 1)
            else:
                self._item_value(layout, item, stop, depth + 1)

    def _item_value(self, layout: Node, item: Item | None, stop: int, depth: int) -> None:
        assert item is not None
        if isinstance(layout, Number) and not layout.bits:
            value = int.from_bytes(self.payload[self.at : stop], "big")
            self._add(stop, item.name, "", with_unit(item.name, value), depth=depth)
        elif isinstance(layout, Number):
            self._read(Number(item.name, "", layout.width, layout.bits, layout.names), stop, depth, {})
        else:
            self._add(stop, item.name, "", "kept as bytes", depth=depth)

    def _unknown_item(self, item: Item | None, stop: int, depth: int) -> None:
        if stop > self.at:
            self._add(
                stop, "raw", "", "not its standard length" if item else "not in the standard", depth=depth
            )

    def _listing(self, node: Listing, count: int, end: int, depth: int) -> None:
        for number in range(1, count + 1):
            stop = self._need(node.name, 2, end)
            size = int.from_bytes(self.payload[self.at : stop], "big")
            self._add(
                stop, f"{node.name} {number}/{count}", node.chinese, f"{size} bytes follow", depth=depth
            )
            stop = self._need(node.name, size, end)
            self._read_fields(node.nodes, stop, depth + 1)

    def _need(self, name: str, width: int, end: int) -> int:
        if self.at + width > end:
            raise _Misfit(f"{name}: {width} bytes needed, {end - self.at} left")
        return self.at + width

    def _heading(self, name: str, chinese: str, depth: int) -> None:
        self.rows.append(Row(-1, b"", name, chinese, "", depth))

    def _add(
        self, stop: int, name: str, chinese: str, text: Any, *, depth: int = 0, wrong: bool = False
    ) -> None:
        self.rows.append(Row(self.at, self.payload[self.at : stop], name, chinese, str(text), depth, wrong))
        self.at = stop


def _bit_numbers(number: int, bit: Bit | BitGroup | None) -> str:
    return f"bits {number}–{number + bit.width - 1}" if isinstance(bit, BitGroup) else f"bit {number}"


def _is_time(node: Node) -> bool:
    return isinstance(node, Fixed) and node.form == "time"


def _item_head(item_id: int, size: int, item: Item | None) -> tuple[str, str, str]:
    since = {2011: "", 1078: ", JT/T 1078"}.get(item.since, f", since {item.since}") if item else ""
    return (
        f"item 0x{item_id:02X}",
        item.chinese if item else "",
        f"{size} byte{'s' if size != 1 else ''}{since}",
    )
