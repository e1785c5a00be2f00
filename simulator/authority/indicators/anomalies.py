"""The six classes of anomaly (异常) that the notice has raised: each finding with its subject and its reason.

They are drawn from the indicators' offenders, and from the terminals' register for 入网异常.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from .facts import UNREAD, Facts
from .fleet import fleet_of
from .result import Indicator
from .rules import Rules


class Anomaly(StrEnum):
    """The classes, by their Chinese name."""

    PAPERS = "资质异常"
    NETWORK = "入网异常"
    TRACK = "轨迹异常"
    FUNDS = "资金支付异常"
    SCOPE = "超范围经营"
    OVERLOAD = "超限超载"


ENGLISH = {
    Anomaly.PAPERS: "certificates",
    Anomaly.NETWORK: "network access",
    Anomaly.TRACK: "track",
    Anomaly.FUNDS: "payment",
    Anomaly.SCOPE: "out of scope",
    Anomaly.OVERLOAD: "overload",
}
_SOURCES = {
    Anomaly.PAPERS: ("6", "7", "8"),
    Anomaly.TRACK: ("13-1",),
    Anomaly.FUNDS: ("13-2-1", "13-2-2"),
    Anomaly.SCOPE: ("10", "11"),
    Anomaly.OVERLOAD: ("9",),
}


@dataclass(frozen=True, order=True)
class Finding:
    """subject: a document, vehicle, driver or carrier."""

    kind: Anomaly
    subject: str
    reason: str


def findings(facts: Facts, rules: Rules, indicators: Mapping[str, Indicator]) -> Iterator[Finding]:
    """All of them, class by class, each in order of its subjects."""
    for kind in Anomaly:
        if kind is Anomaly.NETWORK:
            yield from _network(facts, rules)
        for source in _SOURCES.get(kind, ()):
            for subject, reason in indicators[source].offenders:
                yield Finding(kind, subject, reason)


def _network(facts: Facts, rules: Rules) -> Iterator[Finding]:
    """A vehicle over 12 t without a registered terminal, and a registered terminal that is silent."""
    fleet, seen = fleet_of(facts), facts.waybills["vehicle"]
    numbers = np.unique(seen[seen != UNREAD]).tolist()
    for key, number in sorted((facts.vehicles[number], number) for number in numbers):
        if key not in facts.registers.terminals:
            if not fleet.medium[number]:
                yield Finding(Anomaly.NETWORK, key, "over 12 t without a terminal")
            continue
        heard = facts.registers.terminals[key]
        if heard is None or heard < facts.period.until_s - rules.silent_s:
            yield Finding(Anomaly.NETWORK, key, "its terminal is registered and silent")
