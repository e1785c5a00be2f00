"""Page: first half of a symbol, from text to codewords; the page `modules` goes on in the same buffer."""

from ..qr.codewords import Coder


def code(buffer, text, alphanumeric, version, level):
    """A Coder: `work()` until False."""
    return Coder(buffer, text, version, level, alphanumeric)
