"""Stores the layouts of bodies as bytes (see protocols.wire.packed) where that is smaller than tuples.

Works on trees whose names are short already: a field of one character takes one byte.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from protocols.wire.packed import BY_EDITION

Layout = tuple[Any, ...]
PLAIN_VALUES = 6  # a resident layout up to this length stays a tuple: answers are read with every report


class PackError(Exception):
    """A layout holds what cannot be packed."""


def pack(layout: Layout | None) -> bytes:
    """One layout."""
    return b"\x7f" if layout is None else _packed(layout)


def pack_editions(layouts: Layout) -> bytes:
    """The layouts of the three editions, what is alike once."""
    data = bytearray((BY_EDITION, 0, 0, 0, 0, 0, 0))
    places: dict[bytes, int] = {}
    for index, layout in enumerate(layouts):
        if layout is not None:
            packed = _packed(layout)
            if packed not in places:
                places[packed] = len(data)
                data += packed
            data[1 + 2 * index : 3 + 2 * index] = places[packed].to_bytes(2, "big")
    return bytes(data)


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


def _packed(value: object) -> bytes:
    if value is None:
        return b"\x7f"
    if isinstance(value, tuple):
        head = bytes([len(value)]) if len(value) < 0x1F else bytes([0x1F, len(value)])
        return head + b"".join(_packed(each) for each in value)
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
