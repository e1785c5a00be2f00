"""ST7789, 240×240 IPS panels: the memory is 240×320, the visible part its first 240 rows."""

from .tft import Tft

ACCESS_RGB = 0x00


class St7789(Tft):
    """240×240. access: another orientation byte for a panel that is mounted turned; left, top go with it."""

    def __init__(self, bus, access=ACCESS_RGB, left=0, top=0):
        Tft.__init__(self, bus, 240, 240, left, top, access, True)


def driver(bus):
    """The display on this bus, started."""
    return St7789(bus)
