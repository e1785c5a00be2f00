"""What the screen costs a device: the heap of a symbol, and a whole picture in a small heap."""

import json
import subprocess
from pathlib import Path

import pytest

from ...portable.interpreters import ROOT, mpy_cross, run_micropython
from .pictures import CODE

pytestmark = pytest.mark.slow  # processes, files, compilers: not for the quick gate

# The screen's own modules and what they stand on; one .mpy each, as on a board that installs them one by one.
SCREEN = (
    *(
        f"firmware/terminal/pages/{name}"
        for name in ("code_text", "symbol", "modules", "picture", "fields", "glyphs")
    ),
    *(f"firmware/terminal/qr/{name}" for name in ("tables", "codewords", "matrix", "drawer")),
    *(
        f"firmware/terminal/screen/{name}"
        for name in (
            "canvas",
            "density",
            "font",
            "glyph_rows",
            "glyphs",
            "layout",
            "pixels",
            "screen",
            "view",
            "words",
        )
    ),
    *(f"firmware/terminal/{name}" for name in ("calendar", "clock")),
    *(f"protocols/wire/{name}" for name in ("base45", "errors", "presence")),
    "firmware/board/keyed_hash",
    "firmware/board/paging",
)
SYMBOL_HEAP_BYTES = 16 * 1024  # code and buffer of each half of a symbol of version 10, level M

MEASURE = """
import gc, json
from protocols.wire import base45, errors
gc.collect()
before = gc.mem_alloc()
from firmware.terminal.qr import HALF, tables
buffer = bytearray(tables.buffer_bytes(10, 1))
if "HALF" == "codewords":
    work = HALF.Coder(buffer, b"A1" * 140, 10, 1, True)
else:
    work = HALF.Drawer(buffer, tables.total_bytes(10, 1), 10, 1)
while work.work():
    pass
gc.collect()
print(json.dumps([gc.mem_alloc() - before]))
"""

WHOLE = """
import gc, json, sys
from firmware.board.keyed_hash import hmac_sha256
from firmware.board.paging import load
from firmware.terminal.clock import DeviceClock
from firmware.terminal.pages import load_by
from firmware.terminal.screen.screen import Screen
from firmware.terminal.screen.view import View
load_by(load, load)
gc.threshold(4096)

class Display:
    width, height, format = 240, 240, "rgb565"
    rows = 0
    def window(self, x, y, width, height):
        pass
    def row(self, buffer):
        self.rows += 1
    def show(self, full):
        return False

view = View(b"\\xd4\\xc6A12345")
view.code = CODE
view.colour, view.key, view.until_day, view.name = 1, 7, 12000, bytes(96)
clock = DeviceClock()
clock.set(9922, 12345, 0, 0)
screen = Screen(Display(), view, clock, None, hmac_sha256, b"k" * 32, 7)
slices = 0
while screen.work(0):
    slices += 1
print(json.dumps([screen.size, screen.display.rows, slices, screen.short]))
"""


@pytest.fixture(scope="module")
def compiled(tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("screen")
    packages = {str(parent) for path in SCREEN for parent in Path(path).parents} - {"."}
    for source in (*SCREEN, *(f"{package}/__init__" for package in packages)):
        out = target / f"{source}.mpy"
        out.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([mpy_cross(), "-O3", "-o", out, ROOT / f"{source}.py"], check=True)
    return target


def ran(script: str, folder: Path, tmp_path: Path, heap: str) -> list[int]:
    path = tmp_path / "script.py"
    path.write_text(script)
    result = run_micropython("-X", f"heapsize={heap}", path, path=folder)
    assert result.returncode == 0, result.stdout + result.stderr
    print(result.stdout)
    return json.loads(result.stdout)


@pytest.mark.parametrize("half", ["codewords", "drawer"])
def test_a_symbol_needs_little_heap(compiled, tmp_path, half):
    """Before the linker makes it smaller."""
    assert ran(MEASURE.replace("HALF", half), compiled, tmp_path, "64k")[0] <= SYMBOL_HEAP_BYTES


def test_a_whole_picture_is_drawn_in_a_heap_of_72k(compiled, tmp_path):
    """All of the screen, not linked, so that what its pages import stays; nothing else beside it."""
    size, rows, slices, short = ran(f"CODE = {CODE!r}\n{WHOLE}", compiled, tmp_path, "72k")
    assert size == 53 and rows == 440 and slices > 1000
    assert short == 0
