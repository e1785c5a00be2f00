"""Links and compiles the terminal for a chip: as an upgrade over the air carries it, and as slot 0 in flash
that is memory-mapped.

    python -m simulator.desk.chips esp32 build/esp32

The folder is what `python -m firmware.package_upgrade` signs; `rom.img` in it is for `mpremote romfs deploy`,
with the loader, and `main.py` starts that. Another slot 0 is frozen, or what `mpremote mip install` put
there.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import Final

from .build import NAMES, PART, PARTS, ROOT, START, compile_all, is_resident
from .bundle import bundle, link

BOARDS: Final = ("esp32", "rp2")
LOADER: Final = "firmware.board.loader"
LOADER_NAME: Final = "loader"  # not `boot`: some ports have a file of that name, which is found first
MAIN: Final = """# The board's `main.py` when its program lies in the first partition of mapped flash.
from loader import start

start("start")
"""
SOURCES: Final = (
    "protocols/__init__.py",
    "protocols/wire/**/*.py",
    "firmware/__init__.py",
    "firmware/app.py",
    "firmware/terminal/**/*.py",
    "firmware/board/*.py",
    "firmware/board/displays/*.py",
)


def build_chip(board: str, target: Path) -> Path:
    """The compiled tree for this board in `target`, which is emptied before.

    Raises subprocess.CalledProcessError when a source does not compile.
    """
    patterns = (*SOURCES, f"firmware/board/{board}/*.py")
    sources = [path for pattern in patterns for path in sorted(ROOT.glob(pattern)) if path.name != "png.py"]
    program = link(ROOT, sources, f"firmware.board.{board}.board", PART, PARTS)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    loader = bundle(ROOT, [path for path in sources if is_resident(path)], LOADER)
    compile_all(target, {**program.parts, **program.pages, "start": START, LOADER_NAME: loader})
    (target / "main.py").write_text(MAIN, "utf-8")
    (target / NAMES).write_text(json.dumps(program.names, indent=1), "utf-8")
    return target


def main(arguments: list[str]) -> int:
    """0 when the tree is there."""
    parser = argparse.ArgumentParser(prog="simulator.desk.chips", description=__doc__)
    parser.add_argument("board", choices=BOARDS)
    parser.add_argument("target", type=Path, help="a folder of its own: what is in it goes")
    options = parser.parse_args(arguments)
    tree = build_chip(options.board, options.target)
    print(f"{tree}: {sum(path.stat().st_size for path in tree.glob('*.mpy'))} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
