"""Writes one frame straight into a buffer that is there for good: nothing is allocated on the way.

For the terminal's hot path (position reports). Everything else may use `framing.build_frame`.
"""

from .errors import LocalProtocolError
from .framing import ESCAPED_MAX

BUFFER_BYTES = ESCAPED_MAX + 2


class FrameWriter:
    """begin() → put…() → finish(); then `buffer[:length]` is the frame, delimiters included.

    Integers of four bytes are put as two halves where their top bits can be set: a 32-bit MicroPython
    keeps only 31-bit integers off the heap.
    """

    def __init__(self, size=BUFFER_BYTES):
        self.buffer = bytearray(size)
        self.length = 0
        self._check = 0

    def begin(self):
        """Starts a new frame; what the buffer held is gone."""
        self.buffer[0] = 0x7E
        self.length = 1
        self._check = 0

    def put(self, byte):
        """One byte, 0…255, escaped where it must be. Raises LocalProtocolError out of range or room."""
        if not 0 <= byte <= 255:
            raise LocalProtocolError("byte out of range")
        self._check ^= byte
        self._store(byte)

    def put_word(self, word):
        """Two bytes, 0…65535."""
        if not 0 <= word <= 0xFFFF:
            raise LocalProtocolError("word out of range")
        self.put(word >> 8)
        self.put(word & 0xFF)

    def put_from(self, data, at, count):
        """`count` bytes of `data` from `at`; no slice is made."""
        for index in range(at, at + count):
            self.put(data[index])

    def finish(self):
        """Adds the check byte and the closing delimiter, gives the length of the frame."""
        self._store(self._check)
        self.buffer[self.length] = 0x7E
        self.length += 1
        return self.length

    def _store(self, byte):
        if self.length + 3 > len(self.buffer):
            raise LocalProtocolError("the frame does not fit its buffer")
        if byte == 0x7E or byte == 0x7D:
            self.buffer[self.length] = 0x7D
            self.buffer[self.length + 1] = 1 if byte == 0x7D else 2
            self.length += 2
        else:
            self.buffer[self.length] = byte
            self.length += 1
