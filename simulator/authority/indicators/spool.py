"""Tracks in a temporary file: for periods whose positions do not fit into memory. The only file in this room.

Points are appended as they come, twelve bytes each; in memory stays where each part lies, some dozens of
bytes a waybill. The file has no name and is gone with the process.
"""

import os
import tempfile
from array import array
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from .columns import identity_of
from .tracks import EMPTY, POINT, Points, ordered, window

Column = np.ndarray[Any, Any]


class _Parts:
    """Where the parts of each track lie: three numbers a part, put in order when the first is looked for."""

    def __init__(self) -> None:
        self._names, self._offset, self._bytes = array("Q"), array("q"), array("i")
        self._order: Column | None = None  # of the parts, by name
        self._sorted: Column = np.empty(0, np.uint64)

    def add(self, key: str, offset: int, count: int) -> int:
        self._names.append(identity_of(key))
        self._offset.append(offset)
        self._bytes.append(count)
        self._order = None
        return len(self._names) - 1

    def retire(self, parts: Sequence[int]) -> None:
        for part in parts:
            self._bytes[part] = 0

    def of(self, key: str) -> list[tuple[int, int]]:
        """(offset, bytes) of each part, the oldest first."""
        if self._order is None:
            # Copies: as long as an array's memory is lent out, nothing could be added.
            names = np.array(self._names, dtype=np.uint64)
            self._order = np.argsort(names, kind="stable").astype(np.int32)
            self._sorted = names[self._order]
        name = np.uint64(identity_of(key))
        parts, at = [], int(self._sorted.searchsorted(name))
        while at < len(self._sorted) and self._sorted[at] == name:
            part = self._order[at]
            if self._bytes[part]:
                parts.append((self._offset[part], self._bytes[part]))
            at += 1
        return parts


class TracksOnDisk:
    """See `Tracks`. folder: where the file lies; None for the system's own place. Use with `with`."""

    def __init__(self, folder: Path | None = None) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  # closed by `close`
        self._size = self._flushed = 0
        self._vehicles, self._drivers = _Parts(), _Parts()

    def __enter__(self) -> "TracksOnDisk":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Gives the file up."""
        self._file.close()

    def add_vehicle(self, key: str, points: Points) -> None:
        """Adds points that already count; see `tracks.counting`."""
        self._add(self._vehicles, key, points)

    def add_driver(self, key: str, points: Points) -> int:
        """See `Tracks`."""
        return self._add(self._drivers, key, points)

    def retire_driver(self, parts: Sequence[int]) -> None:
        """See `Tracks`."""
        self._drivers.retire(parts)

    def vehicle(self, key: str, from_s: int, until_s: int) -> Points:
        """See `Tracks`."""
        return self._window(self._vehicles, key, from_s, until_s)

    def driver(self, key: str, from_s: int, until_s: int) -> Points:
        """See `Tracks`."""
        return self._window(self._drivers, key, from_s, until_s)

    def _add(self, parts: _Parts, key: str, points: Points) -> int:
        data = ordered([points]).tobytes()
        self._file.write(data)
        self._size += len(data)
        return parts.add(key, self._size - len(data), len(data))

    def _window(self, parts: _Parts, key: str, from_s: int, until_s: int) -> Points:
        lying = parts.of(key)
        if not lying:
            return EMPTY
        if self._flushed < self._size:
            self._file.flush()
            self._flushed = self._size
        read = [np.frombuffer(os.pread(self._file.fileno(), count, at), POINT) for at, count in lying]
        # A part was put in order when it came; only several must be merged.
        return window(read[0] if len(read) == 1 else ordered(read), from_s, until_s)
