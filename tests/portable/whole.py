"""The whole terminal, linked and compiled, in the 32-bit port: what it holds of the heap between its turns.

Line, receiver and flash are stand-ins (`webassembly/stand_ins`), for that port has no sockets, no ttys and no
littlefs; the firmware is the desk's, with vehicle and screen, and only its `main` is cut into turns.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from simulator.desk import build
from simulator.desk.bundle import link

from .wasm import PACKAGE, RUN_SECONDS, module

TURNS = '''"""The desk's start, turn by turn."""

import gc

from firmware.app import run
from firmware.board.paging import load, load_for_good, open_data
from firmware.board.unix.board import Board
from firmware.terminal import pages
from protocols.wire import bodies

BEGIN = "firmware.board.unix.begin"


def begin(config_path):
    gc.threshold(4096)
    pages.load_by(load, load_for_good, open_data)
    bodies.lists_by(load)
    board = Board()
    load(BEGIN).begin(board, config_path, False)
    return board


def serve(board):
    run(board)


def drawing(board):
    return board.screen.deadline_ms(1) == 0


def codes(board):
    return len(board.screen.symbol)


def online(board):
    return board.terminal.online
'''
CONFIGURATION = {
    "plate_gbk": "云A12345".encode("gbk").hex(),
    "servers": [["192.0.2.1", 808]],
    "interval_s": 1,
    "uart": "/data/sentences",
    "flash": "/data/flash.img",
    "display": ["/data/screen.png", 240, 240, "rgb565"],
    "vehicle": True,
}


def tree_of_turns(folder: Path) -> Path:
    """Links and compiles the program whose `main` is TURNS below `folder`; gives the compiled tree."""
    sources = []
    for pattern in build.SOURCES:
        for path in sorted(build.ROOT.glob(pattern)):
            copy = folder / "sources" / path.relative_to(build.ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
            sources.append(copy)
    (folder / "sources" / build.MAIN).write_text(TURNS, "utf-8")
    program = link(folder / "sources", sources, "firmware.main", build.PART, build.PARTS)
    tree = folder / "tree"
    tree.mkdir()
    build.compile_all(tree, {**program.parts, **program.pages})
    return tree


def weigh_whole(
    folder: Path, phone: str, sentences: bytes, pushes: list[bytes], in_place: bool = True
) -> dict[str, int]:
    """Bytes of live heap of the terminal alone, between turns: `resident` program, `begun`, at `rest` with
    its picture drawn, at `most`; `bare` is what port and stand-ins have. The picture: folder/data/screen.png.

    pushes: frames that the platform says. in_place: whether the program runs out of an image in memory beside
    the heap, as out of a chip's flash, or from files. Skips the calling test where Node is not.
    """
    port = module()
    data = folder / "data"
    data.mkdir()
    (data / "terminal.json").write_text(json.dumps({**CONFIGURATION, "phone": phone}), "utf-8")
    (data / "sentences").write_bytes(sentences)
    (data / "flash.img").touch()
    tree = tree_of_turns(folder)
    program = tree / build.ROM if in_place else tree
    command = ["node", PACKAGE / "weigh.mjs", port, program, PACKAGE / "stand_ins", data]
    command += [build.PARTS, *(push.hex() for push in pushes)]
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=RUN_SECONDS, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    figures: dict[str, int] = json.loads(done.stdout)
    return figures
