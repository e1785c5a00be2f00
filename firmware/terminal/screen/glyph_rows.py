"""Where the page `glyphs` takes its rows from. A linked program has `glyph_file` instead."""

from .glyphs import CODES, NARROW_ROWS, PART, WIDE_ROWS


class Rows:
    """The rows of all glyphs. codes: GBK codes of the wide ones, ascending, two bytes each."""

    def __init__(self):
        self.codes = CODES

    def narrow(self, index):
        """The 16 bytes of the ASCII character this far behind the space."""
        at = 16 * (index % PART)
        return NARROW_ROWS[index // PART][at : at + 16]

    def wide(self, index):
        """The 32 bytes of the wide glyph with this place among the codes."""
        at = 32 * (index % PART)
        return WIDE_ROWS[index // PART][at : at + 32]

    def close(self):
        """Nothing was opened."""
