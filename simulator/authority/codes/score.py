"""The overall rating of a holder (综合评价): points, and why some are missing. The table is OURS.

The scheme names an optional overall rating and no way to reckon it. Here: 100 points, less for each
violation, much for an open one, little for a handled one, nothing for one handled a year ago.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from .colours import Severity, Violation

FULL: Final = 100
MEMORY_S: Final = 365 * 86400  # how long a handled violation still counts
OPEN_POINTS: Final = {Severity.MINOR: 10, Severity.SERIOUS: 40}
HANDLED_POINTS: Final = {Severity.MINOR: 2, Severity.SERIOUS: 10}


@dataclass(frozen=True)
class Score:
    """points: 0…100. reasons: why some are missing, the heaviest first, each with its points."""

    points: int
    reasons: tuple[str, ...]


def score_at(second: int, violations: Iterable[Violation]) -> Score:
    """The rating at this second."""
    losses = [(points, words) for each in violations for points, words in _loss(each, second)]
    losses.sort(key=lambda loss: (-loss[0], loss[1]))
    points = max(0, FULL - sum(points for points, _ in losses))
    return Score(points, tuple(f"−{points}: {words}" for points, words in losses))


def _loss(violation: Violation, second: int) -> list[tuple[int, str]]:
    if violation.at_s > second:
        return []
    if violation.open_at(second):
        return [(OPEN_POINTS[violation.severity], f"open: {violation.words}")]
    handled_s = violation.handled_s if violation.handled_s is not None else violation.at_s
    if second - handled_s >= MEMORY_S:
        return []
    return [(HANDLED_POINTS[violation.severity], f"handled: {violation.words}")]
