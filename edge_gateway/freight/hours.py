"""Driving and rest time of a driver from the intervals of the card. Pure.

An interval is from card in to card out; a card in while another is in ends that one (the drivers changed).
What is too long is a rule of ours, configurable: 4 h at a stretch, a rest of 20 min ends a stretch
(unverified: not in the reference).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

STRETCH_S: Final = 4 * 3600
REST_S: Final = 20 * 60


@dataclass(frozen=True)
class Hours:
    """driving_s, rest_s: within the time that was asked for. longest_s: the longest stretch without a rest.
    too_long: when such a stretch went beyond the limit (Unix time), once for each."""

    driving_s: int
    rest_s: int
    longest_s: int
    too_long: tuple[int, ...]


def hours_of(
    intervals: Iterable[tuple[int, int]],
    from_s: int,
    until_s: int,
    stretch_s: int = STRETCH_S,
    rest_s: int = REST_S,
) -> Hours:
    """intervals: (card in, card out) in Unix time, any order, may overlap; one that is open ends at
    until_s."""
    merged = _merged([(max(begin, from_s), min(end, until_s)) for begin, end in intervals])
    driving = sum(end - begin for begin, end in merged)
    longest, stretch, before = 0, 0, None
    too_long = []
    for begin, end in merged:
        if before is not None and begin - before >= rest_s:
            stretch = 0
        if stretch <= stretch_s < stretch + end - begin:
            too_long.append(begin + stretch_s - stretch)
        stretch += end - begin
        longest, before = max(longest, stretch), end
    return Hours(driving, max(0, until_s - from_s) - driving, longest, tuple(too_long))


def _merged(intervals: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(each for each in intervals if each[0] < each[1]):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return merged
