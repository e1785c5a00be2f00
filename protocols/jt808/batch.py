"""Many position reports decoded at once, into columns: for whoever wants numbers of a whole batch.

Offsets, widths and names come from the plan of 0x0200, and so from the declaration. Reports of one length
whose items stand alike are read together with numpy, the others one by one. A row says no less than
`fast.decode_body` does: what columns cannot hold stands in `odd`, what is no position in `refused`.
For fewer than some twenty reports `fast` alone is quicker.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from protocols.wire.errors import RemoteProtocolError
from protocols.wire.header import EDITION_2019
from protocols.wire.tables import MSG_POSITION_REPORT

from . import fast
from .nodes import Fixed, ItemList, Number, Rest
from .plan import UnsupportedConstruct, plan_of

Column = np.ndarray[Any, np.dtype[Any]]

# Measured: about so many rows cost as much one by one as together.
_TOGETHER_ROWS = 12
_LAYOUTS_OF_A_LENGTH = 8  # tried together before the rest goes one by one; a hostile mix must not cost more
_HEAD_BYTES = 2  # id and length of an item


@dataclass
class ItemColumn:
    """The values of one numeric item, and in which rows it is there (elsewhere the value is 0)."""

    value: Column
    present: Column


@dataclass
class Positions:
    """Reports in columns; all of one length, in the order of the bodies, zero where a row was refused.

    fields: the fields of the basic block under their names; numbers, and `time_bcd` as rows of 6 bytes.
    items: the numeric items that occur, by id; of an item that stands twice in one report the last value.
    odd: rows that say more than the columns (composite, unknown, repeated items, trailing bytes), whole.
    refused: rows that are no position report, with the reason.
    """

    count: int
    fields: dict[str, Column]
    items: dict[int, ItemColumn] = field(default_factory=dict)
    odd: dict[int, dict[str, Any]] = field(default_factory=dict)
    refused: dict[int, RemoteProtocolError] = field(default_factory=dict)
    _orders: list[tuple[int, ...]] = field(default_factory=list)
    _order_of: Column = field(default_factory=lambda: np.zeros(0, np.intp))

    def row(self, number: int) -> dict[str, Any]:
        """The wire values of one report, equal to those of `fast.decode_body`; raises as it does."""
        if number in self.refused:
            raise self.refused[number]
        if number in self.odd:
            return self.odd[number]
        values: dict[str, Any] = {
            name: column[number].tobytes() if column.ndim > 1 else int(column[number])
            for name, column in self.fields.items()
        }
        order = self._orders[self._order_of[number]]
        return {
            **values,
            "items": [{"id": id_, "value": int(self.items[id_].value[number])} for id_ in order],
            "trailing": b"",
        }


def decode_positions(bodies: Sequence[bytes], edition: int = EDITION_2019) -> Positions:
    """The columns of 0x0200 bodies. Raises nothing for what a terminal sent; see `refused`."""
    return _Decoder(bodies, edition).run()


@dataclass(frozen=True)
class _Shape:
    """What the plan says: (name, offset, width) of numbers and of bytes, size of the block, item widths."""

    numbers: tuple[tuple[str, int, int], ...]
    raw: tuple[tuple[str, int, int], ...]
    size: int
    widths: dict[tuple[int, int], int]  # (id, length) of the items that are a number
    widest: dict[int, int]


class _Layout(NamedTuple):
    """How the items of a body stand: (id, offset, width) of the numeric ones, odd ones, what decided it."""

    numbers: tuple[tuple[int, int, int], ...]
    odd: bool
    marks: list[int]  # offsets of the bytes that make it this layout

    @property
    def order(self) -> tuple[int, ...]:
        """The ids as they follow each other."""
        return tuple([id_ for id_, _, _ in self.numbers])


@cache
def _shape(edition: int) -> _Shape:
    numbers: list[tuple[str, int, int]] = []
    raw: list[tuple[str, int, int]] = []
    at = 0
    *block, items, trailing = plan_of(MSG_POSITION_REPORT, edition)
    for node in block:
        if not isinstance(node, (Number, Fixed)):
            raise UnsupportedConstruct(f"{node.name}: no column can be made from {node!r}")
        (numbers if isinstance(node, Number) else raw).append((node.name, at, node.width))
        at += node.width
    if not isinstance(items, ItemList) or items.id_width != 1 or items.count_field:
        raise UnsupportedConstruct(f"not a list of items to the end: {items!r}")
    if not isinstance(trailing, Rest):
        raise UnsupportedConstruct(f"not what is left: {trailing!r}")
    widths = {
        (id_, width): width
        for id_, kind in items.known.items()
        for width, layout in kind.layouts.items()
        if isinstance(layout, Number)
    }
    widest: dict[int, int] = {}
    for (id_, _), width in widths.items():
        widest[id_] = max(width, widest.get(id_, 0))
    return _Shape(tuple(numbers), tuple(raw), at, widths, widest)


def _layout_of(body: bytes, shape: _Shape) -> _Layout:
    numbers: list[tuple[int, int, int]] = []
    marks: list[int] = []
    seen: set[int] = set()
    at, end, odd = shape.size, len(body), False
    while at + _HEAD_BYTES <= end:
        id_, size = body[at], body[at + 1]
        marks += (at, at + 1)
        at += _HEAD_BYTES
        if at + size > end:
            at -= _HEAD_BYTES
            break
        width = shape.widths.get((id_, size))
        odd = odd or width is None or id_ in seen
        if width is not None:
            numbers.append((id_, at, width))
        seen.add(id_)
        at += size
    return _Layout(tuple(numbers), odd or at < end, marks)


class _Decoder:
    """One batch on its way into columns."""

    def __init__(self, bodies: Sequence[bytes], edition: int) -> None:
        self._bodies = bodies
        self._edition = edition
        self._shape = _shape(edition)
        self._out = Positions(len(bodies), {}, _order_of=np.zeros(len(bodies), np.intp))
        self._order_numbers: dict[tuple[int, ...], int] = {}
        self._single: defaultdict[int, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))

    def run(self) -> Positions:
        for length, rows in self._by_length().items():
            if length < self._shape.size:
                self._refuse(rows)
            elif len(rows) < _TOGETHER_ROWS:
                self._one_by_one(rows)
            else:
                self._of_one_length(rows, length)
        for id_, (found, values) in self._single.items():
            column = self._item(id_)
            column.value[found] = values  # of a row that is there twice, numpy keeps the last
            column.present[found] = True
        return self._out

    def _by_length(self) -> Mapping[int, Sequence[int]]:
        """The rows of each length; on the way the basic block, which stands at one place in every report."""
        size, bodies = self._shape.size, self._bodies
        lengths = set(map(len, bodies))
        if len(lengths) == 1 and min(lengths) >= size:
            self._blocks(_matrix(bodies, min(lengths)))
            return {min(lengths): range(len(bodies))}
        self._blocks(_matrix([body[:size].ljust(size, b"\0") for body in bodies], size))
        rows: defaultdict[int, list[int]] = defaultdict(list)
        for row, body in enumerate(bodies):
            rows[len(body)].append(row)
        return rows

    def _blocks(self, data: Column) -> None:
        for name, at, width in self._shape.numbers:
            self._out.fields[name] = _numbers(data, at, width).astype(f"u{width}")
        for name, at, width in self._shape.raw:
            self._out.fields[name] = data[:, at : at + width].copy()

    def _refuse(self, rows: Sequence[int]) -> None:
        for row in rows:
            for column in self._out.fields.values():
                column[row] = 0
            try:
                self._whole(row)
            except RemoteProtocolError as error:
                self._out.refused[row] = error

    def _of_one_length(self, rows: Sequence[int], length: int) -> None:
        every = len(rows) == len(self._bodies)
        data = _matrix(self._bodies if every else [self._bodies[row] for row in rows], length)
        left = np.array(rows)
        for _ in range(_LAYOUTS_OF_A_LENGTH):
            layout = _layout_of(data[0].tobytes(), self._shape)
            alike = (data[:, layout.marks] == data[0, layout.marks]).all(axis=1)
            if alike.all():
                self._together(data, left, layout)
                return
            self._together(data[alike], left[alike], layout)
            data, left = data[~alike], left[~alike]
            if len(left) < _TOGETHER_ROWS:
                break
        self._one_by_one(left.tolist())

    def _together(self, data: Column, rows: Column, layout: _Layout) -> None:
        out = self._out
        where: Any = slice(None) if len(rows) == out.count else rows
        for id_, at, width in layout.numbers:
            column = self._item(id_)
            column.value[where] = _numbers(data, at, width)
            column.present[where] = True
        if layout.odd:
            for row in rows.tolist():
                out.odd[row] = self._whole(row)
        else:
            out._order_of[where] = self._order_number(layout.order)

    def _one_by_one(self, rows: Sequence[int]) -> None:
        for row in rows:
            body = self._bodies[row]
            layout = _layout_of(body, self._shape)
            for id_, at, width in layout.numbers:
                found, values = self._single[id_]
                found.append(row)
                values.append(int.from_bytes(body[at : at + width], "big"))
            if layout.odd:
                self._out.odd[row] = self._whole(row)
            else:
                self._out._order_of[row] = self._order_number(layout.order)

    def _whole(self, row: int) -> dict[str, Any]:
        return fast.decode_body(MSG_POSITION_REPORT, self._edition, self._bodies[row])

    def _item(self, id_: int) -> ItemColumn:
        column = self._out.items.get(id_)
        if column is None:
            count, width = self._out.count, self._shape.widest[id_]
            column = ItemColumn(np.zeros(count, f"u{width}"), np.zeros(count, "?"))
            self._out.items[id_] = column
        return column

    def _order_number(self, order: tuple[int, ...]) -> int:
        number = self._order_numbers.setdefault(order, len(self._out._orders))
        if number == len(self._out._orders):
            self._out._orders.append(order)
        return number


def _matrix(bodies: Sequence[bytes], length: int) -> Column:
    return np.frombuffer(b"".join(bodies), "u1").reshape(-1, length)


def _numbers(data: Column, at: int, width: int) -> Column:
    """The big-endian integers of `width` bytes that stand at one offset of every row, as a view."""
    if not len(data):
        return np.zeros(0, f"u{width}")
    return np.ndarray(len(data), f">u{width}", data, at, (data.strides[0],))
