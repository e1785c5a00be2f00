"""12 运单重复出现率: waybills like another in vehicle, ends, time and weight. A high value is bad.

All members of such a cluster count: the notice says "the number of such waybills", not "of the further ones".
"""

import numpy as np

from .columns import within
from .facts import UNREAD, Column, Facts
from .result import Better, Indicator, Offenders
from .rules import Rules


def repeated(facts: Facts, rules: Rules) -> Indicator:
    """12: waybills with a like one / waybills."""
    rows = np.flatnonzero(alike(facts, rules))
    return Indicator(
        "12",
        "Waybill repetition rate",
        "运单重复出现率",
        Better.LOW,
        len(rows),
        len(facts.waybills),
        f"same plate, colour and area codes of both ends, despatch within {rules.repeat_s // 60} min, weight "
        f"within {rules.repeat_percent} % of the heavier; every member counts",
        offenders=Offenders(facts.waybills.labels, rows, lambda row: "another waybill is like it"),
    )


def alike(facts: Facts, rules: Rules) -> Column:
    """Per waybill, whether there is a like one. Sorted by vehicle, ends and time: a like one is not far."""
    w = facts.waybills
    names = ("vehicle", "origin", "destination", "despatch", "weight_g")
    readable = np.flatnonzero(np.logical_and.reduce([w[name] != UNREAD for name in names]))
    order = readable[np.lexsort([w[name][readable] for name in reversed(names)])]
    vehicle, origin, destination, despatch, weight = (w[name][order] for name in names)
    flags = np.zeros(len(w), dtype=bool)
    for step in range(1, len(order)):
        near = (
            (vehicle[step:] == vehicle[:-step])
            & (origin[step:] == origin[:-step])
            & (destination[step:] == destination[:-step])
            & (despatch[step:] - despatch[:-step] <= rules.repeat_s)
        )
        # Clusters that are found already need no further look: so a crowd at one place ends the loop, too.
        near &= ~(flags[order[step:]] & flags[order[:-step]])
        if not near.any():
            break
        one, other = weight[step:], weight[:-step]
        like = near & within(np.abs(one - other), np.maximum(one, other), rules.repeat_percent)
        flags[order[step:][like]] = True
        flags[order[:-step][like]] = True
    return flags
