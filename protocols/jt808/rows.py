"""The rows of an explained frame, and the words in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .definitions.tagged import Item
from .definitions.types import Bit, BitGroup
from .nodes import ItemList, Node, Number, Rest
from .present import present
from .units import with_unit
from .words import set_flags

_STANDARDS = {2011: "", 1078: ", JT/T 1078", 12: ", T/JSATL 12"}


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


class Misfit(Exception):
    """The bytes end before the field does."""


def bit_numbers(number: int, bit: Bit | BitGroup | None) -> str:
    """Where a flag is: "bit 3", "bits 8–9"."""
    return f"bits {number}–{number + bit.width - 1}" if isinstance(bit, BitGroup) else f"bit {number}"


def flag_rows(node: Number, value: int, edition: int, depth: int) -> Iterator[Row]:
    """A remark for each number in a word, and for each flag that is set."""
    for part in node.numbers:
        number = (value & part.mask) >> part.number
        shown = f"0x{number:X}" if part.hexadecimal else with_unit(part.name, number)
        places = f"bits {part.number}–{part.number + part.width - 1}"
        yield Row(-1, b"", part.name, part.chinese, f"{shown}, {places}", depth)
        value &= ~part.mask
    for name, place, bit in set_flags(node.bits, value):
        chinese = dict(getattr(bit, "names", ())).get(name) or (bit.chinese if bit else "")
        note = bit_numbers(place, bit) + ("" if bit else ", reserved")
        if isinstance(bit, Bit) and bit.until_answered:
            note += ", until answered"
        if bit and bit.since > edition:
            note += f", since {bit.since}"
        yield Row(-1, b"", name, chinese, note, depth)


def part_rows(node: Rest, data: bytes, values: Mapping[str, Any], depth: int) -> Iterator[Row]:
    """A remark for each part of a text that has parts; nothing when the bytes are no text."""
    names = node.parts.get(values.get(node.parts_by, -1), ())
    shown = present(node, data)
    if not names or not isinstance(shown, str) or not shown:
        return
    for number, text in enumerate(shown.rstrip("\0").split(";")):
        name, chinese = names[number] if number < len(names) else ("?", "")
        told = f'"{_harmless(text)}"' if text else "empty"
        yield Row(-1, b"", name, chinese, told, depth, wrong=number >= len(names) and bool(text))


def readable(node: Node, data: bytes) -> str:
    """Bytes as text, in quotes when it is text that somebody wrote."""
    shown = present(node, data)
    if isinstance(shown, dict):
        raw = getattr(node, "form", "") == "raw"
        if "readable" in shown:
            return f'not readable as a whole: "{_harmless(shown["readable"])}"'
        return "kept as bytes" if raw else "not readable"
    return shown if getattr(node, "form", "") not in ("text", "raw") else f'"{_harmless(shown)}"'


def _harmless(text: str) -> str:
    """The text with what would steer a terminal written as an escape."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def item_head(node: ItemList, item_id: int, size: int, item: Item | None) -> tuple[str, str, str]:
    """Name, Chinese name and text of the row that begins an item."""
    since = _STANDARDS.get(item.since, f", since {item.since}") if item else ""
    return (
        f"{node.label} 0x{item_id:0{min(2 * node.id_width, 4)}X}",
        item.chinese if item else "",
        f"{size} byte{'s' if size != 1 else ''}{since}",
    )
