"""How dense a symbol may be on a display, so that telephones read it: the size of its modules, its level."""

from ..qr.tables import LEVEL_L, LEVEL_M, LEVEL_Q, VERSION_MAX, size_of, version_for

QUIET = 4  # modules round the symbol; ISO/IEC 18004
QUIET_LEAST = 2  # where the display is too small for that; telephones read it

# Width and height of a display, the least side of the symbol's part in its layout, wanted pixels a module.
SIDES = ((296, 128, 128, 2), (240, 240, 196, 3), (160, 128, 122, 2))


def density(text, alphanumeric, width, height):
    """(level, version) for a text on a display of so many pixels; version 0: it fits none.

    The strongest level that leaves modules as large as wanted; the margin gets smaller before they do.
    """
    side, wanted = side_of(width, height)
    for quiet in (QUIET, QUIET_LEAST):
        for level in (LEVEL_Q, LEVEL_M, LEVEL_L):
            version = version_for(text, level, 1, VERSION_MAX, alphanumeric)
            if version and (size_of(version) + 2 * quiet) * wanted <= side:
                return level, version
    return LEVEL_L, version_for(text, LEVEL_L, 1, VERSION_MAX, alphanumeric)


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
