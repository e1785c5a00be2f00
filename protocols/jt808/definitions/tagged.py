"""Values behind an id and a length byte: additional items of 0x0200 and terminal parameters.

A value is read by what is known of its id *and* its length; anything else stays raw bytes, so that no
vendor's habit costs the message.
"""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any, NamedTuple

from construct import (
    Array,
    Construct,
    ExplicitError,
    GreedyBytes,
    GreedyRange,
    Int8ub,
    Int32ub,
    Prefixed,
    SizeofError,
    Struct,
    Subconstruct,
    this,
)

from .shapes import fitted
from .types import Text


class Item(NamedTuple):
    """One kind of value: an additional item of 0x0200, or a terminal parameter.

    `layouts` holds a declaration per length that the standard (or a captured device) knows: a number, plain
    bytes or a Struct; besides those at most one of variable length, Text or a Struct. `since` is an edition,
    or 1078 for what JT/T 1078 adds, or 12 for T/JSATL 12. `last`: all ids from `id` to it are of this kind.
    """

    id: int
    name: str
    chinese: str
    layouts: tuple[Construct, ...]
    since: int = 2011
    last: int = 0

    @property
    def ids(self) -> range:
        """All ids of this kind."""
        return range(self.id, max(self.id, self.last) + 1)

    def layout_of(self, length: int) -> Construct | None:
        """The declaration for a value of `length` bytes: that of this length, else the one of any length."""
        variable = None
        for layout in self.layouts:
            size = size_of(layout)
            if size == length:
                return layout
            variable = layout if size is None else variable
        return variable


def size_of(layout: Construct) -> int | None:
    """The length of a layout in bytes, None when it varies."""
    try:
        return layout.sizeof()
    except SizeofError:
        return None


class ItemValue(Construct):
    """The length byte and the value of an item whose `id` was read just before."""

    def __init__(self, known: Mapping[int, Item]) -> None:
        super().__init__()
        self.known = known
        self._counted = Prefixed(Int8ub, GreedyBytes)

    def _parse(self, stream: BytesIO, context: Any, path: str) -> Any:
        data = self._counted._parse(stream, context, path)
        item = self.known.get(context.id)
        layout = item.layout_of(len(data)) if item else None
        return data if layout is None else fitted(layout, data)

    def _build(self, value: Any, stream: BytesIO, context: Any, path: str) -> Any:
        self._counted._build(self._raw(value, context.id, path), stream, context, path)
        return value

    def _raw(self, value: Any, item_id: int, path: str) -> bytes:
        if isinstance(value, bytes):
            return value
        for layout in self.known[item_id].layouts if item_id in self.known else ():
            names = {field.name for field in layout.subcons} if isinstance(layout, Struct) else None
            if not isinstance(layout, Text) and names == (set(value) if isinstance(value, dict) else None):
                return layout.build(value)
        raise ExplicitError(f"no layout of item 0x{item_id:02X} takes {value!r}", path=path)


class Items(Subconstruct):
    """Additional items to the end of the body: a list of {id, value}; a truncated last one is left unread."""

    label = "item"
    id_width = 1
    count_field = ""

    def __init__(self, *items: Item) -> None:
        self.items = items
        self.known = {each: item for item in items for each in item.ids}
        super().__init__(GreedyRange(Struct("id" / Int8ub, "value" / ItemValue(self.known))))


class Parameters(Subconstruct):
    """As many terminal parameters as the earlier field `count_field` says: a list of {id, value}.

    A parameter of several values comes as several entries with the same id, so it stays a list.
    """

    label = "parameter"
    id_width = 4

    def __init__(self, count_field: str, *items: Item) -> None:
        self.count_field = count_field
        self.items = items
        self.known = {each: item for item in items for each in item.ids}
        element = Struct("id" / Int32ub, "value" / ItemValue(self.known))
        super().__init__(Array(getattr(this, count_field), element))
