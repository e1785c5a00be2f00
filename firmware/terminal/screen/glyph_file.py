"""As `glyph_rows`, out of a file beside the linked program: as constants of a page the glyphs would take six
kilobytes of heap while a line is put together.

The file: count of the wide glyphs (two bytes, high first), their codes, 95 narrow glyphs, the wide ones.
"""

from .. import pages

FILE = "glyphs.bin"
NARROW_COUNT = 95


class Rows:
    """See glyph_rows. Raises OSError when the file is not there."""

    def __init__(self):
        self._file = pages.data_file(FILE)
        count = self._file.read(2)
        self.codes = self._file.read(2 * (count[0] << 8 | count[1]))

    def narrow(self, index):
        """The 16 bytes of the ASCII character this far behind the space."""
        return self._read(16 * index, 16)

    def wide(self, index):
        """The 32 bytes of the wide glyph with this place among the codes."""
        return self._read(16 * NARROW_COUNT + 32 * index, 32)

    def close(self):
        """To be called at the end."""
        self._file.close()

    def _read(self, at, count):
        self._file.seek(2 + len(self.codes) + at)
        return self._file.read(count)
