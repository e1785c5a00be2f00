"""What to restart when the line does not come up: each time a greater part, from socket to board.

Pure: counts and time in, a rung out. The board does what the rung says.
"""

NOTHING = 0
NETWORK = 1  # end and begin the data connection (PPP, NETOPEN)
MODEM = 2  # pull the modem's reset line
BOARD = 3  # reset ourselves

# Failed attempts in a row, and how long nothing has been heard, before a rung is due. Both must be reached:
# a server that refuses at once is no reason to reset a modem. Twenty minutes without a word and with thirty
# failures is long enough that a reset loses nothing: the reports are on flash.
RUNGS = ((5, 60000, NETWORK), (12, 300000, MODEM), (30, 1200000, BOARD))


class Ladder:
    """`failed` and `heard` tell it; `due` gives each rung once until something is heard again."""

    __slots__ = ("_failures", "_heard_ms", "_taken", "counts")

    def __init__(self, now_ms):
        """counts: how often each rung was taken, by number."""
        self._failures = self._taken = 0
        self._heard_ms = now_ms
        self.counts = [0, 0, 0, 0]

    def failed(self):
        """A link could not be had, or was lost without a word from the platform."""
        self._failures += 1

    def heard(self, now_ms):
        """The platform said something."""
        self._failures = self._taken = 0
        self._heard_ms = now_ms

    def due(self, now_ms):
        """The rung to take now, NOTHING most of the time."""
        for failures, silent_ms, rung in RUNGS:
            if rung > self._taken and self._failures >= failures and now_ms - self._heard_ms >= silent_ms:
                self._taken = rung
                self.counts[rung] += 1
                return rung
        return NOTHING
