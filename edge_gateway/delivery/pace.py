"""How fast records may leave: a configured rate, and a backlog that leaves room for what is new. Pure.

A receiver works off what it is sent in order, so every batch of a backlog that waits there is time that a
report of now waits too.
"""

from typing import Final

_TARGET_MS: Final = 400  # so long the receiver may need for what of the backlog is on its way
_GROWTH: Final = 1.25
_MS: Final = 1000


class BacklogPace:
    """How many records of a backlog may be on their way at a time: few at first, more while confirmations
    come quickly, half as many when they do not.

    least, most: records; the first is two batches, so that one is on its way while the other is stored.
    """

    def __init__(self, least: int, most: int) -> None:
        self._least = least
        self._most = max(least, most)
        self.allowed = float(least)

    def confirmed(self, waited_ms: int) -> None:
        """A batch was confirmed `waited_ms` after it was sent."""
        change = 0.5 if waited_ms > _TARGET_MS else _GROWTH
        self.allowed = min(self._most, max(self._least, self.allowed * change))


class RateLimit:
    """At most `per_s` records a second, in bursts of a second; 0 is no limit."""

    def __init__(self, per_s: int, now_ms: int) -> None:
        self._per_s = per_s
        self._free = float(per_s)
        self._seen_ms = now_ms

    def wait_ms(self, now_ms: int) -> int:
        """How long until something may be sent; 0 for now."""
        if not self._per_s:
            return 0
        passed_ms, self._seen_ms = now_ms - self._seen_ms, now_ms
        self._free = min(self._per_s, self._free + self._per_s * passed_ms / _MS)
        return 0 if self._free > 0 else 1 + int(-self._free * _MS / self._per_s)

    def spend(self, records: int) -> None:
        """`records` were sent; a batch may overdraw, the next one waits for it."""
        self._free -= records if self._per_s else 0
