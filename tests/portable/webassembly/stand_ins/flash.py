"""Stands for littlefs, which the port lacks: /flash is a folder of the port's own file system.

Emscripten numbers a missing file otherwise than every board does.
"""

import builtins
import os

MISSING = 44
ENOENT = 2


def VfsLfs2(device):
    """No file system is made; the device is let go."""


def mount(system, place):
    """Nothing to mount."""


def as_on_a_board(call):
    """The same call with the number of a board's error."""

    def called(*arguments):
        try:
            return call(*arguments)
        except OSError as error:
            number = ENOENT if error.errno == MISSING else error.errno
        raise OSError(number)

    return called


builtins.open = as_on_a_board(open)
for name in ("remove", "rename", "stat"):
    setattr(os, name, as_on_a_board(getattr(os, name)))
