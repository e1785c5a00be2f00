"""The rows of an explained frame, and the words in them."""

from __future__ import annotations

from dataclasses import dataclass

from .definitions.tagged import Item
from .definitions.types import Bit, BitGroup
from .nodes import ItemList, Node
from .present import present

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


def readable(node: Node, data: bytes) -> str:
    """Bytes as text, in quotes when it is text that somebody wrote."""
    shown = present(node, data)
    if isinstance(shown, dict):
        raw = getattr(node, "form", "") == "raw"
        if "readable" in shown:
            return f'not readable as a whole: "{shown["readable"]}"'
        return "kept as bytes" if raw else "not readable"
    return shown if getattr(node, "form", "") not in ("text", "raw") else f'"{shown}"'


def item_head(node: ItemList, item_id: int, size: int, item: Item | None) -> tuple[str, str, str]:
    """Name, Chinese name and text of the row that begins an item."""
    since = _STANDARDS.get(item.since, f", since {item.since}") if item else ""
    return (
        f"{node.label} 0x{item_id:0{min(2 * node.id_width, 4)}X}",
        item.chinese if item else "",
        f"{size} byte{'s' if size != 1 else ''}{since}",
    )
