"""Pictures of the screen: views of every state, on every size of display.

`python -m tests.firmware.screen.pictures` writes the sheets of docs/pictures.
"""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from firmware.terminal.calendar import day_number
from firmware.terminal.clock import DeviceClock
from firmware.terminal.screen.screen import Screen
from firmware.terminal.screen.view import COLOUR_BLUE, COLOUR_RED, COLOUR_YELLOW, View

from .memory_display import MemoryDisplay

SIZES = {"240x240": (240, 240, "rgb565"), "160x128": (160, 128, "rgb565"), "296x128": (296, 128, "mono")}
KEY = bytes(range(32))
KEY_NUMBER = 7
DAY = day_number(2027, 3, 2)
SECOND = 3 * 3600 + 25 * 60  # UTC: 11:25 in Beijing
# As long as a signed code of this size is: prefix, version, some CBOR, 64 bytes of signature, in base45.
CODE = (
    b"DYC1:"
    + b"6BF+70790T9WJWG.FKY*4GO0.O1CV2 O5 N2FBBRW1*70HS8WY04AC*WIFN0AHCD8KD97TK0F90KECTHGW"[:85]
    + b"JC0FD" * 22
)


def hashed(key: bytes, message: bytes) -> bytes:
    """The board's keyed hash, here of CPython."""
    return hmac.new(key, message, hashlib.sha256).digest()


def driver_view(**changes: Any) -> View:
    """A truck with a valid blue code, refreshed three minutes ago, link and fix there."""
    from protocols.driver_code.masked_name import glyphs_of, masked

    view = View("云A12345".encode("gbk"))
    view.code = CODE
    view.colour = COLOUR_BLUE
    view.until_day, view.until_second = day_number(2028, 1, 1), 0
    view.licence_end = bytes.fromhex("280630")
    view.name = glyphs_of(masked("王小明"))
    view.refreshed_day, view.refreshed_second = DAY, SECOND - 180
    view.key = KEY_NUMBER
    view.link = view.fix = True
    for name, value in changes.items():
        setattr(view, name, value)
    return view


STATES: dict[str, dict[str, Any]] = {
    "blue": {},
    "yellow": {"colour": COLOUR_YELLOW, "refreshed_second": SECOND - 10},
    "red": {"colour": COLOUR_RED, "refreshed_second": SECOND - 3 * 3600, "link": False},
    "expired": {"until_day": DAY, "until_second": SECOND, "link": False},
    "stale": {"refreshed_day": DAY - 3, "link": False, "fix": False},
    "none": {"code": b"", "colour": 0, "name": b"", "licence_end": b"", "fix": False},
}


def show(size: str, view: View, known: bool = True, second: int = SECOND, key: bytes = KEY) -> Screen:
    """A screen that has nothing left to do at that time."""
    clock = DeviceClock()
    if known:
        clock.set(DAY, second, 0, 0)
    screen = Screen(MemoryDisplay(*SIZES[size]), view, clock, None, hashed, key, KEY_NUMBER)
    while screen.work(0):
        pass
    return screen


def image(display: MemoryDisplay) -> Image.Image:
    """The display's picture."""
    if display.format == "mono":
        ink = np.unpackbits(np.array([list(row) for row in display.rows], np.uint8), axis=1)
        return Image.fromarray(((1 - ink) * 255).astype(np.uint8))
    raw = np.frombuffer(b"".join(bytes(row) for row in display.rows), ">u2").reshape(display.height, -1)
    planes = [(raw >> 11) * 255 // 31, (raw >> 5 & 63) * 255 // 63, (raw & 31) * 255 // 31]
    return Image.fromarray(np.stack(planes, -1).astype(np.uint8))


PANELS: dict[str, tuple[bytes, bytes]] = {
    "text": ("紧急".encode("gbk"), "G56 K120 事故，请到服务区等候通知。".encode("gbk")),
    "question": ("提问".encode("gbk"), "是否装货？\n1 是\n2 否".encode("gbk")),
    "menu": ("菜单".encode("gbk"), "1 事件\n2 点播\n3 电话".encode("gbk")),
}
FOLDER = Path(__file__).resolve().parents[3] / "docs" / "pictures"
GAP = 8
BEHIND = (112, 128, 112)


def sheet(size: str) -> Image.Image:
    """All states and some panels of a display, three in a row."""
    views = [driver_view(**changes) for changes in STATES.values()]
    views += [driver_view(panel=(*panel, 0)) for panel in PANELS.values()]
    tiles = [image(show(size, view).display).convert("RGB") for view in views]
    width, height = tiles[0].width + GAP, tiles[0].height + GAP
    page = Image.new("RGB", (3 * width + GAP, (len(tiles) + 2) // 3 * height + GAP), BEHIND)
    for number, tile in enumerate(tiles):
        page.paste(tile, (GAP + number % 3 * width, GAP + number // 3 * height))
    return page


def main() -> None:
    """Writes the sheets, with as few colours as they have."""
    FOLDER.mkdir(exist_ok=True)
    for size in SIZES:
        sheet(size).quantize(16).save(FOLDER / f"screen-{size}.png", optimize=True)


if __name__ == "__main__":
    main()
