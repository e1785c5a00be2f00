"""One indicator's value: a fraction of whole numbers, what it was read as, and who spoils it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any, Final

import numpy as np

Rows = np.ndarray[Any, Any]
_PERCENT_PLACES: Final = Decimal("0.01")
_SIZE_PLACES: Final = Decimal("0.0001")


Draw = Callable[[], Iterator[dict[str, str]]]


def listed(draw: Draw) -> list[dict[str, str]]:
    """All members of a list for JSON, in memory."""
    return list(draw())


class Better(StrEnum):
    """Which way is good."""

    HIGH = "high"
    LOW = "low"
    SIZE = "size"  # neither: it says how much there is


@dataclass(frozen=True)
class Offenders:
    """The documents or holders that count against an indicator, kept as row numbers until somebody asks.

    labels: row → name. reason_of: row → why.
    """

    labels: Sequence[str] = ()
    rows: Rows = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    reason_of: Callable[[int], str] = lambda row: ""

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """(name, reason), by name."""
        rows = self.rows.tolist()
        names = [self.labels[row] for row in rows]
        order = sorted(range(len(rows)), key=names.__getitem__)  # stable: of one name the earlier row first
        return ((names[at], self.reason_of(rows[at])) for at in order)


@dataclass(frozen=True)
class Indicator:
    """id: of the notice, such as 13-1. numerator / denominator: exact; for sizes the unit is in the
    denominator.

    reading: how the notice was read, in English. offenders: who counts against it.
    """

    id: str
    name: str
    chinese: str
    better: Better
    numerator: int
    denominator: int
    reading: str
    unit: str = "%"
    offenders: Offenders = field(default_factory=Offenders)

    @property
    def value(self) -> Decimal | None:
        """Percent with two decimals, or a size with four; None when the denominator is 0."""
        if not self.denominator:
            return None
        exact = Decimal(self.numerator) / Decimal(self.denominator)
        if self.better is Better.SIZE:
            return exact.quantize(_SIZE_PLACES, ROUND_HALF_UP)
        return (100 * exact).quantize(_PERCENT_PLACES, ROUND_HALF_UP)

    def as_dict(self, listing: Callable[[Draw], list[Any]] = listed) -> dict[str, Any]:
        """For JSON: numbers, reading and every offender. listing: what makes a list of many."""
        return {
            "id": self.id,
            "name": self.name,
            "chinese": self.chinese,
            "better": self.better.value,
            "unit": self.unit,
            "numerator": self.numerator,
            "denominator": self.denominator,
            "value": None if self.value is None else str(self.value),
            "reading": self.reading,
            "offenders": listing(
                lambda: ({"document": label, "reason": reason} for label, reason in self.offenders)
            ),
        }


def bits_to_words(bits: Rows, words: Sequence[str]) -> Callable[[int], str]:
    """row → the words of the bits that are set there, joined."""
    return lambda row: "; ".join(word for i, word in enumerate(words) if int(bits[row]) >> i & 1)
