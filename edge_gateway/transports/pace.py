"""So many a second, and some more at once after a rest. Pure: time is an argument."""

from typing import Final

SPENDERS_MAX: Final = 10_000  # that have spent much; beyond, the one that was noted first begins anew


class Pace:
    """`per_s`: what is allowed in the long run; 0 allows everything. `at_once`: what a rest saves up."""

    __slots__ = ("_at_once", "_left", "_per_s", "_since_ms")

    def __init__(self, per_s: float, at_once: float, now_ms: int) -> None:
        self._per_s = per_s
        self._at_once = self._left = at_once
        self._since_ms = now_ms

    def allows(self, now_ms: int) -> bool:
        """Takes one when there is one."""
        if not self._per_s:
            return True
        earned = self._per_s * max(0, now_ms - self._since_ms) / 1000
        self._left = min(self._at_once, self._left + earned)
        self._since_ms = now_ms
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Spending:
    """What terminals that left had not used up, so that a new connection is no new allowance.

    per_s: what is earned, at_once: what a rest saves up at most. Bounded.
    """

    __slots__ = ("_at_once", "_left", "_per_s")

    def __init__(self, per_s: float, at_once: float) -> None:
        self._per_s = per_s
        self._at_once = at_once
        self._left: dict[str, tuple[float, int]] = {}  # → what was left, and when

    def note(self, who: str, left: float, now_ms: int) -> None:
        """It leaves with so much; not noted when that is all there can be."""
        if left >= self._at_once:
            return
        self._left.pop(who, None)
        if len(self._left) >= SPENDERS_MAX:
            del self._left[next(iter(self._left))]
        self._left[who] = (left, now_ms)

    def left_of(self, who: str, now_ms: int) -> float:
        """What it may spend at once; forgotten here once taken."""
        if who not in self._left:
            return self._at_once
        left, since_ms = self._left.pop(who)
        return min(self._at_once, left + self._per_s * max(0, now_ms - since_ms) / 1000)
