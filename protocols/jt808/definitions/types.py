"""The vocabulary of the declarations: small `construct` classes that parse to plain wire values and carry
what people want to read (names of bits and values, Chinese, units). They know no message. `shapes` has the
conditions and lists, `tagged` the values that are chosen by an id.

Every class here is understood by `plan.py`; a construct that is not makes generation fail.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from construct import Bytes, Construct, GreedyBytes, Int8ub, Prefixed, Struct, Subconstruct


class Bit(NamedTuple):
    """One flag: its number, its name in English and Chinese, and the first edition that has it.

    `until_answered`: an alarm that the platform's answer clears; the others last as long as their cause.
    """

    number: int
    name: str
    chinese: str
    since: int = 2011
    until_answered: bool = False


class BitGroup(NamedTuple):
    """Neighbouring bits that make a number: `names` gives (name, Chinese) for the values from 1."""

    number: int
    width: int
    name: str
    chinese: str
    names: tuple[tuple[str, str], ...]
    since: int = 2011


class BitNumber(NamedTuple):
    """Neighbouring bits that are a number of their own; `hexadecimal` says how people write it."""

    number: int
    width: int
    name: str
    chinese: str
    hexadecimal: bool = False

    @property
    def mask(self) -> int:
        """Its bits in the word."""
        return (1 << self.width) - 1 << self.number


class Flags(Subconstruct):
    """An unsigned integer whose bits have names; some of them may be `numbers`. Parses to the integer."""

    def __init__(self, subcon: Construct, *bits: Bit | BitGroup, numbers: tuple[BitNumber, ...] = ()) -> None:
        super().__init__(subcon)
        self.bits = bits
        self.numbers = numbers


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


class PeriodBcd(TimeBcd):
    """A BCD[6] time whose leading zeros mean "every" (day, month …) or, all zero, "no limit"."""


class UtcBcd(TimeBcd):
    """A BCD[6] time that is UTC, the only one of the standard (0x8004)."""


class DateBcd(Bytes):
    """BCD[4] YYYYMMDD."""

    def __init__(self) -> None:
        super().__init__(4)


class Digits(Bytes):
    """`length` bytes of BCD digits that are no time. Parses to the bytes."""


class Text(Subconstruct):
    """GBK text to the end of the body. Parses to the bytes. 2011 ends it with NUL: kept."""

    def __init__(self) -> None:
        super().__init__(GreedyBytes)


class PartedText(Text):
    """Text to the end, its parts (name, Chinese) between semicolons; the earlier `field` says which parts."""

    def __init__(self, field: str, parts: Mapping[int, tuple[tuple[str, str], ...]]) -> None:
        super().__init__()
        self.field = field
        self.parts = dict(parts)


class Raw(Subconstruct):
    """Bytes to the end of the body whose inside is not this standard's, or not known."""

    def __init__(self) -> None:
        super().__init__(GreedyBytes)


class Trailing(Subconstruct):
    """What is left and makes no whole item; b"" in a well-formed body."""

    def __init__(self) -> None:
        super().__init__(GreedyBytes)


class CountedText(Subconstruct):
    """GBK text behind a number that counts its bytes (not its characters). Parses to the bytes."""

    def __init__(self, length: Construct = Int8ub) -> None:
        super().__init__(Prefixed(length, GreedyBytes))
        self.length = length


class CountedBytes(Subconstruct):
    """Bytes behind a number that counts them."""

    def __init__(self, length: Construct) -> None:
        super().__init__(Prefixed(length, GreedyBytes))
        self.length = length


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
    standard: str = "JT/T 808"

    @property
    def editions(self) -> tuple[int, ...]:
        """The editions that have this message, oldest first."""
        return tuple(sorted(self.bodies))


def in_every_edition(body: Struct, **other: Struct) -> dict[int, Struct]:
    """{edition: body}, the same in all three but where `since_2019=…` or `only_2011=…` says otherwise."""
    return {2011: other.get("only_2011", body), 2013: body, 2019: other.get("since_2019", body)}


def from_2013(body: Struct, since_2019: Struct | None = None) -> dict[int, Struct]:
    """{edition: body} of what 2011 does not have."""
    return {2013: body, 2019: body if since_2019 is None else since_2019}


def clause(section: int) -> str:
    """How the clause of a body table of the 2013 text is cited."""
    return f"unverified: JT/T 808-2013 §8.{section}"
