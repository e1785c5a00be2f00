"""An epoch allocates nothing, on 64 and on 32 bits (CPython has no lock, and drives all the same)."""

import sys

import harness
from cab import Cab
from eight_areas import PARAMETERS, locked_drive, set_up

from firmware.terminal.ram_files import RamFile, RamFiles

if sys.implementation.name == "micropython":
    from micropython import heap_lock, heap_unlock
else:

    def heap_lock():
        """CPython has none."""

    heap_unlock = heap_lock


class StillFile(RamFile):
    """A file whose reading allocates nothing, as that of a board."""

    def __init__(self, data):
        RamFile.__init__(self, data)
        self.data = data
        self.at = 0

    def seek(self, at):
        RamFile.seek(self, at)
        self.at = at

    def readinto(self, buffer):
        count = max(0, min(len(buffer), len(self.data) - self.at))
        for index in range(count):
            buffer[index] = self.data[self.at + index]
        self.at += count
        return count


class StillFiles(RamFiles):
    """Files that are read without allocation."""

    def open(self, name, writable):
        if writable or name not in self.contents:
            return RamFiles.open(self, name, writable)
        return StillFile(self.contents[name])


def check_an_epoch_allocates_nothing():
    cab = Cab(PARAMETERS, files=StillFiles())
    set_up(cab)
    reports, _ = locked_drive(cab, heap_lock, heap_unlock, lambda: 0)
    assert reports > 20


harness.run(globals())
