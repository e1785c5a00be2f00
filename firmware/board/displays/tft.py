"""Colour TFTs of the ST77xx family in RGB565: what ST7789 and ST7735 have in common."""

SOFTWARE_RESET = 0x01
SLEEP_OUT = 0x11
INVERSION_OFF = 0x20
INVERSION_ON = 0x21
DISPLAY_ON = 0x29
COLUMNS = 0x2A
ROWS = 0x2B
MEMORY_WRITE = 0x2C
ACCESS_CONTROL = 0x36
PIXEL_FORMAT = 0x3A
PIXEL_RGB565 = 0x55


class Tft:
    """A panel whose visible pixels begin at (left, top) of the controller's memory."""

    format = "rgb565"

    def __init__(self, bus, width, height, left, top, access, inverted, special=()):
        """access: the ACCESS_CONTROL byte (orientation, colour order). special: more (command, data)."""
        self.width = width
        self.height = height
        self._bus = bus
        self._left = left
        self._top = top
        self._place = bytearray(4)
        self._start(access, inverted, special)

    def window(self, x, y, width, height):
        """The rectangle that the next rows fill, left to right and down."""
        self._range(COLUMNS, self._left + x, self._left + x + width - 1)
        self._range(ROWS, self._top + y, self._top + y + height - 1)
        self._bus.command(MEMORY_WRITE, b"")

    def row(self, buffer):
        """The next row of the window."""
        self._bus.write(buffer)

    def show(self, full):
        """The panel shows what it is sent as it comes."""
        return False

    def _start(self, access, inverted, special):
        bus = self._bus
        bus.reset()
        bus.command(SOFTWARE_RESET, b"")
        bus.wait_ms(150)
        bus.command(SLEEP_OUT, b"")
        bus.wait_ms(120)
        for code, data in special:
            bus.command(code, data)
        bus.command(PIXEL_FORMAT, bytes((PIXEL_RGB565,)))
        bus.command(ACCESS_CONTROL, bytes((access,)))
        bus.command(INVERSION_ON if inverted else INVERSION_OFF, b"")
        bus.command(DISPLAY_ON, b"")
        bus.wait_ms(20)

    def _range(self, code, first, last):
        place = self._place
        place[0] = first >> 8
        place[1] = first & 0xFF
        place[2] = last >> 8
        place[3] = last & 0xFF
        self._bus.command(code, place)
