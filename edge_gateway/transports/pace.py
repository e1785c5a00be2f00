"""So many a second, and some more at once after a rest. Pure: time is an argument."""


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
