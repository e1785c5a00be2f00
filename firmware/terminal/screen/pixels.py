"""How many pixels a module of the symbol has on a display."""

QUIET = 4  # modules round the symbol; ISO/IEC 18004
QUIET_LEAST = 2  # where the display is too small for that; telephones read it

# Width and height of a display, the least side of the symbol's part in its layout, wanted pixels a module.
SIDES = ((296, 128, 128, 2), (240, 240, 196, 3), (160, 128, 122, 2))


def module_px(size, width, height):
    """Pixels a module of a symbol of so many modules on a display."""
    side, wanted = side_of(width, height)
    pixels = side // (size + 2 * QUIET)
    return pixels if pixels >= wanted else max(1, side // (size + 2 * QUIET_LEAST))


def side_of(width, height):
    """(pixels of the square for the symbol, wanted pixels a module) of a display."""
    for each in SIDES:
        if each[0] <= width and each[1] <= height:
            return each[2], each[3]
    return 0, 1
