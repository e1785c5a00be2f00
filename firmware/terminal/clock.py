"""The device's time: the last time the satellites gave, and what the board's millisecond counter added since.

Unknown before the first valid date, and then no report is made: a report without a time proves nothing.
"""

from .calendar import DAY_SECONDS


class DeviceClock:
    """`set` by every dated fix, `read` for the time in between.

    known: whether it was ever set. day, second: UTC as of the last `set` or `read`, days since 2000-01-01
    and seconds of that day.
    """

    __slots__ = ("_base_day", "_base_ms", "_base_second", "day", "known", "second")

    def __init__(self):
        self.known = False
        self.day = self.second = 0
        self._base_day = self._base_second = self._base_ms = 0

    def set(self, day, second, millisecond, now_ms):
        """The satellites say that it is this time at `now_ms`."""
        self.known = True
        self.day = self._base_day = day
        self.second = self._base_second = second
        self._base_ms = now_ms - millisecond

    def read(self, now_ms):
        """Brings `day` and `second` up to `now_ms`."""
        second = self._base_second + (now_ms - self._base_ms) // 1000
        self.day = self._base_day + second // DAY_SECONDS
        self.second = second % DAY_SECONDS
