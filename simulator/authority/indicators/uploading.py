"""1 单据上传率 and 2 驾驶员位置信息上传率: which licensed operators upload at all."""

from collections.abc import Callable

import numpy as np

from protocols.freight.documents import Kind

from .facts import Facts
from .result import Better, Indicator, Offenders
from .rules import Rules


def documents_uploaded(facts: Facts, rules: Rules) -> Indicator:
    """1: operators that uploaded all five documents / licensed operators."""

    def lacking(uploaded: frozenset[Kind]) -> str:
        return ", ".join(f"no {kind.name.lower()}" for kind in Kind if kind not in uploaded)

    numerator, denominator, offenders = _count(facts, lacking)
    return Indicator(
        "1",
        "Document upload rate",
        "单据上传率",
        Better.HIGH,
        numerator,
        denominator,
        "an operator counts with at least one upload of each of the five documents in the period",
        offenders=offenders,
    )


def locations_uploaded(facts: Facts, rules: Rules) -> Indicator:
    """2: operators with driver locations / licensed operators."""
    numerator, denominator, offenders = _count(
        facts, lambda uploaded: "" if Kind.LOCATION in uploaded else "no location"
    )
    return Indicator(
        "2",
        "Driver location upload rate",
        "驾驶员位置信息上传率",
        Better.HIGH,
        numerator,
        denominator,
        "an operator counts with at least one location document in the period",
        offenders=offenders,
    )


def _count(facts: Facts, lacking: Callable[[frozenset[Kind]], str]) -> tuple[int, int, Offenders]:
    operators = sorted(facts.registers.enterprises)
    reasons = [lacking(facts.uploaded.get(code, frozenset())) for code in operators]
    rows = np.array([row for row, reason in enumerate(reasons) if reason], dtype=np.int64)
    return len(operators) - len(rows), len(operators), Offenders(operators, rows, reasons.__getitem__)
