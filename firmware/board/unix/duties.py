"""What the desk does once or seldom: keys and watchdog at the start, a trial's end, the way to the slots.

A page of the board: loaded by `paging.load`, forgotten when it is done.
"""

import os
from binascii import unhexlify

from firmware.terminal import pages

from ..slots import Slots
from .flash import MOUNT_POINT
from .partitions import rom_ioctl

NAME = b"unix"  # what a package for this board bears
TRIAL_S = 900  # that a firmware on trial has in each try to come ONLINE
AGAIN_MS = 10000  # after a confirmation for which heap or flash did not suffice


def configure(board, config, has_loader):
    """Takes what is the board's own out of the configuration."""
    watchdog = config.pop("watchdog", "")
    ota_key = config.pop("ota_key", "")
    board.watchdog = open(watchdog, "wb") if watchdog else None
    board.ota_key = ota_key if has_loader and watchdog else ""  # a reset must lead to another start
    board.presence = (
        unhexlify(config.pop("presence_key", "")),
        config.pop("presence_key_number", 1),
        config.pop("presence_keys_pushed", False),
        config.pop("sealed_codes", False),
    )
    board.ends_ms = config.pop("trial_s", TRIAL_S) * 1000
    board.feed_ms = board.next_ms = 0


def begin(board, terminal):
    """Tells the terminal why it started, and the board until when it must be ONLINE."""
    reason = os.getenv("BOOT_REASON", "power_on").encode()
    board.ends_ms = pages.use("trial").begin(terminal, board.store, reason, board.ends_ms)


def confirm(board, terminal, now_ms):
    """The terminal is ONLINE."""
    board.next_ms = now_ms + AGAIN_MS
    try:
        if pages.use("trial").confirm(terminal, board.store):
            board.ends_ms = 0
    except (MemoryError, OSError):
        terminal.health.note(b"firmware not confirmed yet", now_ms)


def slots(board):
    """Where upgrades go."""
    ioctl = rom_ioctl if os.getenv("ROM") else None
    return Slots(MOUNT_POINT, NAME, unhexlify(board.ota_key), board.store, ioctl)
