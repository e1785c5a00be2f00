"""Numbers whose bits say something: flags by name, numbers in some of the bits, values by name; and back."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from protocols.wire.errors import LocalProtocolError

from .definitions.types import Bit, BitGroup
from .nodes import Number


def flag_names(bits: Iterable[Bit | BitGroup], value: int) -> list[str]:
    """The names of what is set in a word of flags, lowest bit first; "bit_N" for a bit without a name."""
    return [name for name, _, _ in set_flags(bits, value)]


def set_flags(bits: Iterable[Bit | BitGroup], value: int) -> list[tuple[str, int, Bit | BitGroup | None]]:
    """(name, bit number, declaration or None) for all that is set in a word of flags, lowest bit first."""
    found: list[tuple[str, int, Bit | BitGroup | None]] = []
    for bit in bits:
        width = bit.width if isinstance(bit, BitGroup) else 1
        part = value >> bit.number & (1 << width) - 1
        value &= ~((1 << width) - 1 << bit.number)
        if part:
            found.append((bit.names[part - 1][0] if isinstance(bit, BitGroup) else bit.name, bit.number, bit))
    found += [(f"bit_{number}", number, None) for number in range(value.bit_length()) if value >> number & 1]
    return sorted(found, key=lambda each: each[1])


def present_packed(node: Number, value: int) -> dict[str, Any]:
    """The numbers in a word, each under its name, and beside them the names of the `flags` that are set."""
    shown: dict[str, Any] = {}
    for part in node.numbers:
        number = (value & part.mask) >> part.number
        shown[part.name] = f"0x{number:X}" if part.hexadecimal else number
        value &= ~part.mask
    if node.bits or value:
        shown["flags"] = flag_names(node.bits, value)
    return shown


def unpresent_packed(node: Number, shown: dict[str, Any]) -> int:
    """The word behind its numbers and flags. Raises LocalProtocolError, naming the part."""
    parts = {part.name: part for part in node.numbers}
    for name in shown:
        if name not in parts and name != "flags":
            raise LocalProtocolError("no such field", field=name)
    missing = [name for name in parts if name not in shown]
    if missing:
        raise LocalProtocolError("missing", field=", ".join(missing))
    word = unpresent_number(node, shown.get("flags", []))
    for name, part in parts.items():
        number = number_of(shown[name])
        if not 0 <= number < 1 << part.width or word & part.mask:
            raise LocalProtocolError(f"{number} does not fit {part.width} bits of its own", field=name)
        word |= number << part.number
    return word


def unpresent_number(node: Number, shown: Any) -> int:
    """The wire value behind a number, a name, or the names of flags. Raises LocalProtocolError."""
    if isinstance(shown, int) and not isinstance(shown, bool):
        return node.wire_value(shown)
    if node.bits or node.numbers:
        return sum({1 << bit for name in shown for bit in _bits_of(node.bits, name)})
    for value, (name, _) in node.names.items():
        if name == shown:
            return value
    known = [name for name, _ in node.names.values()]
    raise LocalProtocolError(f"no such value: {shown!r}{did_you_mean(shown, known)}")


def did_you_mean(wanted: Any, known: Iterable[str]) -> str:
    """The known name that is nearest to what was wanted, as the end of a sentence; "" when none is near."""
    close = difflib.get_close_matches(str(wanted)[:60], list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def number_of(shown: Any) -> int:
    """512, "512" or "0x0200" as an integer. Raises ValueError or TypeError."""
    return int(shown, 0) if isinstance(shown, str) else int(shown)


def _bits_of(bits: Iterable[Bit | BitGroup], wanted: str) -> list[int]:
    for bit in bits:
        if isinstance(bit, Bit) and bit.name == wanted:
            return [bit.number]
        if isinstance(bit, BitGroup) and wanted in (names := [name for name, _ in bit.names]):
            part = names.index(wanted) + 1
            return [bit.number + each for each in range(bit.width) if part >> each & 1]
    if wanted.startswith("bit_") and wanted[4:].isdecimal():
        return [int(wanted[4:])]
    known = [name for bit in bits for name in ([bit.name] if isinstance(bit, Bit) else dict(bit.names))]
    raise LocalProtocolError(f"no such flag: {wanted!r}{did_you_mean(wanted, known)}")
