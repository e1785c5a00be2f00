"""The simulator's own account of the indicators: counted while the world is made and spoilt.

It sees trips and plants, never a document, and shares no code with the indicators. For each indicator it
keeps the size of the whole and who spoils it; the numerator follows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

GOOD_RATES: Final = ("1", "2", "3-1", "3-2", "4", "5", "6", "7", "8", "9", "13-1", "13-2-1", "13-2-2")
BAD_RATES: Final = ("10", "11", "12")
SIZES: Final = {"14": 10_000, "15": 10_000, "16": 10**10}
ALL: Final = (*GOOD_RATES[:10], *BAD_RATES, *GOOD_RATES[10:], *SIZES)
PER_WAYBILL: Final = ("3-1", "4", "5", "9", "10", "11", "12", "13-1", "13-2-1", "15")
PER_FUNDS: Final = ("3-2", "5", "13-2-1", "13-2-2")


class Truth:
    """whole: indicator → how many are looked at (for sizes: how much). spoilt: indicator → who counts against
    it, or for it where a high value is bad. network: vehicles with an anomaly of network access."""

    def __init__(self) -> None:
        self.whole: dict[str, int] = dict.fromkeys(ALL, 0)
        self.spoilt: dict[str, set[str]] = {name: set() for name in ALL}
        self.network: set[str] = set()

    def count(self, names: Iterable[str], by: int = 1) -> None:
        """The whole of each of these grows, or shrinks."""
        for name in names:
            self.whole[name] += by

    def spoil(self, name: str, who: str) -> None:
        """Somebody counts against this indicator; once, however often it is said."""
        self.spoilt[name].add(who)

    def fraction(self, name: str) -> tuple[int, int]:
        """(numerator, denominator) of this indicator."""
        if name in SIZES:
            return self.whole[name], SIZES[name]
        spoilt = len(self.spoilt[name])
        return (spoilt if name in BAD_RATES else self.whole[name] - spoilt), self.whole[name]

    def fractions(self) -> dict[str, tuple[int, int]]:
        """Of all nineteen values."""
        return {name: self.fraction(name) for name in ALL}
