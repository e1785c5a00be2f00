"""The loader of the desk: which slot starts, and what is noted when it fell. No upgrade ever replaces it.

`main.py` of the compiled tree calls `prepare`, starts what it chose, and calls `fallen` when that ended by an
exception. Whoever started the process (a hardware reset on a board) starts it again after RESET_CODE.
"""

import gc
import json
import os
import sys

from firmware.terminal import boot_record
from firmware.terminal.store import Store

from .. import rom
from ..files import Folder
from .flash import BLOCKS, MOUNT_POINT, mount
from .partitions import rom_ioctl

RESET_CODE = 75
WATCHDOG = "watchdog"  # what BOOT_REASON in the environment says when the last run was killed for its silence


def prepare(config_path, home):
    """Mounts the flash and counts the try; gives `sys.path` for what is to start, `home` for slot 0."""
    with open(config_path) as file:
        config = json.load(file)
    mount(config["flash"], MOUNT_POINT, config.get("flash_blocks", BLOCKS))
    store = Store(Folder(MOUNT_POINT))
    if os.getenv("BOOT_REASON") == WATCHDOG:
        boot_record.add_fault(store, b"watchdog")
    slot = boot_record.choose(store)
    if not slot:
        return home
    ioctl = rom_ioctl if os.getenv("ROM") else None
    return [rom.mount_slot(ioctl, slot) or MOUNT_POINT + "/" + boot_record.FOLDERS[slot]]


def fallen(error):
    """Keeps what the program died of and ends the process. What the dead program holds is garbage by now."""
    gc.collect()
    sys.print_exception(error)
    text = "%s %s" % (type(error).__name__, error)
    boot_record.add_fault(Store(Folder(MOUNT_POINT)), text.encode())
    sys.exit(RESET_CODE)
