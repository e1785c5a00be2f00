"""The modem's reset line: pulled for as long as the modem wants it, without waiting."""

PULL_MS = 2500  # A7670: RESET held low for two seconds and more (unverified: no modem was at hand)


class ModemReset:
    """pin: called with 1 to pull, 0 to let go; None where the line is not wired."""

    def __init__(self, pin):
        self._pin = pin
        self._until_ms = -1

    def pull(self, now_ms):
        """Begins to pull."""
        if self._pin is not None:
            self._pin(1)
            self._until_ms = now_ms + PULL_MS

    def pulled(self, now_ms):
        """Whether the modem is still held; lets go when the time is over."""
        if self._until_ms < 0:
            return False
        if now_ms >= self._until_ms:
            self._pin(0)
            self._until_ms = -1
        return self._until_ms >= 0
