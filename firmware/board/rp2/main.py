"""To be put on the board as `main.py`, which MicroPython runs after power-on."""

from firmware.board.chip import main
from firmware.board.rp2.board import Board

main(Board)
