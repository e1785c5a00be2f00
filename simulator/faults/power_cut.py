"""The power of a terminal fails: of real firmware by SIGKILL, of a virtual truck in the middle of a write.

A torn write leaves the bytes that made it, as flash does; renaming and removing happen whole or not at all.
"""

from __future__ import annotations

from random import Random

from firmware.terminal.ram_files import RamFile, RamFiles

from ..desk.desk import Desk


class PowerFailed(Exception):
    """The power is gone; whoever runs the terminal must throw it away and boot anew from the flash.

    No OSError on purpose: the terminal answers for a flash that fails, but nobody answers without power.
    """


class DeskPowerCut:
    """Of the real firmware. start: SIGKILL. stop: power on, same flash. strikes: how often it failed."""

    name = "terminal power cut"

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.strikes = 0

    def start(self) -> None:
        """Kills it; returns when it is dead."""
        self._desk.kill()
        self.strikes += 1

    def stop(self) -> None:
        """Switches it on again."""
        self._desk.start()


class TearingFiles(RamFiles):
    """Flash in memory whose power fails after a random number of written bytes, again and again.

    random: decides when. every_bytes: the longest time between two failures, 0 for never. strikes: how often
    it failed; torn: how often in the middle of a write.
    """

    __slots__ = ("_armed", "_left", "_random", "every_bytes", "strikes", "torn")

    def __init__(self, random: Random, every_bytes: int) -> None:
        super().__init__()
        self._random = random
        self.every_bytes = every_bytes
        self.strikes = self.torn = 0
        self._armed = False
        self._left = self._next()

    def arm(self, after_bytes: int) -> None:
        """The power fails once, when so many more bytes are written."""
        self._armed, self._left = True, after_bytes

    def open(self, name: str, writable: bool) -> TearingFile:
        """As RamFiles."""
        super().open(name, writable)
        return TearingFile(self.contents[name], self)

    def remove(self, name: str) -> None:
        """As RamFiles; raises PowerFailed, and then nothing is removed."""
        self.spend(1)
        super().remove(name)

    def rename(self, old: str, new: str) -> None:
        """As RamFiles; raises PowerFailed, and then nothing is renamed."""
        self.spend(1)
        super().rename(old, new)

    def spend(self, count: int) -> None:
        """Counts a step of `count` bytes. Raises PowerFailed when the power does not last for it."""
        if self.granted(count) < count:
            self.fail()

    def granted(self, count: int) -> int:
        """How many of `count` bytes the power lasts for; they are taken as written."""
        if not self.every_bytes and not self._armed:
            return count
        granted = min(count, self._left)
        self._left -= granted
        return granted

    def fail(self) -> None:
        """The power fails now; the next failure is drawn. Raises PowerFailed."""
        self.strikes += 1
        self._armed, self._left = False, self._next()
        raise PowerFailed

    def _next(self) -> int:
        return self._random.randrange(1, self.every_bytes) if self.every_bytes > 1 else 0


class TearingFile(RamFile):
    """An open file of TearingFiles."""

    __slots__ = ("_flash",)

    def __init__(self, data: bytearray, flash: TearingFiles) -> None:
        super().__init__(data)
        self._flash = flash

    def write(self, data: bytes) -> int:
        """Writes all, or a part and raises PowerFailed."""
        granted = self._flash.granted(len(data))
        super().write(memoryview(data)[:granted])
        if granted < len(data):
            self._flash.torn += granted > 0
            self._flash.fail()
        return granted
