"""NOR flash in RAM, for tests: bits only clear, sectors erase, and the power fails on demand.

Errors are given as numbers, which the file system turns into OSError: an exception would be allocated, and a
file that nobody closed comes here while the heap is being swept.
"""

BLOCK_BYTES = 4096
EIO = 5


class NorFlash:
    """MicroPython's extended block device protocol.

    operations: writes and erases so far. cut_at: the number of the operation in which the power fails,
    0 never; half of that operation is done.
    """

    def __init__(self, blocks):
        self._data = bytearray(b"\xff" * (blocks * BLOCK_BYTES))
        self._blocks = blocks
        self.operations = 0
        self.cut_at = 0
        self._dead = False

    def survivor(self):
        """The chip as the next start finds it. This object stays dead: nothing writes by it any more."""
        chip = NorFlash(0)
        chip._data = self._data
        chip._blocks = self._blocks
        self._dead = True
        return chip

    def readblocks(self, block, buffer, offset=0):
        """Fills `buffer`. Gives -EIO without power."""
        if self._dead:
            return -EIO
        start = block * BLOCK_BYTES + offset
        buffer[:] = self._data[start : start + len(buffer)]
        return 0

    def writeblocks(self, block, buffer, offset=0):
        """Clears bits; to set one is the file system's error (ValueError). Gives -EIO without power."""
        if self._dead:
            return -EIO
        self._operate()
        start = block * BLOCK_BYTES + offset
        for index in range(len(buffer) // 2 if self._dead else len(buffer)):
            if buffer[index] & ~self._data[start + index] & 0xFF:
                raise ValueError("write to flash that is not erased: block %d" % block)
            self._data[start + index] &= buffer[index]
        return -EIO if self._dead else 0

    def ioctl(self, operation, argument):
        """Count and size of blocks, erase of one. Gives -EIO without power."""
        if operation == 4:
            return self._blocks
        if operation == 5:
            return BLOCK_BYTES
        if operation != 6:
            return 0
        if self._dead:
            return -EIO
        self._operate()
        size = BLOCK_BYTES // 2 if self._dead else BLOCK_BYTES
        start = argument * BLOCK_BYTES
        self._data[start : start + size] = b"\xff" * size
        return -EIO if self._dead else 0

    def _operate(self):
        self.operations += 1
        if self.operations == self.cut_at:
            self._dead = True
