"""SSD1680, 2.9 inch e-paper, used in landscape: 296×128, one bit a pixel, full and partial refresh.

The controller's memory stands upright: 16 bytes across, 296 rows. Eight rows of the landscape picture are one
byte across, so they are gathered, turned and written as one column of bytes. There are two memories, the
picture and the one before it; a partial refresh drives only pixels in which they differ. So each part is
drawn twice: before the refresh into the first, and, when `show` asked for it, after it into the second.
"""

DRIVER_OUTPUT = 0x01
DEEP_SLEEP = 0x10
ENTRY_MODE = 0x11
SOFTWARE_RESET = 0x12
SENSOR = 0x18
ACTIVATE = 0x20
UPDATE_CONTROL = 0x22
PICTURE = 0x24
BEFORE = 0x26
BORDER = 0x3C
X_RANGE = 0x44
Y_RANGE = 0x45
X_COUNTER = 0x4E
Y_COUNTER = 0x4F

INNER_SENSOR = 0x80
ENTRY_DOWN_FIRST = 0x07  # both counters rise, the long side first
BORDER_FULL = 0x05
BORDER_PARTIAL = 0x80
UPDATE_FULL = 0xF7
UPDATE_PARTIAL = 0xFF
LONG = 296
SHORT = 128
FULL_EVERY = 60  # partial refreshes; then a full one clears what they left behind


class Ssd1680:
    """296×128, connector to the left. Windows are aligned to 8 pixels on every side."""

    format = "mono"
    width = LONG
    height = SHORT

    def __init__(self, bus):
        self._bus = bus
        self._memory = PICTURE
        self._partial = FULL_EVERY  # the first refresh is a full one
        self._band = bytearray(LONG)  # eight rows of the picture
        self._turned = bytearray(LONG)
        self._rows = 0
        self._window = (0, 0, 0, 0)
        bus.reset()
        bus.command(SOFTWARE_RESET, b"")
        bus.wait_ready()
        bus.command(DRIVER_OUTPUT, bytes((LONG - 1 & 0xFF, LONG - 1 >> 8, 0)))
        bus.command(ENTRY_MODE, bytes((ENTRY_DOWN_FIRST,)))
        bus.command(SENSOR, bytes((INNER_SENSOR,)))

    def window(self, x, y, width, height):
        """The rectangle that the next rows fill."""
        self._window = (x, y, width, height)
        self._rows = 0

    def row(self, buffer):
        """The next row of the window; every eighth writes what was gathered."""
        x, y, width, _ = self._window
        at = self._rows % 8 * (width // 8)
        self._band[at : at + width // 8] = buffer
        self._rows += 1
        if not self._rows % 8:
            self._write(x, y + self._rows - 8, width)

    def show(self, full):
        """Refreshes the paper, after the first drawing; True then asks for the second."""
        if self._memory == BEFORE:
            self._memory = PICTURE
            return False
        whole = full or self._partial >= FULL_EVERY
        self._partial = 0 if whole else self._partial + 1
        bus = self._bus
        bus.command(BORDER, bytes((BORDER_FULL if whole else BORDER_PARTIAL,)))
        bus.command(UPDATE_CONTROL, bytes((UPDATE_FULL if whole else UPDATE_PARTIAL,)))
        bus.command(ACTIVATE, b"")
        bus.wait_ready()
        self._memory = BEFORE
        return True

    def sleep(self):
        """Lowest current; the picture stays, and only a reset wakes the controller."""
        self._bus.command(DEEP_SLEEP, b"\x01")

    def _write(self, x, y, width):
        """Eight gathered rows at y as one byte across and `width` bytes down."""
        across = SHORT // 8 - 1 - y // 8  # the picture's top is the right edge of the upright memory
        bus = self._bus
        bus.command(X_RANGE, bytes((across, across)))
        last = x + width - 1
        bus.command(Y_RANGE, bytes((x & 0xFF, x >> 8, last & 0xFF, last >> 8)))
        bus.command(X_COUNTER, bytes((across,)))
        bus.command(Y_COUNTER, bytes((x & 0xFF, x >> 8)))
        self._turn(width)
        bus.command(self._memory, b"")
        bus.write(memoryview(self._turned)[:width])

    def _turn(self, width):
        """Columns of eight pixels to bytes, the lowest row highest; on the paper 1 is white."""
        step = width // 8
        for column in range(width):
            bit = 0x80 >> (column & 7)
            value = 0
            for row in range(8):
                if not self._band[row * step + (column >> 3)] & bit:
                    value |= 1 << row
            self._turned[column] = value


def driver(bus):
    """The display on this bus, started. Raises OSError when it stays busy."""
    return Ssd1680(bus)
