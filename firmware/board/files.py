"""The files port of `firmware.terminal.ram_files` over one folder of any mounted file system."""

import errno
import os


class Folder:
    """Files of one folder; there are no folders below it."""

    def __init__(self, path):
        self._path = path + "/"

    def open(self, name, writable):
        """A file with seek, readinto, write, flush (durable on littlefs) and close. Raises OSError."""
        path = self._path + name
        if not writable:
            return open(path, "rb")
        try:
            return open(path, "r+b")
        except OSError as error:
            if error.errno != errno.ENOENT:  # the file is there, and "w+b" would empty it
                raise
            return open(path, "w+b")

    def remove(self, name):
        """Raises OSError when there is no such file."""
        os.remove(self._path + name)

    def rename(self, old, new):
        """Replaces `new`, atomic on littlefs and POSIX."""
        os.rename(self._path + old, self._path + new)

    def names(self):
        """The names of all files."""
        return [entry[0] for entry in os.ilistdir(self._path)]
