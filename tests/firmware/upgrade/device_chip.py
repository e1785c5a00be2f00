"""Runs a chip's own `main.py`, loader first, with stand-ins below it, until it is killed. MicroPython.

Usage: device_chip.py BOARD FOLDER; FOLDER has config.json. A reset of the board ends the process with 75.
"""

import os
import sys

import machine
from devices import DialModem, Receiver, TcpModem

RESET_CODE = 75
EPOCHS = 20

name, folder = sys.argv[1:3]
machine.devices.update(
    {1: Receiver(EPOCHS), 2: DialModem()} if name == "esp32" else {0: Receiver(EPOCHS), 1: TcpModem()}
)
machine.levels[__import__(f"firmware.board.{name}.pins", None, None, ("DEFAULTS",)).DEFAULTS["ignition"]] = 0
machine.reset = lambda: sys.exit(RESET_CODE)
os.chdir(folder)
__import__(f"firmware.board.{name}.main")
