"""The driver's screen on the day: the code that the gateway pushes, and a picture of each state."""

from __future__ import annotations

import hmac
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from firmware.board.displays.png import PngDisplay
from firmware.terminal import pages
from firmware.terminal.terminal import Terminal
from protocols.driver_code.codec import StandIn
from protocols.driver_code.content import Colour as Issued
from protocols.driver_code.content import Content, Holder
from protocols.driver_code.masked_name import glyphs_of, masked
from protocols.driver_code.push import PASSTHROUGH_TYPE, Colour, DriverCode, code_push, colour_push
from protocols.guomi import choose

from .schedule import MIDNIGHT, clock_s, clock_text

PRESENCE_KEY: Final = bytes(range(50, 82))
PRESENCE_NUMBER: Final = 9
UNTIL_S: Final = clock_s("23:00")
_DRIVER: Final = "王小明"
_ISSUER: Final = bytes(31) + b"\x07"  # a private key of nobody
_SIDE_PX: Final = 240
_SLICES_MAX: Final = 20_000


def moment(second: int) -> datetime:
    """The time of a second of the day."""
    return MIDNIGHT + timedelta(seconds=second)


def code_text(plate: str) -> str:
    """The signed code of the day's driver."""
    start_s = int(MIDNIGHT.timestamp())
    content = Content(
        Holder.DRIVER, bytes(16), masked(_DRIVER), plate, 2, ("A2",), Issued.BLUE, start_s, start_s + UNTIL_S,
        b"DAY1",
    )  # fmt: skip
    return StandIn(choose()).sign(content, _ISSUER)


def code_order(second: int, text: str, plate: str) -> bytes:
    """The body of the 0x8900 that shows the code, blue."""
    code = DriverCode(
        text, Colour.BLUE, moment(UNTIL_S), moment(UNTIL_S).date(), plate, glyphs_of(masked(_DRIVER)),
        PRESENCE_NUMBER,
    )  # fmt: skip
    return bytes([PASSTHROUGH_TYPE]) + code_push(moment(second), 1, code)


def colour_order(second: int, colour: Colour) -> bytes:
    """The body of the 0x8900 that gives the code another colour."""
    return bytes([PASSTHROUGH_TYPE]) + colour_push(moment(second), 1, colour)


class DayScreen:
    """`fit` at each boot of the terminal; `shoot` draws what is shown now. pictures: paths, in order."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.pictures: list[Path] = []
        self._live = folder / "now.png"
        self._display: PngDisplay | None = None

    def fit(self, terminal: Terminal) -> None:
        """The display is dark until somebody draws on it."""
        if self._display is not None:
            self._display.close()
        self._display = PngDisplay(str(self._live), _SIDE_PX, _SIDE_PX)
        self._screen = pages.keep("display").attach(
            terminal, self._display, lambda key, message: hmac.digest(key, message, "sha256"), PRESENCE_KEY,
            PRESENCE_NUMBER,
        )  # fmt: skip

    def shoot(self, terminal: Terminal, name: str, now_ms: int) -> None:
        """Lets the screen draw until it has nothing more to do, and keeps its picture."""
        terminal.view.link = terminal.online
        terminal.view.fix = terminal.nmea.fix.valid
        for _ in range(_SLICES_MAX):
            if not self._screen.work(now_ms):
                break
        path = self.folder / f"{clock_text(now_ms // 1000).replace(':', '')}-{name}.png"
        shutil.copyfile(self._live, path)
        self.pictures.append(path)
