"""The loader of a chip: which firmware starts, and what is noted when it fell. No upgrade ever replaces it.

`main.py` on the board calls `start` with the firmware that the board was made with (slot 0: frozen, in the
first partition of memory-mapped flash, or files in `lib`). An upgrade lies in a partition of its own, or in a
folder of `terminal` where there is none, and is started from there. The trial's clock is a timer of the
loader, so that a firmware which hangs before it has a watchdog gives way like any other.
"""

import gc
import json
import sys

import machine

from firmware.terminal import boot_record
from firmware.terminal.store import Store

from . import rom
from .slots import folder_at
from .wiring import timer

CONFIG = "config.json"
FACTORY = "/rom"  # where MicroPython mounts the first partition
FOLDER = "terminal"  # for what the terminal keeps, and the slots; the rest of the flash is the board's
TRIAL_S = 900  # that a firmware on trial has in each try to come ONLINE

GUARD = 1  # its timer; 0 feeds the watchdog at the prompt


def start(factory):
    """Runs the slot that the boot record names until Ctrl-C; `factory`: name of slot 0's module."""
    store = Store(folder_at(FOLDER))
    slot = boot_record.choose(store)
    gc.collect()
    if not slot:
        __import__(factory, None, None, ("main",)).main(CONFIG, True)
        return
    guard = _guard(store)
    place = rom.mount_slot(rom.ioctl_of_port(), slot) or FOLDER + "/" + boot_record.FOLDERS[slot]
    # Of slot 0 nothing may be found any more: its files have the names of these.
    sys.path[:] = [place] + [path for path in sys.path if not path.startswith(FACTORY)]
    try:
        __import__("start").main(CONFIG)
    except Exception as error:  # whatever it was: the next start counts it
        _fallen(store, error)
    finally:
        guard.deinit()  # who sits at the prompt is left alone


def _guard(store):
    """Restarts the board when the trial's time is over and nobody has confirmed the firmware."""
    with open(CONFIG) as file:
        trial_s = json.load(file).get("trial_s", TRIAL_S)

    def ended(_):
        if boot_record.read(store)[boot_record.TRIAL] != boot_record.NO_SLOT:
            machine.reset()

    guard = timer(GUARD)
    guard.init(mode=machine.Timer.ONE_SHOT, period=trial_s * 1000, callback=ended)
    return guard


def _fallen(store, error):
    """Keeps what the firmware died of. What the dead program holds is garbage by now."""
    gc.collect()
    sys.print_exception(error)
    text = "%s %s" % (type(error).__name__, error)
    boot_record.add_fault(store, text.encode())
    machine.reset()
