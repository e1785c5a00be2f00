"""To be put on the board as `main.py`, which MicroPython runs after power-on."""

from firmware.board.loader import start

start("firmware.board.esp32.board")
