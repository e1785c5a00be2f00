"""4 and 13-2: documents that find their counterparts, both sides counted; funds that the bank confirms.

The notice leaves open which documents form the denominator: here both sides do. A counterpart may have
arrived in another period.
"""

import numpy as np

from .columns import Joined
from .facts import Column, Facts, Table
from .result import Better, Indicator, Offenders
from .rules import Rules

_READING = (
    "key (number, serial); (matched waybills + matched {0}) / (waybills + {0}), counterparts of any period"
)


def locations_match(facts: Facts, rules: Rules) -> Indicator:
    """4: waybills with a location document, and location documents all of whose waybills arrived."""
    alone = ~facts.known_locations[facts.waybills["key"]]
    orphans = _orphans(facts.locations, facts.location_notes["row"], facts.location_notes["key"], facts)
    return _two_way(
        facts,
        facts.locations,
        alone,
        orphans,
        ("4", "Waybill and location match rate", "运单与驾驶员位置信息单匹配率", "location documents"),
    )


def funds_match(facts: Facts, rules: Rules) -> Indicator:
    """13-2①: waybills with a funds document, and funds documents all of whose waybills arrived."""
    alone = ~facts.known_funds[facts.waybills["key"]]
    return _two_way(
        facts,
        facts.funds,
        alone,
        unmatched_funds(facts),
        ("13-2-1", "Waybill and funds match rate", "运单与资金流水单匹配率", "funds documents"),
    )


def bank_agrees(facts: Facts, rules: Rules) -> Indicator:
    """13-2②: matched funds documents all of whose payments the bank knows so / matched funds documents."""
    matched = ~unmatched_funds(facts)
    rows = np.flatnonzero(matched & (facts.funds["bank"] == 0))
    return Indicator(
        "13-2-2",
        "Funds agreement rate",
        "资金流水单比对符合率",
        Better.HIGH,
        int(matched.sum()) - len(rows),
        int(matched.sum()),
        "every payment has an entry of equal amount, account and time at the (mock) bank",
        offenders=Offenders(facts.funds.labels, rows, lambda row: "the bank does not confirm a payment"),
    )


def unmatched_funds(facts: Facts) -> Column:
    """Per funds document, whether a waybill that it pays never arrived, or it names none."""
    return _orphans(facts.funds, facts.funds_notes["row"], facts.funds_notes["key"], facts)


def _orphans(table: Table, rows: Column, keys: Column, facts: Facts) -> Column:
    orphan = np.ones(len(table), dtype=bool)
    orphan[rows] = False
    orphan[rows[~facts.known_waybills[keys]]] = True
    return orphan


def _two_way(
    facts: Facts, table: Table, alone: Column, orphans: Column, names: tuple[str, str, str, str]
) -> Indicator:
    number, name, chinese, others = names
    total = len(facts.waybills) + len(table)
    matched = total - int(alone.sum()) - int(orphans.sum())
    first = len(facts.waybills)
    reasons = f"no {others.removesuffix('s')} names it", "a waybill that it names never arrived"
    return Indicator(
        number,
        name,
        chinese,
        Better.HIGH,
        matched,
        total,
        _READING.format(others),
        offenders=Offenders(
            Joined(facts.waybills.labels, table.labels),
            np.flatnonzero(np.concatenate([alone, orphans])),
            lambda row: reasons[row >= first],
        ),
    )
