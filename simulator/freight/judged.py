"""What the authority computed beside what was planted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from ..authority.indicators import Report
from ..authority.indicators.anomalies import Anomaly
from ..authority.indicators.result import Indicator
from .truth import Truth


@dataclass(frozen=True)
class Judged:
    """documents, positions: that travelled. page: the report as HTML."""

    documents: int
    positions: int
    report: Report
    truth: Truth
    page: Path

    @property
    def computed(self) -> dict[str, tuple[int, int]]:
        """Indicator → (numerator, denominator)."""
        return {each.id: (each.numerator, each.denominator) for each in self.report.indicators.values()}

    @property
    def values(self) -> int:
        """How many there are."""
        return len(self.truth.fractions())

    @property
    def equal(self) -> int:
        """How many of them are the planted truth."""
        computed = self.computed
        return sum(computed[name] == true for name, true in self.truth.fractions().items())

    def differences(self) -> list[str]:
        """Whatever is not as planted: values, offenders by name, anomalies of network access."""
        return [*self._values(), *self._offenders(), *self._network()]

    def as_json(self) -> dict[str, Any]:
        """Counts, and each value."""
        values = {
            one.id: None if one.value is None else str(one.value) for one in self.report.indicators.values()
        }
        return {
            "documents": self.documents, "positions": self.positions, "equal": self.equal, "of": self.values,
            "indicators": values,
        }  # fmt: skip

    def _values(self) -> Iterator[str]:
        computed = self.computed
        for name, (numerator, denominator) in self.truth.fractions().items():
            if computed[name] != (numerator, denominator):
                found = "/".join(map(str, computed[name]))
                yield f"indicator {name} is {found}, planted was {numerator}/{denominator}"

    def _offenders(self) -> Iterator[str]:
        for each in self.report.indicators.values():
            found = {label for label, _ in each.offenders}
            yield from _sets(f"indicator {each.id}: offenders", found, self.truth.spoilt[each.id])

    def _network(self) -> Iterator[str]:
        found = {each.subject for each in self.report.anomalies() if each.kind is Anomaly.NETWORK}
        yield from _sets("network access: vehicles", found, self.truth.network)


def moved(clean: Judged, spoilt: Judged) -> frozenset[str]:
    """Indicators whose value is another one."""
    before, after = clean.report.indicators, spoilt.report.indicators
    return frozenset(name for name in before if _ratio(before[name]) != _ratio(after[name]))


def _ratio(indicator: Indicator) -> Fraction | None:
    """Exact, not rounded; None without a denominator."""
    return Fraction(indicator.numerator, indicator.denominator) if indicator.denominator else None


def _sets(what: str, found: set[str], planted: set[str]) -> Iterator[str]:
    if extra := sorted(found - planted):
        yield f"{what} that nobody planted: {', '.join(extra)}"
    if missing := sorted(planted - found):
        yield f"{what} that were planted and not found: {', '.join(missing)}"
