"""A file system in memory with the port that the log and the store want. For virtual trucks and for tests.

The port, which every board offers: `open(name, writable)` gives a file with seek, readinto, write, flush
(durable when it returns) and close; writable makes the file when it is absent, reading raises OSError then.
`remove(name)`, `rename(old, new)` (replaces, atomic), `names()`.
"""


class RamFile:
    """One open file over the bytearray of its contents."""

    __slots__ = ("_at", "_data")

    def __init__(self, data):
        self._data = data
        self._at = 0

    def seek(self, at):
        """Goes to byte `at`."""
        self._at = at

    def readinto(self, buffer):
        """Reads as much as there is and fits; gives the count."""
        data = self._data[self._at : self._at + len(buffer)]
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def write(self, data):
        """Writes all of `data`, overwriting or growing the file."""
        count = len(data)
        room = len(self._data) - self._at
        if room <= 0:
            self._data.extend(bytes(-room))
            self._data.extend(data)
        else:
            if room < count:
                self._data.extend(bytes(count - room))
            self._data[self._at : self._at + count] = data
        self._at += count
        return count

    def flush(self):
        """Durable at once: it is memory."""

    def close(self):
        """Nothing is held."""


class RamFiles:
    """The port over a dict; survives whatever object uses it, as flash survives a power cut."""

    __slots__ = ("contents",)

    def __init__(self):
        self.contents = {}

    def open(self, name, writable):
        """See the module."""
        if name not in self.contents:
            if not writable:
                raise OSError(2, "no such file")
            self.contents[name] = bytearray()
        return RamFile(self.contents[name])

    def remove(self, name):
        """Raises OSError when there is no such file."""
        if name not in self.contents:
            raise OSError(2, "no such file")
        del self.contents[name]

    def rename(self, old, new):
        """Replaces `new`. Raises OSError when there is no `old`."""
        if old not in self.contents:
            raise OSError(2, "no such file")
        self.contents[new] = self.contents.pop(old)

    def names(self):
        """The names of all files."""
        return list(self.contents)
