"""A terminal's screen as somebody beside the truck sees it: scanned and looked at, from the picture alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import zxingcpp
from PIL import Image

DISPLAY: Final = (240, 240, "rgb565")
_BAND: Final = (236, 60)  # a point of the colour band at the right edge
_COLOURS: Final = {"blue": (0, 85, 197), "yellow": (255, 222, 0), "red": (222, 24, 24)}
_MODULES: Final = 21  # of version 1 …
_MORE: Final = 4  # … and with each further one
_HALF: Final = 128
_NEAR: Final = 40  # of each of three channels


def scan(path: Path) -> str:
    """The text of the QR symbol; empty when there is none."""
    picture = _open(path)
    found = zxingcpp.read_barcodes(picture.convert("L")) if picture else []
    return found[0].text if found else ""


def gone(path: Path) -> bool:
    """Whether there is a picture, and no code in it."""
    picture = _open(path)
    return picture is not None and not zxingcpp.read_barcodes(picture.convert("L"))


def modules(path: Path) -> list[list[bool]]:
    """The rows of the QR symbol as the picture shows them, dark ones true; empty when there is none."""
    picture = _open(path)
    found = zxingcpp.read_barcodes(picture.convert("L")) if picture else []
    if not picture or not found:
        return []
    details: Any = found[0].extra
    count = _MODULES + _MORE * (int(details["Version"]) - 1)
    grey, corner = picture.convert("L"), found[0].position
    left, top = corner.top_left.x, corner.top_left.y
    step = (corner.top_right.x - left) / count
    middles = [(number + 0.5) * step for number in range(count)]
    return [[_dark(grey.getpixel((int(left + x), int(top + y)))) for x in middles] for y in middles]


def colour(path: Path) -> str:
    """blue, yellow, red, or grey for anything else; empty without a picture."""
    picture = _open(path)
    if picture is None:
        return ""
    seen = picture.convert("RGB").getpixel(_BAND)
    assert isinstance(seen, tuple)
    for name, wanted in _COLOURS.items():
        if all(abs(one - other) < _NEAR for one, other in zip(seen, wanted, strict=True)):
            return name
    return "grey"


def _dark(grey: object) -> bool:
    return isinstance(grey, int) and grey < _HALF


def _open(path: Path) -> Image.Image | None:
    """The picture as it is now; the terminal replaces it whole."""
    try:
        with Image.open(path) as picture:
            picture.load()
            return picture.copy()
    except FileNotFoundError:
        return None
