"""How fast records may leave: a configured rate, a backlog that leaves room for what is new, and answers to
terminals that go before everything. Pure.

A receiver works off what it is sent in order, so every batch of a backlog that waits there is time that a
report of now waits too.
"""

from typing import Final

_TARGET_MS: Final = 400  # so long the receiver may need for what of the backlog is on its way
_GROWTH: Final = 1.25
_BUSY: Final = 0.5  # of the time the thread that answers runs or would like to …
_KEPT_WAITING: Final = 0.05  # … and so much of it somebody else has its processor
_RECOVERY: Final = 2.0  # from one look to the next
_PLENTY: Final = 200_000  # records a second; from here on any number
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

    def change(self, per_s: int) -> None:
        """From now on. From any thread."""
        self._per_s = per_s

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


class GiveWay:
    """How many records a second may leave while the answers to terminals need the processor: `least` at once
    when those are kept waiting, gradually any number when they are not.

    Delivering costs the machine more than the delivery process itself, which its priority holds back: the
    kernel's work, and broker and receiver where they are neighbours.
    """

    def __init__(self, least: int) -> None:
        self._least = least
        self._rate = float(_PLENTY)

    def looked(self, ran: float, waited: float) -> int:
        """Takes the shares of the last interval in which the thread that answers ran, and in which it could
        have run but for others; gives the rate from now on, 0 for any."""
        if ran + waited > _BUSY and waited > _KEPT_WAITING:
            self._rate = self._least
        else:
            self._rate = min(_PLENTY, self._rate * _RECOVERY)
        return 0 if self._rate >= _PLENTY else int(self._rate)
