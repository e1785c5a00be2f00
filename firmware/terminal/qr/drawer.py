"""From codewords to modules: patterns, data, the mask that costs least; a row of modules a slice."""

from .matrix import (
    dark_cost,
    draw_fixed,
    draw_format,
    line_cost,
    mask_row,
    place_data,
    square_cost,
    toggle,
)

MASKS = 8

# Steps of the work, in order.
_PATTERNS = 0
_PLACE = 1
_MASK = 2
_COST = 3
_FORMAT = 4


class Drawer:
    """Draws into buffer[at:], behind the `at` bytes of codewords; `work()` until False; allocates nothing.

    size: modules on a side. mask: final when the work is done. The choice of the mask is that of ISO/IEC
    18004, with format and version information still light, as the reference encoder of the tests has it.
    """

    __slots__ = (
        "_at",
        "_best",
        "_buffer",
        "_chosen",
        "_cost",
        "_dark",
        "_done",
        "_least",
        "_level",
        "_next",
        "_shown",
        "_step",
        "_version",
        "mask",
        "size",
    )

    def __init__(self, buffer, at, version, level, mask=-1):
        """mask: 0…7, -1 for the one that costs least."""
        self._buffer = buffer
        self._at = at
        self._version = version
        self._level = level
        self._chosen = mask >= 0
        self.size = 4 * version + 17
        self.mask = mask
        self._step = _PATTERNS
        # All attributes now: one that came later would be an allocation.
        self._done = self._next = self._cost = self._dark = 0
        self._best = self._least = self._shown = -1

    def work(self):
        """Does a slice. True while there is more."""
        step = self._step
        if step == _PATTERNS:
            draw_fixed(self._buffer, self._at, self._version)
            self._begin(_PLACE, self.size - 1)
        elif step == _PLACE:
            self._place()
        elif step == _MASK:
            self._toggle_row()
        elif step == _COST:
            self._cost_row()
        else:
            draw_format(self._buffer, self._at, self._version, self._level, self.mask)
            return False
        return True

    def is_dark(self, row, column):
        """A module of the finished symbol."""
        return self._buffer[self._at + row * self.size + column] & 1

    def pack(self):
        """The finished symbol as bytes: one bit a module, the highest first, each row from a new byte."""
        step = (self.size + 7) // 8
        out = bytearray(self.size * step)
        for row in range(self.size):
            for column in range(self.size):
                if self.is_dark(row, column):
                    out[row * step + (column >> 3)] |= 0x80 >> (column & 7)
        return bytes(out)

    def _begin(self, step, at):
        self._step = step
        self._done = at

    def _place(self):
        self._next = place_data(self._buffer, self._at, self.size, self._done, self._next)
        self._done -= 2
        if self._done == 6:  # the timing column
            self._done = 5
        if self._done < 0:
            self._wish(max(0, self.mask))

    def _wish(self, mask):
        """Begins to lay this mask in place of the one that lies there."""
        self.mask = mask
        self._cost = self._dark = 0
        self._begin(_MASK, 0)

    def _toggle_row(self):
        row = self._done
        bits = mask_row(self.mask, row)
        if self._shown >= 0:
            bits ^= mask_row(self._shown, row)
        toggle(self._buffer, self._at, self.size, row, bits)
        self._done += 1
        if self._done == self.size:
            self._shown = self.mask
            self._begin(_FORMAT if self._chosen else _COST, 0)

    def _cost_row(self):
        """A row, the column of the same number, and the squares below the row."""
        buffer = self._buffer
        size = self.size
        row = self._done
        start = self._at + row * size
        self._cost += line_cost(buffer, start, start + size, 1)
        self._cost += line_cost(buffer, self._at + row, self._at + size * size, size)
        if row < size - 1:
            self._cost += square_cost(buffer, start, size)
        for index in range(start, start + size):
            self._dark += buffer[index] & 1
        self._done += 1
        if self._done == size:
            self._judge()

    def _judge(self):
        """A mask was measured: the next one, or back to the best (the first of equals)."""
        cost = self._cost + dark_cost(self._dark, self.size * self.size)
        if self._least < 0 or cost < self._least:
            self._least = cost
            self._best = self.mask
        if self.mask < MASKS - 1:
            self._wish(self.mask + 1)
        elif self._best == self.mask:
            self._begin(_FORMAT, 0)
        else:
            self._chosen = True
            self._wish(self._best)
