"""The vocabulary of the declarations: small `construct` classes that parse to plain wire values and carry
what people want to read (names of bits and values, Chinese, units). They know no message.

Every class here is understood by `plan.py`; a construct that is not makes generation fail.
"""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any, NamedTuple

from construct import (
    Array,
    Bytes,
    Construct,
    ExplicitError,
    GreedyBytes,
    GreedyRange,
    IfThenElse,
    Int8ub,
    Int16ub,
    Pass,
    Prefixed,
    Struct,
    Subconstruct,
    this,
)

BASE_EDITION = 2013


class Bit(NamedTuple):
    """One flag: its number, its name in English and Chinese, and the first edition that has it."""

    number: int
    name: str
    chinese: str
    since: int = 2011


class BitGroup(NamedTuple):
    """Neighbouring bits that make a number: `names` gives (name, Chinese) for the values from 1."""

    number: int
    width: int
    name: str
    chinese: str
    names: tuple[tuple[str, str], ...]
    since: int = 2011


class Flags(Subconstruct):
    """An unsigned integer whose bits have names. Parses to the integer."""

    def __init__(self, subcon: Construct, *bits: Bit | BitGroup) -> None:
        super().__init__(subcon)
        self.bits = bits


class Choice(Subconstruct):
    """An unsigned integer with named values, {value: (name, Chinese)}; parses to the integer."""

    def __init__(self, subcon: Construct, names: Mapping[int, tuple[str, str]]) -> None:
        super().__init__(subcon)
        self.names = dict(names)


class FixedText(Bytes):
    """`length` bytes of GBK text, padded behind with NUL. Parses to the bytes, padding kept."""


class TimeBcd(Bytes):
    """BCD[6] YYMMDDhhmmss, Beijing time. Parses to the six bytes: terminals send impossible times too."""

    def __init__(self) -> None:
        super().__init__(6)


class Text(Subconstruct):
    """GBK text to the end of the body. Parses to the bytes. 2011 ends it with NUL: kept."""

    def __init__(self) -> None:
        super().__init__(GreedyBytes)


class Trailing(Subconstruct):
    """What is left and makes no whole item; b"" in a well-formed body."""

    def __init__(self) -> None:
        super().__init__(GreedyBytes)


class CountedText(Subconstruct):
    """GBK text behind a byte that counts its bytes. Parses to the bytes."""

    def __init__(self) -> None:
        super().__init__(Prefixed(Int8ub, GreedyBytes))


class OnlyIf(IfThenElse):
    """A field that exists only when the earlier `field` equals `value` (or, with equal=False, does not)."""

    def __init__(self, field: str, value: int, subcon: Construct, equal: bool = True) -> None:
        super().__init__(lambda context: (context[field] == value) == equal, subcon, Pass)
        self.field = field
        self.value = value
        self.equal = equal
        self.flagbuildnone = True


class Item(NamedTuple):
    """One additional item of 0x0200.

    `layouts` holds a declaration per length that the standard (or a captured device) knows: a number, plain
    bytes or a Struct. `since` is an edition, or 1078 for those that JT/T 1078 adds.
    """

    id: int
    name: str
    chinese: str
    layouts: tuple[Construct, ...]
    since: int = 2011

    def layout_of(self, length: int) -> Construct | None:
        """The declaration for a value of `length` bytes, None when there is none."""
        return next((layout for layout in self.layouts if layout.sizeof() == length), None)


class ItemValue(Construct):
    """The length byte and the value of an item whose `id` was read just before.

    Parses to what the item's layout of exactly that length says, and to the raw bytes for an unknown id or
    another length, so that no vendor's habit costs the report.
    """

    def __init__(self, known: Mapping[int, Item]) -> None:
        super().__init__()
        self.known = known
        self._counted = Prefixed(Int8ub, GreedyBytes)

    def _parse(self, stream: BytesIO, context: Any, path: str) -> Any:
        data = self._counted._parse(stream, context, path)
        item = self.known.get(context.id)
        layout = item.layout_of(len(data)) if item else None
        return layout.parse(data) if layout else data

    def _build(self, value: Any, stream: BytesIO, context: Any, path: str) -> Any:
        self._counted._build(self._raw(value, context.id, path), stream, context, path)
        return value

    def _raw(self, value: Any, item_id: int, path: str) -> bytes:
        if isinstance(value, bytes):
            return value
        for layout in self.known[item_id].layouts if item_id in self.known else ():
            names = {field.name for field in layout.subcons} if isinstance(layout, Struct) else None
            if names == (set(value) if isinstance(value, dict) else None):
                return layout.build(value)
        raise ExplicitError(f"no layout of item 0x{item_id:02X} takes {value!r}", path=path)


class Items(Subconstruct):
    """Additional items to the end of the body: a list of {id, value}; a truncated last one is left unread."""

    def __init__(self, *items: Item) -> None:
        self.known = {item.id: item for item in items}
        super().__init__(GreedyRange(Struct("id" / Int8ub, "value" / ItemValue(self.known))))


class CountedList(Subconstruct):
    """As many elements as the earlier field `count_field` says, each behind a WORD that counts its bytes."""

    def __init__(self, count_field: str, element: Struct) -> None:
        super().__init__(Array(getattr(this, count_field), Prefixed(Int16ub, element)))
        self.count_field = count_field
        self.element = element


def plain(value: Any) -> Any:
    """The same value built of dicts, lists, ints and bytes only."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items() if name != "_io" and each is not None}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value


def changed(base: Struct, **replaced: Construct) -> Struct:
    """`base` with some fields declared anew under their old names, docs kept: how an edition differs."""
    unknown = set(replaced) - {field.name for field in base.subcons}
    if unknown:
        raise ValueError(f"no such field: {sorted(unknown)}")
    return Struct(
        *(
            field.name / replaced[field.name] * field.docs if field.name in replaced else field
            for field in base.subcons
        )
    )


class Message(NamedTuple):
    """One message: who sends it, what answers it, and its body in each edition that has it."""

    id: int
    name: str
    chinese: str
    direction: str  # "up": terminal to platform, "down": the other way
    answered_by: int | None
    clause: str
    bodies: Mapping[int, Struct]

    @property
    def editions(self) -> tuple[int, ...]:
        """The editions that have this message, oldest first."""
        return tuple(sorted(self.bodies))


def in_every_edition(body: Struct, **other: Struct) -> dict[int, Struct]:
    """{edition: body}, the same in all three but where `since_2019=…` or `only_2011=…` says otherwise."""
    return {2011: other.get("only_2011", body), 2013: body, 2019: other.get("since_2019", body)}
