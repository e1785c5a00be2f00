"""Serial lines: that of the receiver, those that only pass through (0x8900, 0x0900), the card reader's.

Over streams that never wait: `readinto(buffer)` gives a count or None, `write(data)` a count or None.
"""

import select

from firmware.terminal import pages
from firmware.terminal.vehicle.card_reader import CardReader

RECEIVER_BYTES = 256
PIECE_BYTES = 512  # of one 0x0900
UNSENT_BYTES_MAX = 2048  # that wait for a slow device; more is refused
GAP_MS = 100  # a pause so long ends what a device says


class ReceiverLine:
    """The GNSS receiver's UART: `buffer[:read(…)]` is what came. The port of `app.run`."""

    def __init__(self, stream, poll):
        self.buffer = bytearray(RECEIVER_BYTES)
        self._stream = stream
        poll.register(stream, select.POLLIN)

    def read(self, event, now_ms):
        """The count of bytes put into `buffer`."""
        return self._stream.readinto(self.buffer) or 0

    def serve(self, now_ms):
        """A UART is never unplugged."""


class PassthroughPort:
    """A serial device of the truck that only the platform understands. number: 1 or 2, of the port.

    lost: pieces from the device for which there was no room among the letters.
    """

    def __init__(self, stream, number):
        self._stream = stream
        self._number = number
        self._buffer = bytearray(PIECE_BYTES)
        self._count = 0
        self._heard_ms = 0
        self._unsent = b""
        self.lost = 0

    def write(self, content):
        """For the device; False when too much of what was said before is still on the way."""
        if len(self._unsent) + len(content) > UNSENT_BYTES_MAX:
            return False
        self._unsent += bytes(content)
        return True

    def serve(self, terminal, now_ms):
        """Carries both ways; what the device said goes up when it pauses or the buffer is full."""
        if self._unsent:
            self._unsent = self._unsent[self._stream.write(self._unsent) or 0 :]
        count = self._stream.readinto(memoryview(self._buffer)[self._count :]) or 0
        if count:
            self._count += count
            self._heard_ms = now_ms
        if self._count == PIECE_BYTES or (self._count and now_ms - self._heard_ms >= GAP_MS):
            content = bytes(memoryview(self._buffer)[: self._count])
            self._count = 0
            if not pages.use("passthrough").from_serial(terminal, self._number, content):
                self.lost += 1


class CardReaderPort:
    """The driver's card reader (see terminal.vehicle.card_reader); of use to a terminal with senses."""

    def __init__(self, stream):
        self._stream = stream
        self._buffer = bytearray(64)
        self._reader = CardReader()

    def serve(self, terminal, now_ms):
        """Hands each whole line to the page `driver`."""
        count = self._stream.readinto(self._buffer) or 0
        if not count:
            return
        for line in self._reader.feed(memoryview(self._buffer)[:count]):
            if not pages.use("driver").card(terminal.vehicle, line):
                terminal.health.note(b"card reader: a line that is not understood", now_ms)
