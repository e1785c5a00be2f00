"""Downlink messages in packages put together, within bounds of a small heap; what is missing is asked for.

The bodies are held in RAM, so only the words, areas and parameters of the platform come this way; firmware is
streamed to flash by the page `upgrade`.
"""

from protocols.wire.bodies import encode_layout, layout_of
from protocols.wire.pages.ids import MSG_TERMINAL_MISSING_PACKAGES_REQUEST
from protocols.wire.pages.link import BODIES
from protocols.wire.reassembly import Reassembly

SETS_MAX = 1  # messages that are not whole; another one makes the one that waits longest give way
BYTES_MAX = 8192
ASKS = 3
LOOK_MS = 1000


class Assembly:
    """Lives in `terminal.assembly` while a message is not whole, and a while longer for late repeats."""

    def __init__(self, edition):
        self._layout = layout_of(BODIES, MSG_TERMINAL_MISSING_PACKAGES_REQUEST, edition)
        self._reassembly = Reassembly(SETS_MAX, BYTES_MAX, asks=ASKS if self._layout else 0)
        self._look_ms = 0

    def add(self, header, body, now_ms):
        """The whole body, or None. Raises RemoteProtocolError for what is larger than the bounds."""
        return self._reassembly.add(0, header, body, now_ms)

    def tick(self, terminal, now_ms):
        """Asks for what is missing. False when nothing is left to do."""
        if now_ms < self._look_ms:
            return True
        self._look_ms = now_ms + LOOK_MS
        for missing in self._reassembly.tick(now_ms):
            values = {"first_serial": missing.first_serial, "count": len(missing.numbers)}
            values["numbers"] = missing.numbers
            body = encode_layout(self._layout, values)
            terminal.mail.answer(MSG_TERMINAL_MISSING_PACKAGES_REQUEST, body, None)
        return self._reassembly.open_count() > 0


def add(terminal, header, body, now_ms):
    """The whole body when this package completes its message, None when not."""
    if terminal.assembly is None:
        terminal.assembly = Assembly(terminal.settings.edition)
    return terminal.assembly.add(header, body, now_ms)
