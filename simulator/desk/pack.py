"""Stores the layouts of bodies as bytes (see protocols.wire.packed) where that is smaller than tuples.

Works on trees whose names are short already: a field of one character takes one byte.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from protocols.wire.packed import AGAIN, BY_EDITION

Layout = tuple[Any, ...]
AGAIN_BYTES = 3
PLAIN_VALUES = 6  # a resident layout up to this length stays a tuple: answers are read with every report


class PackError(Exception):
    """A layout holds what cannot be packed."""


def pack(layout: Layout | None) -> bytes:
    """One layout."""
    packer = _Packer(b"")
    packer.add(layout)
    return bytes(packer.data)


def pack_editions(layouts: Layout) -> bytes:
    """The layouts of the three editions, what is alike once."""
    packer = _Packer(bytes((BY_EDITION, 0, 0, 0, 0, 0, 0)))
    places: dict[Layout, int] = {}
    for index, layout in enumerate(layouts):
        if layout is not None:
            if layout not in places:
                places[layout] = packer.add(layout)
            packer.data[1 + 2 * index : 3 + 2 * index] = places[layout].to_bytes(2, "big")
    return bytes(packer.data)


def pack_module(tree: ast.Module, table: str, names: dict[str, Any], resident: bool) -> None:
    """Packs what the dict `table` of this tree holds, and drops what nothing in the tree needs any more.

    names: what the modules before it bind; gets what this one binds.
    """
    exec(compile(ast.fix_missing_locations(tree), "layouts", "exec"), names)
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == table:
            assert isinstance(statement.value, ast.Dict)
            for at, key in enumerate(statement.value.keys):
                assert isinstance(key, ast.Constant)
                layout = names[table][key.value]
                if not (resident and _is_plain(layout)):
                    by_edition = bool(layout) and not isinstance(layout[0], str)
                    data = pack_editions(layout) if by_edition else pack(layout)
                    statement.value.values[at] = ast.Constant(data)


def drop_unsaid(tree: ast.Module, others: Iterable[ast.Module]) -> None:
    """Takes tuples out of the tree whose names neither it nor the others say."""
    trees = [tree, *others]
    while True:
        said = {
            node.id
            for each in trees
            for node in ast.walk(each)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
        }
        kept = [each for each in tree.body if not _is_unsaid(each, said)]
        if len(kept) == len(tree.body):
            return
        tree.body = kept


def _is_unsaid(statement: ast.stmt, said: set[str]) -> bool:
    return (
        isinstance(statement, ast.Assign)
        and isinstance(statement.targets[0], ast.Name)
        and statement.targets[0].id not in said
    )


def _is_plain(layout: Layout) -> bool:
    return len(layout) <= PLAIN_VALUES and all(isinstance(value, str | int) for value in layout)


class _Packer:
    """Values one behind the other; one that was there before is told by its place."""

    def __init__(self, head: bytes) -> None:
        self.data = bytearray(head)
        self._known: dict[object, int] = {}

    def add(self, value: object) -> int:
        """Gives the place of the value. Raises PackError."""
        place = len(self.data)
        if isinstance(value, tuple | str) and value in self._known:
            self.data += bytes((AGAIN, *self._known[value].to_bytes(2, "big")))
            return place
        if isinstance(value, tuple):
            self.data += bytes([len(value)]) if len(value) < 0x1F else bytes([0x1F, len(value)])
            for each in value:
                self.add(each)
        else:
            self.data += _packed(value)
        if isinstance(value, tuple | str) and len(self.data) - place > AGAIN_BYTES:
            self._known[value] = place
        return place


def _packed(value: object) -> bytes:
    """One value that is no tuple."""
    if value is None:
        return b"\x7f"
    if isinstance(value, int) and 0 <= value < 0x60:
        return bytes([0x80 | value])
    if isinstance(value, int) and 0 <= value < 0x1000:
        return bytes([0xE0 | value >> 8, value & 0xFF])
    if isinstance(value, int) and 0 <= value < 1 << 32:
        return b"\xf1" + value.to_bytes(4, "big")
    if isinstance(value, str):
        text = value.encode()
        return text if len(text) == 1 and 0x20 <= text[0] < 0x7F else bytes([0xF0, len(text)]) + text
    raise PackError(f"{value!r} in a layout")
