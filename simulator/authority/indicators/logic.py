"""5 数据逻辑正常率: waybills and funds documents whose times, places, weights and amounts can be true.

What is not readable is not logical; rules that need another document are skipped while it is absent.
"""

from typing import Final

import numpy as np

from .columns import Joined, within
from .facts import NO_END, UNREAD, Column, Facts
from .result import Better, Indicator, Offenders, bits_to_words
from .rules import Rules
from .sphere import distance_m

WAYBILL_RULES: Final = (
    "created after despatch",
    "received before despatch",
    "no weight",
    "no freight",
    "an endpoint's area code does not exist",
    "both endpoints are one, and it is no urban delivery",
    "payments differ from the freight",
    "faster than possible",
)
FUNDS_RULES: Final = ("an amount is not positive", "payments differ from the freight")


def documents_logical(facts: Facts, rules: Rules) -> Indicator:
    """5: logical waybills and funds documents / both."""
    waybills, funds = waybill_bits(facts, rules), funds_bits(facts, rules)
    labels = Joined(facts.waybills.labels, facts.funds.labels)
    why_waybill, why_funds = bits_to_words(waybills, WAYBILL_RULES), bits_to_words(funds, FUNDS_RULES)
    rows = np.flatnonzero(np.concatenate([waybills, funds]))
    first = len(waybills)
    return Indicator(
        "5",
        "Data logic rate",
        "数据逻辑正常率",
        Better.HIGH,
        len(labels) - len(rows),
        len(labels),
        f"created ≤ despatch < receipt; weight, amount > 0; area codes exist, and differ unless urban; "
        f"payments within {rules.funds_percent} %; at most {rules.speed_kmh} km/h on the straight line",
        offenders=Offenders(
            labels, rows, lambda row: why_waybill(row) if row < first else why_funds(row - first)
        ),
    )


def waybill_bits(facts: Facts, rules: Rules) -> Column:
    """Per waybill, the bits of the WAYBILL_RULES that it breaks."""
    w = facts.waybills
    exists = np.array([_exists(code, rules) for code in facts.regions] + [False])  # the last: UNREAD
    broken = (
        (w["created"] == UNREAD) | (w["created"] > w["despatch"]),
        (w["despatch"] == UNREAD) | (w["receipt"] <= w["despatch"]),
        w["weight_g"] <= 0,
        w["amount"] <= 0,
        ~exists[w["origin"]] | ~exists[w["destination"]],
        (w["origin"] == w["destination"]) & (w["urban"] == 0),
        _far_from(facts.paid[w["key"]], w["amount"], rules.funds_percent),
        _too_fast(facts, rules),
    )
    return _bits(broken, len(w))


def funds_bits(facts: Facts, rules: Rules) -> Column:
    """Per funds document, the bits of the FUNDS_RULES that it breaks."""
    f = facts.funds
    return _bits((f["positive"] == 0, _far_from(f["amount"], f["notes"], rules.funds_percent)), len(f))


def _bits(broken: tuple[Column, ...], count: int) -> Column:
    bits = np.zeros(count, dtype=np.int64)
    for i, column in enumerate(broken):
        bits |= column.astype(np.int64) << i
    return bits


def _exists(code: str, rules: Rules) -> bool:
    if rules.regions is not None:
        return code in rules.regions
    return len(code) == 6 and code.isascii() and code.isdigit()


def _far_from(paid: Column, freight: Column, percent: int) -> Column:
    """Whether they differ by more than percent of the freight; nothing paid yet is no difference."""
    return (paid != UNREAD) & ~within(np.abs(paid - freight), np.maximum(freight, 0), percent)


def _too_fast(facts: Facts, rules: Rules) -> Column:
    w = facts.waybills
    ends = facts.ends[w["key"]]
    known = ends[:, 0] != NO_END
    seconds = w["receipt"] - w["despatch"]
    metres = distance_m(ends[:, 0], ends[:, 1], ends[:, 2], ends[:, 3])
    return known & (seconds > 0) & (metres * 3.6 > rules.speed_kmh * seconds)
