"""The drivers against played controllers: the picture is put together again from the commands alone."""

import numpy as np
import pytest
from PIL import Image

from firmware.board.displays.png import PngDisplay
from firmware.board.displays.spi_bus import SpiBus
from firmware.board.displays.ssd1680 import FULL_EVERY, Ssd1680
from firmware.board.displays.st7735 import St7735
from firmware.board.displays.st7789 import St7789
from firmware.terminal.clock import DeviceClock
from firmware.terminal.screen.screen import Screen

from ...portable.interpreters import ROOT, run_micropython
from .memory_display import MemoryDisplay
from .pictures import DAY, KEY, KEY_NUMBER, SECOND, SIZES, driver_view, hashed, image


class Bus:
    """Records what is said; the controllers look at it."""

    def __init__(self) -> None:
        self.said: list[tuple[int, bytes]] = []
        self.resets = 0
        self.waits: list[int] = []

    def command(self, code: int, data: bytes) -> None:
        assert 0 <= code <= 255
        self.said.append((code, bytes(data)))

    def write(self, buffer: bytes) -> None:
        code, data = self.said[-1]
        self.said[-1] = (code, data + bytes(buffer))

    def reset(self) -> None:
        self.resets += 1

    def wait_ms(self, count: int) -> None:
        self.waits.append(count)

    def wait_ready(self) -> None:
        self.waits.append(-1)


class TftController:
    """An ST77xx: a memory, a window, pixels that run through it; nothing before it is awake and on."""

    def __init__(self, columns: int, rows: int) -> None:
        self.memory = np.zeros((rows, columns), np.uint16)
        self.columns, self.rows = (0, 0), (0, 0)
        self.awake = self.on = False
        self.pixel_format = 0

    def take(self, code: int, data: bytes) -> None:
        if code == 0x11:
            self.awake = True
        elif code == 0x29:
            self.on = self.awake
        elif code == 0x3A:
            self.pixel_format = data[0]
        elif code in (0x2A, 0x2B):
            place = int.from_bytes(data[:2], "big"), int.from_bytes(data[2:], "big")
            assert place[0] <= place[1]
            if code == 0x2A:
                self.columns = place
            else:
                self.rows = place
        elif code == 0x2C:
            assert self.on and self.pixel_format == 0x55
            (left, right), (top, bottom) = self.columns, self.rows
            pixels = np.frombuffer(data, ">u2").reshape(bottom - top + 1, right - left + 1)
            self.memory[top : bottom + 1, left : right + 1] = pixels


SETTINGS = ((0x11, b"\x07"), (0x01, b"\x27\x01\x00"))  # the long side first; 296 rows


class PaperController:
    """An SSD1680: two memories upright, counters, and a paper that a refresh changes."""

    def __init__(self) -> None:
        self.memories = {0x24: np.zeros((296, 16), np.uint8), 0x26: np.zeros((296, 16), np.uint8)}
        self.paper = np.zeros((296, 128), np.uint8)
        self.x = self.y = (0, 0)
        self.at = [0, 0]
        self.update = 0
        self.refreshes: list[str] = []

    def take(self, code: int, data: bytes) -> None:
        assert (code, data) in SETTINGS or code not in dict(SETTINGS)
        if code == 0x44:
            self.x = (data[0], data[1])
        elif code == 0x45:
            self.y = (data[0] | data[1] << 8, data[2] | data[3] << 8)
        elif code == 0x4E:
            self.at[0] = data[0]
        elif code == 0x4F:
            self.at[1] = data[0] | data[1] << 8
        elif code in self.memories:
            self._write(code, data)
        elif code == 0x22:
            self.update = data[0]
        elif code == 0x20:
            self._refresh()

    def _write(self, code: int, data: bytes) -> None:
        for byte in data:  # the long side first
            self.memories[code][self.at[1], self.at[0]] = byte
            self.at[1] += 1
            if self.at[1] > self.y[1]:
                self.at = [self.at[0] + 1, self.y[0]]

    def _refresh(self) -> None:
        new, old = (np.unpackbits(self.memories[code], axis=1) for code in (0x24, 0x26))
        if self.update == 0xF7:
            self.paper = new.copy()
        else:
            assert self.update == 0xFF
            changed = new != old
            self.paper[changed] = new[changed]  # a pixel that is the same in both is not driven
        self.refreshes.append("full" if self.update == 0xF7 else "partial")


def settle(screen: Screen, now_ms: int) -> None:
    while screen.work(now_ms):
        pass


def screens(display) -> tuple[Screen, Screen]:
    """The same view on the display and in memory."""
    pair = []
    form = (display.width, display.height, display.format)
    for each in (display, MemoryDisplay(*form)):
        clock = DeviceClock()
        clock.set(DAY, SECOND, 0, 0)
        pair.append(Screen(each, driver_view(), clock, None, hashed, KEY, KEY_NUMBER))
        settle(pair[-1], 0)
    return pair[0], pair[1]


@pytest.mark.parametrize(("make", "left", "top"), [(St7789, 0, 0), (St7735, 0, 0), (St7735, 1, 2)])
def test_tft_pictures(make, left, top):
    bus = Bus()
    screen, memory = screens(make(bus, left=left, top=top))
    controller = TftController(320, 320)
    for code, data in bus.said:
        controller.take(code, data)
    wanted = np.frombuffer(b"".join(bytes(row) for row in memory.display.rows), ">u2")
    height, width = screen.display.height, screen.display.width
    assert (controller.memory[top : top + height, left : left + width] == wanted.reshape(height, width)).all()
    assert bus.resets == 1 and sum(bus.waits) >= 240
    outside = controller.memory.copy()
    outside[top : top + height, left : left + width] = 0
    assert not outside.any()


def test_paper_shows_each_change_though_only_parts_are_written():
    bus = Bus()
    screen, memory = screens(Ssd1680(bus))
    controller = PaperController()

    def look() -> None:
        for code, data in bus.said:
            controller.take(code, data)
        bus.said.clear()
        landscape = controller.paper.T[::-1]  # the top of the picture is the right side of the memory
        assert (landscape * 255 == np.array(image(memory.display))).all()

    look()
    assert controller.refreshes == ["full"]
    for seconds in (61, 122, 200):
        for each in (screen, memory):
            each.view.link = seconds == 122
            settle(each, seconds * 1000)
        look()
    assert controller.refreshes == ["full", "partial", "partial", "partial"]
    for number in range(FULL_EVERY):
        for each in (screen, memory):
            each.view.fix = bool(number % 2)
            settle(each, 300_000 + 1000 * number)
    look()
    assert controller.refreshes.count("full") == 2


def test_paper_can_sleep():
    bus = Bus()
    Ssd1680(bus).sleep()
    assert bus.said[-1] == (0x10, b"\x01")


class Pin:
    def __init__(self, log, name, values=()):
        self.log, self.name, self.values = log, name, list(values)

    def __call__(self, *value):
        if value:
            self.log.append((self.name, value[0]))
            return None
        return self.values.pop(0)

    def write(self, data):
        self.log.append((self.name, bytes(data)))


def test_the_bus_selects_and_tells_commands_from_data(monkeypatch):
    import time

    monkeypatch.setattr(time, "sleep_ms", lambda count: log.append(("wait", count)), raising=False)
    log: list = []
    bus = SpiBus(
        Pin(log, "spi"), Pin(log, "cs"), Pin(log, "dc"), Pin(log, "rst"), Pin(log, "busy", [1, 1, 0])
    )
    bus.command(0x2A, b"\x01\x02")
    assert log == [
        ("dc", 0),
        ("cs", 0),
        ("spi", b"\x2a"),
        ("cs", 1),
        ("dc", 1),
        ("cs", 0),
        ("spi", b"\x01\x02"),
        ("cs", 1),
    ]
    log.clear()
    bus.wait_ready()
    assert log == [("wait", 10), ("wait", 10)]
    bus = SpiBus(Pin(log, "spi"), Pin(log, "cs"), Pin(log, "dc"), None, Pin(log, "busy", [1] * 1000))
    with pytest.raises(OSError):
        bus.wait_ready()


@pytest.mark.parametrize("size", SIZES)
def test_the_desk_writes_png_files(tmp_path, size):
    path = tmp_path / "screen.png"
    screen, memory = screens(PngDisplay(str(path), *SIZES[size]))
    screen.display.close()
    with Image.open(path) as picture:
        got = np.array(picture.convert("RGB"))
    assert (got == np.array(image(memory.display).convert("RGB"))).all()


DESK = """
import sys
from firmware.board.displays.png import PngDisplay
display = PngDisplay(sys.argv[1], 16, 8, "rgb565")
display.window(0, 0, 16, 8)
for y in range(8):
    display.row(bytes([0xF8, 0x00] * 8 + [0x00, 0x1F] * 8))
display.show(True)
"""


def test_the_desk_writes_png_files_under_micropython(tmp_path):
    script, path = tmp_path / "desk.py", tmp_path / "out.png"
    script.write_text(DESK)
    result = run_micropython("-X", "heapsize=64k", script, str(path), path=ROOT)
    assert result.returncode == 0, result.stderr
    with Image.open(path) as picture:
        assert picture.size == (16, 8)
        assert picture.getpixel((0, 0)) == (255, 0, 0) and picture.getpixel((15, 7)) == (0, 0, 255)
