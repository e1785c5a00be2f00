"""Tracks in a temporary file: for periods whose positions do not fit into memory. The only file in this room.

Points are appended as they come, twelve bytes each; in memory stays where each part lies, some dozens of
bytes a waybill. The file has no name and is gone with the process.
"""

import os
import tempfile
from array import array
from pathlib import Path
from types import TracebackType
from typing import Final

import numpy as np

from .tracks import EMPTY, POINT, Points, ordered, window

NONE_BEFORE: Final = -1


class _Parts:
    """Where the parts of each track lie: a chain for each key, the newest part first."""

    def __init__(self) -> None:
        self.newest: dict[str, int] = {}
        self._offset, self._bytes, self._before = array("q"), array("i"), array("q")

    def add(self, key: str, offset: int, count: int) -> None:
        self._before.append(self.newest.get(key, NONE_BEFORE))
        self.newest[key] = len(self._offset)
        self._offset.append(offset)
        self._bytes.append(count)

    def of(self, key: str) -> list[tuple[int, int]]:
        """(offset, bytes) of each part, the oldest first."""
        parts, at = [], self.newest.get(key, NONE_BEFORE)
        while at != NONE_BEFORE:
            parts.append((self._offset[at], self._bytes[at]))
            at = self._before[at]
        return parts[::-1]


class TracksOnDisk:
    """See `Tracks`. folder: where the file lies; None for the system's own place. Use with `with`."""

    def __init__(self, folder: Path | None = None) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  # closed by `close`
        self._size = 0
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

    def add_driver(self, key: str, points: Points) -> None:
        """See `Tracks`."""
        self._add(self._drivers, key, points)

    def vehicle(self, key: str, from_s: int, until_s: int) -> Points:
        """See `Tracks`."""
        return self._window(self._vehicles, key, from_s, until_s)

    def driver(self, key: str, from_s: int, until_s: int) -> Points:
        """See `Tracks`."""
        return self._window(self._drivers, key, from_s, until_s)

    def _add(self, parts: _Parts, key: str, points: Points) -> None:
        if len(points):
            data = ordered([points]).tobytes()
            self._file.write(data)
            parts.add(key, self._size, len(data))
            self._size += len(data)

    def _window(self, parts: _Parts, key: str, from_s: int, until_s: int) -> Points:
        lying = parts.of(key)
        if not lying:
            return EMPTY
        self._file.flush()
        read = [np.frombuffer(os.pread(self._file.fileno(), count, at), POINT) for at, count in lying]
        # A part was put in order when it came; only several must be merged.
        return window(read[0] if len(read) == 1 else ordered(read), from_s, until_s)
