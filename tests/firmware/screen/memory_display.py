"""A display in memory with the screen's port; portable."""


class MemoryDisplay:
    """Keeps the picture row by row as it came; checks that what is drawn stays inside."""

    def __init__(self, width, height, form):
        self.width = width
        self.height = height
        self.format = form
        self.rows = [bytearray(2 * width if form == "rgb565" else width // 8) for _ in range(height)]
        self.shows = []
        self._window = (0, 0, 0, 0)
        self._y = 0

    def window(self, x, y, width, height):
        """The rectangle that the next rows fill."""
        assert x >= 0 and x + width <= self.width and y >= 0 and y + height <= self.height
        assert self.format != "mono" or x % 8 == y % 8 == width % 8 == height % 8 == 0
        assert self._y == self._window[1] + self._window[3], "the window before was not filled"
        self._window = (x, y, width, height)
        self._y = y

    def row(self, buffer):
        """The next row of the window."""
        x, y, width, height = self._window
        assert y <= self._y < y + height
        at = 2 * x if self.format == "rgb565" else x // 8
        size = 2 * width if self.format == "rgb565" else width // 8
        assert len(buffer) == size
        self.rows[self._y][at : at + size] = buffer
        self._y += 1

    def show(self, full):
        """The picture is complete."""
        self.shows.append(full)
        return False
