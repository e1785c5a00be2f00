"""Milliseconds since the start that never go back, from a tick counter that does.

MicroPython's `ticks_ms` begins anew at 2^30 on 32-bit boards, after twelve days; the terminal would then wait
twelve days for its next deadline. Asked at least once in six days, this one goes on. From 2^30 on its numbers
are big integers there: right, but of the heap.
"""


class Uptime:
    """`now_ms`. ticks_ms, ticks_diff: those of module `time`."""

    def __init__(self, ticks_ms, ticks_diff):
        self._ticks_ms = ticks_ms
        self._ticks_diff = ticks_diff
        self._seen = ticks_ms()
        self._ms = 0

    def now_ms(self):
        """Milliseconds since this object was made."""
        ticks = self._ticks_ms()
        self._ms += self._ticks_diff(ticks, self._seen)
        self._seen = ticks
        return self._ms
