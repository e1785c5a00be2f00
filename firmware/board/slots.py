"""Where a board keeps the firmware that came over the air: two slots, each a partition of memory-mapped flash
or a folder, and the boot record.
"""

import errno
import os

from firmware.terminal import boot_record

from . import rom
from .files import Folder
from .keyed_hash import KeyedHash


class Slots:
    """What the pages `install` and `trial` work on.

    board: the name (bytes) that a package must bear. key: of its signature, b"" accepts none.
    store: holds the boot record. rom_ioctl: the door to the partitions (see rom), None where there is none.
    """

    def __init__(self, path, board, key, store, rom_ioctl=None):
        self.board = board
        self.key = key
        self.store = store
        self._path = path
        self._rom_ioctl = rom_ioctl

    def keyed_hash(self):
        """A new hash with the key of this board."""
        return KeyedHash(self.key)

    def image(self, slot, length):
        """What writes an image of so many bytes into the partition of a slot, erased when it is given.

        None for a slot that is a folder. Raises OSError.
        """
        if not rom.has_partition(self._rom_ioctl, slot):
            return None
        return rom.ImageWriter(self._rom_ioctl, slot, length)

    def folder(self, slot):
        """The files port of a slot; the folder is made when it is not there. Raises OSError."""
        return folder_at(self._path + "/" + boot_record.FOLDERS[slot])


def folder_at(path):
    """The files port of this folder, which is made when it is not there. Raises OSError."""
    try:
        os.mkdir(path)
    except OSError as there:
        if there.errno != errno.EEXIST:
            raise
    return Folder(path)
