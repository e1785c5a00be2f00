"""One row of pixels in the display's own form: RGB565, high byte first, or one bit, 1 is ink."""

WHITE = 0
BLACK = 1
BLUE = 2
YELLOW = 3
RED = 4
GREY = 5

_RGB565 = b"\xff\xff\x00\x00\x02\xb8\xfe\xe0\xd8\xc3\x7b\xef"
# Grounds without colour: two rows each. What is written on a pattern gets a clear place of its own.
_MONO = b"\x00\x00\xff\xff\x00\x00\xaa\x55\xff\xff\x88\x22"


class ColourRow:
    """RGB565. Every colour is a ground and an ink."""

    def __init__(self, width):
        self.buffer = bytearray(2 * width)
        self.patterned = False

    def fill(self, start, stop, colour, y):
        """Pixels start…stop - 1 in one colour."""
        high = _RGB565[2 * colour]
        low = _RGB565[2 * colour + 1]
        buffer = self.buffer
        for at in range(2 * start, 2 * stop):
            buffer[at] = low if at & 1 else high

    def dot(self, x, colour):
        """One pixel; outside the row nothing happens."""
        at = 2 * x
        if 0 <= at < len(self.buffer):
            self.buffer[at] = _RGB565[2 * colour]
            self.buffer[at + 1] = _RGB565[2 * colour + 1]


class InkRow:
    """One bit a pixel. Colours are patterns as grounds; as inks all but white are black."""

    def __init__(self, width):
        self.buffer = bytearray((width + 7) // 8)
        self.patterned = True

    def fill(self, start, stop, colour, y):
        """Pixels start…stop - 1 with the pattern of a colour."""
        pattern = _MONO[2 * colour + (y & 1)]
        for x in range(start, stop):
            if pattern << (x & 7) & 0x80:
                self.buffer[x >> 3] |= 0x80 >> (x & 7)
            else:
                self.buffer[x >> 3] &= ~(0x80 >> (x & 7)) & 0xFF

    def dot(self, x, colour):
        """One pixel; outside the row nothing happens."""
        if 0 <= x >> 3 < len(self.buffer):
            if colour == WHITE:
                self.buffer[x >> 3] &= ~(0x80 >> (x & 7)) & 0xFF
            else:
                self.buffer[x >> 3] |= 0x80 >> (x & 7)


def row_for(form, width):
    """The row of a display of this format ("rgb565", "mono")."""
    return ColourRow(width) if form == "rgb565" else InkRow(width)
