"""What the terminal knows of its own health: why it started, what went wrong, how much it wrote to flash.

The ring of errors is in RAM and small; it is fetched by 0x8900 (page `passthrough`). No secrets go into it.
"""

RING = 16
TEXT_BYTES_MAX = 60
DAY_MS = 86400000


class Health:
    """`note` an error; `errors` gives them. boot_reason: bytes, as the board says it."""

    __slots__ = ("_day_ms", "_ring", "_written", "boot_reason")

    def __init__(self, boot_reason=b"unknown"):
        self.boot_reason = boot_reason
        self._ring = []
        self._day_ms = self._written = 0

    def note(self, what, now_ms):
        """what: bytes. The oldest of RING errors gives way; one that repeats itself is counted as one."""
        what = what[:TEXT_BYTES_MAX]
        if self._ring and self._ring[-1][1] == what:
            return
        if len(self._ring) == RING:
            self._ring.pop(0)
        self._ring.append((now_ms // 1000, what))

    def errors(self):
        """`error SECONDS TEXT` each, the oldest first."""
        return [b"error %d %s" % entry for entry in self._ring]

    def new_day(self, written, now_ms):
        """To be called now and then: `written` bytes since the start; begins to count anew every 24 hours."""
        if now_ms - self._day_ms >= DAY_MS:
            self._day_ms = now_ms
            self._written = written

    def written(self, written):
        """Bytes that went to flash in the running 24 hours."""
        return written - self._written
