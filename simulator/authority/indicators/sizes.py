"""14 整合运力规模, 15 完成运单量, 16 完成货运量: how much there is, in ten thousands."""

import numpy as np

from .facts import UNREAD, Facts
from .result import Better, Indicator
from .rules import Rules

TEN_THOUSAND = 10_000
GRAMS_PER_UNIT = 10**10  # ten thousand tonnes


def vehicles(facts: Facts, rules: Rules) -> Indicator:
    """14: distinct vehicles of the waybills."""
    seen = facts.waybills["vehicle"]
    count = len(np.unique(seen[seen != UNREAD]))
    reading = "distinct vehicles (plate and colour) of the waybills"
    return Indicator(
        "14", "Capacity", "整合运力规模", Better.SIZE, count, TEN_THOUSAND, reading, "万辆 · 10⁴ vehicles"
    )


def waybills(facts: Facts, rules: Rules) -> Indicator:
    """15: waybills."""
    count, reading = len(facts.waybills), "waybills, each in its last version"
    return Indicator(
        "15", "Waybills", "完成运单量", Better.SIZE, count, TEN_THOUSAND, reading, "万单 · 10⁴ waybills"
    )


def freight(facts: Facts, rules: Rules) -> Indicator:
    """16: tonnes. The numerator is in grams."""
    weight = facts.waybills["weight_g"]
    grams = sum(int(part.sum()) for part in np.array_split(weight[weight != UNREAD], 64))  # each fits 64 bits
    return Indicator(
        "16",
        "Freight",
        "完成货运量",
        Better.SIZE,
        grams,
        GRAMS_PER_UNIT,
        "Σ gross weight of all goods (kilograms on the document)",
        "万吨 · 10⁴ t",
    )
