"""The port of the driver's card reader: bytes of its serial line in, whole lines out.

Readers differ, so the terminal speaks a small protocol of its own (pages/driver says what the lines mean),
and a board whose reader talks otherwise puts an adapter here: an object with the same `feed`.
"""

LINE_BYTES = 200


class CardReader:
    """refused: lines that were too long."""

    __slots__ = ("_count", "_line", "refused")

    def __init__(self):
        self._line = bytearray()
        self._count = 0
        self.refused = 0

    def feed(self, data):
        """Bytes of the line, cut anywhere; gives the lines that are complete, without their ends."""
        lines = []
        for byte in data:
            if byte not in b"\r\n":
                self._count += 1
                if self._count <= LINE_BYTES:
                    self._line.append(byte)
            elif self._count:
                if self._count <= LINE_BYTES:
                    lines.append(bytes(self._line))
                else:
                    self.refused += 1
                self._line = bytearray()
                self._count = 0
        return lines
