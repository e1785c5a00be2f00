"""9 超载监管正常率: goods that weigh no more than the vehicle, or a tractor's trailer, may carry."""

import numpy as np

from .facts import UNREAD, Column, Facts
from .fleet import fleet_of
from .result import Better, Indicator, Offenders
from .rules import Rules

GRAMS_PER_HUNDREDTH = 10_000  # goods are in kilograms with three decimals, loads in tonnes with two


def not_overloaded(facts: Facts, rules: Rules) -> Indicator:
    """9: waybills within the rated load / waybills. Equal is within."""
    weight, rated = facts.waybills["weight_g"], rated_load(facts)
    unknown = (weight == UNREAD) | (rated == UNREAD)
    over = ~unknown & (weight > rated * GRAMS_PER_HUNDREDTH)

    def reason(row: int) -> str:
        if unknown[row]:
            return "weight or rated load is not known"
        digits = 6 if weight[row] % 1000 else 3  # a gram too much is too much: it must be seen
        return f"{weight[row] / 1e6:.{digits}f} t on a rated load of {rated[row] / 100:.2f} t"

    rows = np.flatnonzero(unknown | over)
    return Indicator(
        "9",
        "Load compliance rate",
        "超载监管正常率",
        Better.HIGH,
        len(weight) - len(rows),
        len(weight),
        "Σ goods ≤ rated load of the vehicle, of the trailer for a tractor; unknown is not normal",
        offenders=Offenders(facts.waybills.labels, rows, reason),
    )


def rated_load(facts: Facts) -> Column:
    """Per waybill, hundredths of a tonne; UNREAD when nobody says it."""
    return np.append(fleet_of(facts).rated, UNREAD)[facts.waybills["vehicle"]]
