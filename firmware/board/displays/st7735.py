"""ST7735R, 1.8 inch panels, in landscape: 160×128. The memory is 162×132; panels differ in their corner."""

from .tft import Tft

ACCESS_LANDSCAPE = 0xA0  # rows and columns exchanged, rows from behind

# Frame rates, inversion, power and voltages as the data sheet recommends for such panels.
_SPECIAL = (
    (0xB1, b"\x01\x2c\x2d"),
    (0xB2, b"\x01\x2c\x2d"),
    (0xB3, b"\x01\x2c\x2d\x01\x2c\x2d"),
    (0xB4, b"\x07"),
    (0xC0, b"\xa2\x02\x84"),
    (0xC1, b"\xc5"),
    (0xC2, b"\x0a\x00"),
    (0xC3, b"\x8a\x2a"),
    (0xC4, b"\x8a\xee"),
    (0xC5, b"\x0e"),
)


class St7735(Tft):
    """160×128. left, top: 0, 0 of panels with a black tab, 1, 2 with a green one."""

    def __init__(self, bus, access=ACCESS_LANDSCAPE, left=0, top=0):
        Tft.__init__(self, bus, 160, 128, left, top, access, False, _SPECIAL)


def driver(bus):
    """The display on this bus, started."""
    return St7735(bus)
