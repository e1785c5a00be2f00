"""Page: draws the parts of the picture that changed, a row of pixels a slice, into one row's buffer.

Where things are is said by the page `fields`, their glyphs are of the page `glyphs`: both are gone by now.
"""

from ..screen.canvas import BLACK, GREY, WHITE, YELLOW, row_for
from ..screen.font import GLYPH_ROWS, length_px
from ..screen.pixels import module_px
from ..screen.screen import PART_SYMBOL

CLEAR_PX = 2  # round what is written on a pattern


class Picture:
    """Paints the parts of a plan (see `fields`, with lines as `glyphs` makes them). `work()` until False."""

    def __init__(self, screen, planned):
        self._screen = screen
        self._planned = planned
        self._y = -1  # the row that is next; -1: the part has not begun
        self._row = None
        self._lines = ()
        self._ground = WHITE
        self._module = -1

    def work(self):
        """Draws a row. True while there is more."""
        if not self._planned:
            return False
        part, x, y, width, height, self._ground, title_end, self._lines = self._planned[0]
        if self._y < 0:
            self._row = row_for(self._screen.display.format, width)
            self._module = -1
            self._y = y
            self._screen.display.window(x, y, width, height)
            return True
        if part == PART_SYMBOL and self._screen.size and not title_end:
            self._draw_modules(y, width, height)
        else:
            self._row.fill(0, width, BLACK if self._y < title_end else self._ground, self._y)
            for line in self._lines:
                if line[1] <= self._y < line[1] + GLYPH_ROWS * line[2]:
                    self._draw_line(line, x)
        self._screen.display.row(self._row.buffer)
        self._y += 1
        if self._y == y + height:
            self._y = -1
            self._planned.pop(0)
        return len(self._planned) > 0

    def _draw_line(self, line, left):
        x, y, scale, ink, rows, widths, pen = line
        x -= left
        row = self._row
        if row.patterned and (self._ground == YELLOW or self._ground == GREY):
            stop = x + scale * length_px(widths, pen) + CLEAR_PX
            row.fill(max(0, x - CLEAR_PX), min(8 * len(row.buffer), stop), WHITE, 0)
        at = 0
        for width in widths:
            _draw_glyph(row, rows, at, width, self._y - y, scale, x, ink)
            at += GLYPH_ROWS * width
            x += scale * width * pen

    def _draw_modules(self, y, width, height):
        """A row of the symbol; the rows of one row of modules are equal, so it is drawn once for them."""
        screen = self._screen
        size = screen.size
        pixels = module_px(size, screen.display.width, screen.display.height)
        module = (self._y - y - (height - size * pixels) // 2) // pixels
        if module == self._module:
            return
        self._module = module
        row = self._row
        row.fill(0, width, WHITE, 0)
        if not 0 <= module < size:
            return
        at = module * ((size + 7) // 8)
        x = (width - size * pixels) // 2
        for column in range(size):
            if screen.symbol[at + (column >> 3)] << (column & 7) & 0x80:
                row.fill(x, x + pixels, BLACK, 0)
            x += pixels


def _draw_glyph(row, rows, at, width, down, scale, x, ink):
    """One row of a glyph; of double size its edges are smoothed (the rule of EPX)."""
    line = down // scale
    left = right = here = _bits(rows, at, line, width)
    if scale == 2:
        beside = _bits(rows, at, line + 1 if down & 1 else line - 1, width)
        behind = _bits(rows, at, line - 1 if down & 1 else line + 1, width)
        before = here >> 1
        after = here << 1 & (1 << 8 * width) - 1
        turn = ~(before ^ beside) & (before ^ behind) & (beside ^ after)
        left = beside & turn | here & ~turn
        turn = ~(beside ^ after) & (beside ^ before) & (after ^ behind)
        right = after & turn | here & ~turn
    bit = 1 << 8 * width - 1
    while bit:
        if left & bit:
            row.dot(x, ink)
        if scale == 2 and right & bit:
            row.dot(x + 1, ink)
        x += scale
        bit >>= 1


def _bits(rows, at, line, width):
    """A glyph's row as a number, 0 above and below it."""
    if not 0 <= line < GLYPH_ROWS:
        return 0
    at += line * width
    return rows[at] if width == 1 else rows[at] << 8 | rows[at + 1]
