"""Keeps the alarm word by the table of rules: causes come in, bits come out, each raised once.

Knows no cause; `vehicle` finds them. Allocates nothing.
"""

from .rules import ANSWERED, ANSWERED_HIGH, ANSWERED_LOW, HELD, ROW_BYTES, RULES

_CAUSE = 1  # the cause is there
_ON = 2  # the alarm is on
_FRESH = 4  # a cause of an ANSWERED one would raise it: it has not yet, or was gone long enough since
_TENTH_MS = 100


class Alarms:
    """high, low: the halves of the alarm word, masked (bit 31 stays off the heap on 32-bit boards).

    changed: whether they did since it was last set to False. event: number of the last confirmable alarm,
    1…65535, 0 before the first. settling: whether a cause waits for its time.
    """

    __slots__ = (
        "_full_high",
        "_full_low",
        "_mask_high",
        "_mask_low",
        "_since_ms",
        "_state",
        "changed",
        "event",
        "high",
        "low",
        "settling",
    )

    def __init__(self):
        self._state = bytearray([_FRESH] * 32)
        self._since_ms = [0] * 32
        self._full_high = self._full_low = self._mask_high = self._mask_low = 0
        self.high = self.low = self.event = 0
        self.changed = self.settling = False

    def mask(self, word):
        """Suppresses the alarms of parameter 0x0050."""
        self._mask_high = word >> 16 & 0xFFFF
        self._mask_low = word & 0xFFFF
        self._show()

    def cause(self, alarm, there, now_ms):
        """The cause of an alarm is there or not; told as often as one likes."""
        state = self._state[alarm]
        if bool(there) == bool(state & _CAUSE):
            return
        if not there:
            state &= ~_CAUSE
        elif now_ms - self._since_ms[alarm] >= RULES[alarm * ROW_BYTES + 2] * _TENTH_MS:
            state |= _CAUSE | _FRESH
        else:
            state |= _CAUSE
        self._state[alarm] = state
        self._since_ms[alarm] = now_ms
        self.settling = True
        self.work(now_ms)

    def strike(self, alarm):
        """A cause without duration: an ANSWERED alarm, raised now."""
        self._put(alarm, True)

    def is_on(self, alarm):
        """Whether the alarm is on, masked or not."""
        return bool(self._state[alarm] & _ON)

    def work(self, now_ms):
        """Raises and ends what has lasted long enough."""
        if not self.settling:
            return
        self.settling = False
        for alarm in range(32):
            delay_ms = self._delay_ms(alarm)
            if delay_ms < 0:
                continue
            if now_ms - self._since_ms[alarm] >= delay_ms:
                self._put(alarm, bool(self._state[alarm] & _CAUSE))
            else:
                self.settling = True

    def deadline_ms(self, deadline_ms):
        """The earlier of `deadline_ms` and the next alarm to raise or end."""
        if self.settling:
            for alarm in range(32):
                delay_ms = self._delay_ms(alarm)
                if delay_ms >= 0:
                    deadline_ms = min(deadline_ms, self._since_ms[alarm] + delay_ms)
        return deadline_ms

    def answered(self, high, low):
        """The platform has taken note of these alarms: the ANSWERED ones among them end."""
        for alarm in range(32):
            bits = high >> alarm - 16 if alarm >= 16 else low >> alarm
            if bits & 1 and RULES[alarm * ROW_BYTES] == ANSWERED and self._state[alarm] & _ON:
                self._put(alarm, False)

    def unanswered(self):
        """Whether an alarm is on that lasts until the platform answers."""
        return self.low & ANSWERED_LOW or self.high & ANSWERED_HIGH

    def _delay_ms(self, alarm):
        """How long the cause (or its absence) must last before it tells, -1 when nothing is to change."""
        state = self._state[alarm]
        row = alarm * ROW_BYTES
        if RULES[row] == HELD:
            if bool(state & _CAUSE) == bool(state & _ON):
                return -1
            return RULES[row + (1 if state & _CAUSE else 2)] * _TENTH_MS
        return RULES[row + 1] * _TENTH_MS if state & _CAUSE and state & _FRESH else -1

    def _put(self, alarm, on):
        state = self._state[alarm]
        bit = 1 << (alarm - 16 if alarm >= 16 else alarm)
        if on:
            self._state[alarm] = state & ~_FRESH
            if (
                bit & (self._mask_high if alarm >= 16 else self._mask_low)
                and RULES[alarm * ROW_BYTES] == ANSWERED
            ):
                return  # no report would carry it, so no answer could ever end it
            if bit & (ANSWERED_HIGH if alarm >= 16 else ANSWERED_LOW) and not state & _ON:
                self.event = self.event % 0xFFFF + 1
        self._state[alarm] = self._state[alarm] | _ON if on else state & ~_ON
        if alarm >= 16:
            self._full_high = self._full_high | bit if on else self._full_high & ~bit
        else:
            self._full_low = self._full_low | bit if on else self._full_low & ~bit
        self._show()

    def _show(self):
        high = self._full_high & ~self._mask_high
        low = self._full_low & ~self._mask_low
        if high != self.high or low != self.low:
            self.high = high
            self.low = low
            self.changed = True
