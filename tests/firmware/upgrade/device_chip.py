"""Runs a chip's own `main.py`, loader first, with stand-ins below it, until it is killed. MicroPython.

Usage: device_chip.py BOARD FOLDER; FOLDER has config.json. A reset of the board ends the process with 75.
Where the launcher has mapped images, the port plays one with `vfs.rom_ioctl`, and slot 0 is the first of
them, loader and all.
"""

import os
import sys

import machine
import vfs
from devices import DialModem, Receiver, TcpModem

RESET_CODE = 75
EPOCHS = 20

name, folder = sys.argv[1:3]
machine.devices.update(
    {1: Receiver(EPOCHS), 2: DialModem()} if name == "esp32" else {0: Receiver(EPOCHS), 1: TcpModem()}
)
machine.levels[__import__(f"firmware.board.{name}.pins", None, None, ("DEFAULTS",)).DEFAULTS["ignition"]] = 0

if os.getenv("ROM"):
    from firmware.board.unix.partitions import rom_ioctl

    class Port:
        """What is in `vfs` of a port with mapped flash."""

    port = Port()
    for what in ("VfsRom", "mount"):
        setattr(port, what, getattr(vfs, what))
    port.rom_ioctl = rom_ioctl
    sys.modules["vfs"] = port
    vfs.mount(vfs.VfsRom(rom_ioctl(2, 0)), "/rom")  # as such a port does at its start
    sys.path.append("/rom")
machine.reset = lambda: sys.exit(RESET_CODE)
os.chdir(folder)
if os.getenv("ROM"):
    from loader import start  # as the main.py of `simulator.desk.chips`

    start("start")
__import__(f"firmware.board.{name}.main")
