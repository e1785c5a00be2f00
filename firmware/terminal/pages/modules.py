"""Page: second half of a symbol, from codewords to modules."""

from ..qr.drawer import Drawer


def draw(buffer, at, version, level):
    """A Drawer behind the `at` bytes of codewords: `work()` until False, then `pack()` and `size`."""
    return Drawer(buffer, at, version, level)
