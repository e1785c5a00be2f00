"""Where the names on the map stand: beside their towns, and not on top of each other. Knows no truck."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

_LATIN_PX: Final = 7.6  # mean width of a letter at the town's font size …
_HAN_PX: Final = 14.2  # … and of a Chinese character
_LINE_PX: Final = 16.0
_OFF_PX: Final = 9.0  # from the town's dot
_FAR_PX: Final = 9.0  # above or below it, where nearer is no room


class Box(NamedTuple):
    """A rectangle in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: Box) -> float:
        """The common area; 0 when there is none."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.bottom, other.bottom) - max(self.top, other.top)
        return wide * high if wide > 0 and high > 0 else 0.0


class Label(NamedTuple):
    """A text to be drawn from `x` (left end) on the baseline `y`."""

    text: str
    x: float
    y: float


def place(towns: Sequence[tuple[str, float, float]], taken: Iterable[Box], width: float) -> list[Label]:
    """One label for each (text, x, y) of a dot: on the side where it hides least of what is already there.

    taken: rectangles to keep clear of. width: of the map; no label goes beyond it.
    """
    occupied = [*taken, *(Box(x - 5, y - 5, x + 5, y + 5) for _, x, y in towns)]
    labels = []
    for text, x, y in towns:
        box = clearest(_sides(text, x, y), occupied, width)
        occupied.append(box)
        labels.append(Label(text, box.left, box.bottom - 4))
    return labels


def clearest(choice: Iterable[Box], occupied: Sequence[Box], width: float) -> Box:
    """The one that hides least of what is there; the first of equals."""
    return min(choice, key=lambda box: _cost(box, occupied, width))


def _sides(text: str, x: float, y: float) -> list[Box]:
    """Right below, right above, left below, left above, below, above, right, left, and the corners once more
    a little farther off: the order of preference."""
    wide = sum(_HAN_PX if ord(character) > 0x2E80 else _LATIN_PX for character in text)
    middle, off, line, far = x - wide / 2, _OFF_PX, _LINE_PX, _FAR_PX
    corners = (
        (x + off, y + 2),
        (x + off, y - line),
        (x - off - wide, y + 2),
        (x - off - wide, y - line),
        (middle, y + off),
        (middle, y - off - line),
        (x + off, y - line / 2),
        (x - off - wide, y - line / 2),
        (x + off, y + far),
        (x + off, y - line - far),
        (x - off - wide, y + far),
        (x - off - wide, y - line - far),
    )
    return [Box(left, top, left + wide, top + line) for left, top in corners]


def _cost(box: Box, occupied: Sequence[Box], width: float) -> float:
    beyond = max(0.0, -box.left) + max(0.0, box.right - width)
    return 1000 * beyond + sum(box.overlap(other) for other in occupied)
