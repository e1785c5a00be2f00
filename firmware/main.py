"""Starts the terminal on the desk: `micropython -X heapsize=128k main.py CONFIG.json`."""

import gc
import sys

from firmware.app import run
from firmware.board.paging import load, load_for_good, open_data
from firmware.board.unix.board import Board
from firmware.terminal import pages
from protocols.wire import bodies

BEGIN = "firmware.board.unix.begin"  # the linker gives it another name
GC_EVERY_BYTES = 4096  # collected so often, garbage does not come to lie between what stays


def main(config_path, has_loader=False):
    """Runs until the power goes; Ctrl-C is an orderly end. has_loader: other slots can be started, too."""
    gc.collect()
    gc.threshold(GC_EVERY_BYTES)
    pages.load_by(load, load_for_good, open_data)
    bodies.lists_by(load)
    board = Board()
    load(BEGIN).begin(board, config_path, has_loader)
    try:
        run(board)
    except KeyboardInterrupt:
        board.log.close()


if __name__ == "__main__":
    main(sys.argv[1])
