"""A terminal's screen as somebody beside the truck sees it: scanned and looked at, from the picture alone."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import zxingcpp
from PIL import Image

DISPLAY: Final = (240, 240, "rgb565")
_BAND: Final = (236, 60)  # a point of the colour band at the right edge
_COLOURS: Final = {"blue": (0, 85, 197), "yellow": (255, 222, 0), "red": (222, 24, 24)}
_NEAR: Final = 40  # of each of three channels


def scan(path: Path) -> str:
    """The text of the QR symbol; empty when there is none."""
    picture = _open(path)
    found = zxingcpp.read_barcodes(picture.convert("L")) if picture else []
    return found[0].text if found else ""


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


def _open(path: Path) -> Image.Image | None:
    """The picture as it is now; the terminal replaces it whole."""
    try:
        with Image.open(path) as picture:
            picture.load()
            return picture.copy()
    except FileNotFoundError:
        return None
