"""Where a board keeps the firmware that came over the air: two folders of one flash, and the boot record."""

import errno
import os

from firmware.terminal import boot_record

from .files import Folder
from .keyed_hash import KeyedHash


class Slots:
    """What the pages `install` and `trial` work on.

    board: the name (bytes) that a package must bear. key: of its signature, b"" accepts none.
    store: holds the boot record.
    """

    def __init__(self, path, board, key, store):
        self.board = board
        self.key = key
        self.store = store
        self._path = path

    def keyed_hash(self):
        """A new hash with the key of this board."""
        return KeyedHash(self.key)

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
