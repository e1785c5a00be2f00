"""Decoders of 0x0200 made while the program runs, each for one order of additional items.

A terminal sends the same items in the same order for years. Once such an order was seen often enough, it gets
a function of its own that reads block and items with a single `struct` format: less than half the time of the
generated loop over items, which stays the judge of everything else. A body that does not stand exactly so is
not refused here, only not recognised.

What a terminal sends chooses the layout but never a line of source: that is made of the plan's names and of
the widths in `generated`. A layout is compiled once in SIGHTINGS × SAMPLE unknown bodies at most, and both
tables are emptied when they are full, so a hostile mix costs little time and no memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from protocols.wire.tables import MSG_POSITION_REPORT

from .generated import Struct, Values
from .nodes import Fixed, ItemList, Number, Rest
from .plan import UnsupportedConstruct, plan_of

LAYOUTS_MAX = 64
LAYOUTS_OF_A_LENGTH = 4  # tried one after the other; each costs half a microsecond
SEEN_MAX = 256
SAMPLE = 8  # of so many unknown bodies one is looked at
SIGHTINGS = 8

Decoder = Callable[[bytes], Values | None]
Layout = tuple[tuple[int, int], ...]  # (id, length) of each item, all of them numbers

_FORMATS = {1: "B", 2: "H", 4: "I"}
_HEAD_BYTES = 2  # id and length of an item, read as one WORD


class LayoutMemory:
    """The layouts in use for 0x0200 bodies of one edition (2011, 2013, 2019).

    by_length: what to try for a body of so many bytes, for callers in a hurry; see `decode`.
    """

    def __init__(self, edition: int) -> None:
        self.by_length: dict[int, tuple[Decoder, ...]] = {}
        self._edition = edition
        self._compiled: set[Layout] = set()
        self._seen: dict[Layout, int] = {}
        self._unknown = 0

    def decode(self, body: bytes) -> Values | None:
        """The wire values, None when no layout in use is that of the body. Raises nothing."""
        for decoder in self.by_length.get(len(body), ()):
            values = decoder(body)
            if values is not None:
                return values
        return None

    def learn(self, body: bytes) -> None:
        """Takes notice of a valid body that `decode` did not recognise."""
        self._unknown += 1
        if self._unknown % SAMPLE:
            return
        layout = layout_of(body, self._edition)
        if layout is None or layout in self._compiled:
            return
        if len(self._seen) >= SEEN_MAX:
            self._seen.clear()
        self._seen[layout] = self._seen.get(layout, 0) + 1
        if self._seen[layout] >= SIGHTINGS:
            del self._seen[layout]
            self._add(layout, len(body))

    def _add(self, layout: Layout, length: int) -> None:
        if len(self._compiled) >= LAYOUTS_MAX:
            self._compiled.clear()
            self.by_length.clear()
        others = self.by_length.get(length, ())
        if len(others) < LAYOUTS_OF_A_LENGTH:
            self._compiled.add(layout)
            self.by_length[length] = (*others, compiled(layout, self._edition))


def layout_of(body: bytes, edition: int) -> Layout | None:
    """How the items of a 0x0200 stand; None when one is no plain number or is not whole."""
    block, items = _shape(edition)
    found = []
    at, end = sum(node.width for node in block), len(body)
    while at < end:
        if end - at < _HEAD_BYTES:
            return None
        item_id, size = body[at], body[at + 1]
        kind = items.known.get(item_id)
        if kind is None or not isinstance(kind.layouts.get(size), Number):
            return None
        found.append((item_id, size))
        at += _HEAD_BYTES + size
    return tuple(found) if at == end else None


def compiled(layout: Layout, edition: int) -> Decoder:
    """The decoder of bodies that stand exactly so; it gives None for any other of the same length."""
    block, items = _shape(edition)
    form = "".join(_FORMATS[node.width] if isinstance(node, Number) else f"{node.width}s" for node in block)
    form += "".join("H" + _FORMATS[width] for _, width in layout)
    names = [node.name for node in block]
    heads = [f"head_{at}" for at in range(len(layout))]
    unpacked = names + [f"{head}, value_{at}" for at, head in enumerate(heads)]
    entries = [f'"{name}": {name}' for name in names]
    listed = [f'{{"id": {item_id}, "value": value_{at}}}' for at, (item_id, _) in enumerate(layout)]
    entries += [f'"{items.name}": [{", ".join(listed)}]', f'"{_trailing(edition)}": b""']
    others = [
        f"{head} != {item_id << 8 | width}" for head, (item_id, width) in zip(heads, layout, strict=True)
    ]
    lines = [
        "def decoder(body):",
        f"    {', '.join(unpacked)} = unpack(body)",
        *([f"    if {' or '.join(others)}:", "        return None"] if others else []),
        f"    return {{{', '.join(entries)}}}",
    ]
    scope: dict[str, Any] = {"unpack": Struct(">" + form).unpack}
    exec("\n".join(lines), scope)
    return scope["decoder"]


def _shape(edition: int) -> tuple[list[Number | Fixed], ItemList]:
    """The fields of the basic block and the list of items, as the declaration has them."""
    *block, items, trailing = plan_of(MSG_POSITION_REPORT, edition)
    fixed = [node for node in block if isinstance(node, (Number, Fixed))]
    if len(fixed) < len(block) or not isinstance(items, ItemList) or not isinstance(trailing, Rest):
        raise UnsupportedConstruct("0x0200: a basic block, items and what is left are wanted")
    return fixed, items


def _trailing(edition: int) -> str:
    return plan_of(MSG_POSITION_REPORT, edition)[-1].name
