"""How dense a symbol may be on a display, so that telephones read it: the size of its modules, its level."""

from ..qr.tables import LEVEL_L, LEVEL_M, LEVEL_Q, VERSION_MAX, size_of, version_for
from .pixels import QUIET, QUIET_LEAST, side_of


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
