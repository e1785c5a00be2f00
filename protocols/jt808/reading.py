"""Reads wire values along a plan, with the name and the offset of what does not fit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from protocols.wire.errors import RemoteProtocolError

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
)


class Reader:
    """Reads `data` from `at` to `end`; `at` moves on. Every method raises RemoteProtocolError."""

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self.data = data
        self.at = at
        self.end = end

    def fields(self, nodes: Iterable[Node], values: dict[str, Any]) -> None:
        """Reads fields into `values`, which holds all that was understood when this raises."""
        for node in nodes:
            inner = node
            if isinstance(node, More):
                if self.at >= self.end:
                    continue
                inner = node.node
            elif isinstance(node, (Condition, BitCondition)):
                if not node.holds(values):
                    continue
                inner = node.node
            self._field(inner, values)

    def _field(self, node: Node, values: dict[str, Any]) -> None:
        if isinstance(node, (Number, Fixed, Rest, Counted)):
            values[node.name] = self._plain(node)
        elif isinstance(node, Group):
            values[node.name] = {}
            self.fields(node.nodes, values[node.name])
        elif isinstance(node, Fitting):
            values[node.name] = self._fitted(node.group, self.end)
        elif isinstance(node, Switch):
            stop = self.need(node.name, values[node.size_field])
            values[node.name] = self._fitted(node.known.get(values[node.key_field]), stop)
        else:
            values[node.name] = []
            self._list(node, values, values[node.name])

    def _list(self, node: Node, values: dict[str, Any], found: list[Any]) -> None:
        if isinstance(node, Repeated):
            count = values[node.count] if isinstance(node.count, str) else node.count
            for _ in range(count):
                self._element(node, found)
        elif isinstance(node, Listing):
            for number in range(values[node.count_field]):
                self._listed(node, number, found)
        elif isinstance(node, ItemList):
            self._items(node, values, found)
        elif isinstance(node, (Greedy, Known)):
            limit = values[node.count_field] if isinstance(node, Known) else len(self.data)
            while len(found) < limit and self._whole(node, found):
                pass
        else:
            raise AssertionError(f"no reading of {node!r}")

    def _element(self, node: Repeated, found: list[Any]) -> None:
        if isinstance(node.element, Group):
            found.append({})
            self.fields(node.element.nodes, found[-1])
        else:
            found.append(self._plain(node.element, node.name))

    def _listed(self, node: Listing, number: int, found: list[Any]) -> None:
        size = int.from_bytes(self._take(node.name, 2), "big")
        inner = Reader(self.data, self.at, self.need(node.name, size))
        found.append({})
        inner.fields(node.nodes, found[-1])
        if inner.at != inner.end:
            raise RemoteProtocolError(f"element {number} is too long", field=node.name, offset=self.at)
        self.at = inner.end

    def _whole(self, node: Greedy | Known, found: list[Any]) -> bool:
        """Takes one more element when there is a whole one (of the known type)."""
        values: dict[str, Any] = {}
        start = self.at
        try:
            self.fields(node.element.nodes, values)
        except RemoteProtocolError:
            self.at = start
            return False
        if isinstance(node, Known) and values[node.element.nodes[0].name] != node.tag:
            self.at = start
            return False
        found.append(values)
        return True

    def _items(self, node: ItemList, values: dict[str, Any], found: list[Any]) -> None:
        head = node.id_width + 1
        if node.count_field:
            for _ in range(values[node.count_field]):
                self.need(node.name, head)
                self.need(node.name, head + self.data[self.at + node.id_width])
                found.append(self._item(node))
            return
        while self.at + head <= self.end and self.at + head + self.data[self.at + head - 1] <= self.end:
            found.append(self._item(node))

    def _item(self, node: ItemList) -> dict[str, Any]:
        item_id = int.from_bytes(self._take(node.name, node.id_width), "big")
        size = self._take(node.name, 1)[0]
        kind = node.known.get(item_id)
        layout = kind.layout_of(size) if kind else None
        stop = self.at + size
        if isinstance(layout, Number):
            return {"id": item_id, "value": int.from_bytes(self._take(node.name, size), "big")}
        return {"id": item_id, "value": self._fitted(layout, stop)}

    def _fitted(self, layout: Node | None, stop: int) -> Any:
        """The bytes up to `stop` by a group that fits them exactly, else as they are."""
        start, self.at = self.at, stop
        if isinstance(layout, Group):
            inner = Reader(self.data, start, stop)
            values: dict[str, Any] = {}
            try:
                inner.fields(layout.nodes, values)
            except RemoteProtocolError:
                return self.data[start:stop]
            if inner.at == stop:
                return values
        return self.data[start:stop]

    def _plain(self, node: Node, name: str = "") -> Any:
        name = name or node.name
        if isinstance(node, Number):
            return int.from_bytes(self._take(name, node.width), "big")
        if isinstance(node, Fixed):
            return self._take(name, node.width)
        if isinstance(node, Counted):
            return self._take(name, int.from_bytes(self._take(name, node.width), "big"))
        return self._take(name, self.end - self.at)

    def _take(self, name: str, count: int) -> bytes:
        start, self.at = self.at, self.need(name, count)
        return self.data[start : self.at]

    def need(self, name: str, count: int) -> int:
        """Where `count` bytes from here end. Raises RemoteProtocolError when there are fewer."""
        if self.at + count > self.end:
            reason = f"{count} bytes needed, {self.end - self.at} left"
            raise RemoteProtocolError(reason, field=name, offset=self.at)
        return self.at + count
