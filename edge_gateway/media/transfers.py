"""Which bytes of which attachments are here, whatever connection brought them. Pure."""

from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

RANGES_MAX = 4096  # of one file; blocks in order make one


class Key(NamedTuple):
    """Names a file: terminal, alarm number, name as the terminal calls it."""

    identity: str
    alarm: str
    name: str


class Transfer:
    """One announced file: `size` bytes of a `type`, and the ranges that came, sorted and apart."""

    __slots__ = ("finishing", "ranges", "size", "touched_ms", "type")

    def __init__(self, size: int, file_type: int, now_ms: int) -> None:
        self.size = size
        self.type = file_type
        self.touched_ms = now_ms
        self.finishing = False  # it is whole and on its way to the store
        self.ranges: list[tuple[int, int]] = []

    def add(self, start: int, end: int) -> bool:
        """Notes that these bytes are here; False when they are outside the file, or in too many pieces."""
        if not 0 <= start <= end <= self.size:
            return False
        first = bisect_left(self.ranges, start, key=lambda each: each[1])
        last = first
        while last < len(self.ranges) and self.ranges[last][0] <= end:
            start, end = min(start, self.ranges[last][0]), max(end, self.ranges[last][1])
            last += 1
        if first == last and len(self.ranges) >= RANGES_MAX:
            return False
        if start < end:
            self.ranges[first:last] = [(start, end)]
        return True

    def gaps(self) -> Iterator[tuple[int, int]]:
        """(offset, length) of what is missing."""
        at = 0
        for start, end in self.ranges:
            if start > at:
                yield at, start - at
            at = end
        if at < self.size:
            yield at, self.size - at


class Transfers:
    """All files that are under way, within bounds of count and time."""

    def __init__(self, count_max: int, idle_ms: int, file_bytes: int) -> None:
        self._count_max = count_max
        self._idle_ms = idle_ms
        self._file_bytes = file_bytes
        self._open: dict[Key, Transfer] = {}

    def __len__(self) -> int:
        return len(self._open)

    def begin(self, key: Key, size: int, file_type: int, now_ms: int) -> Transfer | None:
        """The file that is announced, as far as it came before; None for too large a one, or too many."""
        found = self._open.get(key)
        if found is not None and found.size == size:
            found.touched_ms = now_ms
            return found
        if size > self._file_bytes or (found is None and len(self._open) >= self._count_max):
            return None
        self._open[key] = Transfer(size, file_type, now_ms)
        return self._open[key]

    def get(self, key: Key) -> Transfer | None:
        """The file, if it was announced."""
        return self._open.get(key)

    def end(self, key: Key) -> None:
        """It is stored, or given up."""
        self._open.pop(key, None)

    def idle(self, now_ms: int) -> list[Key]:
        """What did not grow for too long; forgotten here."""
        old = [
            key
            for key, each in self._open.items()
            if now_ms - each.touched_ms > self._idle_ms and not each.finishing
        ]
        for key in old:
            del self._open[key]
        return old
