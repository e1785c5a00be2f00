"""Runs every indicator over the facts and finds the anomalies: one report, the same for the same input."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from . import conformance, loading, logic, matching, papers, repetition, scopes, sizes, trajectory, uploading
from .anomalies import Anomaly, Finding, findings
from .facts import Facts
from .period import Period
from .result import Draw, Indicator, listed
from .rules import Rules

SCHEMA: Final = "dianyun.indicators/1"
INDICATORS: Final = (
    uploading.documents_uploaded,
    uploading.locations_uploaded,
    conformance.waybills_conform,
    conformance.funds_conform,
    matching.locations_match,
    logic.documents_logical,
    papers.vehicles_compliant,
    papers.drivers_compliant,
    papers.carriers_compliant,
    loading.not_overloaded,
    scopes.subcontracted,
    scopes.out_of_scope,
    repetition.repeated,
    trajectory.tracks_normal,
    matching.funds_match,
    matching.bank_agrees,
    sizes.vehicles,
    sizes.waybills,
    sizes.freight,
)


@dataclass(frozen=True)
class Report:
    """indicators: by id, in the notice's order. Anomalies are found anew when asked for: they may be many."""

    period: Period
    rules: Rules
    indicators: dict[str, Indicator]
    facts: Facts

    def anomalies(self) -> Iterator[Finding]:
        """Every finding of the six classes."""
        return findings(self.facts, self.rules, self.indicators)

    def as_dict(self, listing: Callable[[Draw], list[Any]] = listed) -> dict[str, Any]:
        """For JSON, complete: every offender and every finding. listing: what makes a list of many."""
        counts = Counter(finding.kind for finding in self.anomalies())
        first, last = self.period.words
        return {
            "schema": SCHEMA,
            "period": {"name": self.period.name, "first": first, "last": last},
            "indicators": [indicator.as_dict(listing) for indicator in self.indicators.values()],
            "anomaly_counts": {kind.value: counts[kind] for kind in Anomaly},
            "anomalies": listing(
                lambda: (
                    {"class": finding.kind.value, "subject": finding.subject, "reason": finding.reason}
                    for finding in self.anomalies()
                )
            ),
        }


def compute(facts: Facts, rules: Rules | None = None) -> Report:
    """All 16 numbers (19 values)."""
    rules = rules or Rules()
    computed = [indicator(facts, rules) for indicator in INDICATORS]
    return Report(facts.period, rules, {each.id: each for each in computed}, facts)
