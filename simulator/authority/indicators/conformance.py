"""3 接入正常率: waybills and funds documents that conform to the specification and its code tables."""

import numpy as np

from .facts import Facts, Table
from .result import Better, Indicator, Offenders
from .rules import Rules

_READING = "the last version of each document in the period passes every check of fields and code tables"


def waybills_conform(facts: Facts, rules: Rules) -> Indicator:
    """3-1: conforming waybills / waybills."""
    good, all_, offenders = _count(facts.waybills)
    return Indicator(
        "3-1",
        "Waybill conformance rate",
        "运单接入正常率",
        Better.HIGH,
        good,
        all_,
        _READING,
        offenders=offenders,
    )


def funds_conform(facts: Facts, rules: Rules) -> Indicator:
    """3-2: conforming funds documents / funds documents."""
    good, all_, offenders = _count(facts.funds)
    return Indicator(
        "3-2",
        "Funds flow conformance rate",
        "资金流水单接入正常率",
        Better.HIGH,
        good,
        all_,
        _READING,
        offenders=offenders,
    )


def _count(table: Table) -> tuple[int, int, Offenders]:
    rows = np.array(sorted(table.faults), dtype=np.int64)
    offenders = Offenders(table.labels, rows, table.faults.__getitem__)
    return len(table) - len(rows), len(table), offenders
