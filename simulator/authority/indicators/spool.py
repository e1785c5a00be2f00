"""Tracks in a temporary file: for periods whose positions do not fit into memory. The only file in this room.

Drivers' points are appended as they come, a part for each waybill. Vehicles' points come interleaved, in any
number: sorted by vehicle and time when they are in memory, laid down, and all merged, bucket by bucket, when
the first track is asked for. The file has no name and is gone with the process.
"""

from __future__ import annotations

import os
import tempfile
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from .columns import lent
from .tracks import POINT, Asked, Column, Points, Trail, trail_of

# As two numbers of 64 bits the first is what points are ordered by: the vehicle, then the time.
_NUMBERED: Final = np.dtype([("time", "<u4"), ("vehicle", "<u4"), ("latitude", "<i4"), ("longitude", "<i4")])
_WAITING_MAX: Final = 1 << 20  # points in memory before they are laid down: 16 MiB
_BUCKET_SHIFT: Final = 24  # a vehicle's number begins with its bucket, one of 256 in turn: so a thousand
_BUCKETS: Final = 256  # million points are merged some 64 MB at a time
_BLOCK: Final = 64  # points; of each block the first is known in memory


class TracksOnDisk:
    """See `Tracks`. folder: where the file lies; None for the system's own place. Use with `with`."""

    def __init__(self, folder: Path | None = None) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  # closed by `close`
        self._drivers, self._vehicles = _Parts(self._file.fileno()), _Merged(folder)

    def __enter__(self) -> TracksOnDisk:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Gives the files up."""
        self._file.close()
        self._vehicles.close()

    def add_vehicle(self, key: str, points: Points) -> None:
        """Adds points of one vehicle that already count; see `tracks.counting`."""
        self.add_vehicles(np.full(len(points), self.number_of(key)), points)

    def number_of(self, key: str) -> int:
        """The number by which points of this vehicle are added."""
        return self._vehicles.number_of(key)

    def add_vehicles(self, numbers: Column, points: Points) -> None:
        """Adds points of any vehicles. numbers: of each point's vehicle. Raises RuntimeError once a track was
        asked for."""
        self._vehicles.add(numbers, points)

    def add_drivers(self, names: Sequence[int], parts: Sequence[bytes]) -> Column:
        """See `Tracks`."""
        return self._drivers.add(names, parts)

    def retire_drivers(self, parts: Column) -> None:
        """See `Tracks`."""
        self._drivers.retire(parts)

    def vehicles(self, asked: Asked) -> Trail:
        """See `Tracks`."""
        return self._vehicles.asked(asked)

    def drivers(self, asked: Asked) -> Trail:
        """See `Tracks`."""
        return self._drivers.asked(asked)


class _Parts:
    """Where the parts of each track lie: three numbers a part, put in order when the first is looked for."""

    def __init__(self, file: int) -> None:
        self._file, self._size = file, 0
        self._names, self._offsets, self._bytes = array("q"), array("q"), array("i")
        self._order: Column | None = None  # of the parts, by name
        self._sorted: Column = np.empty(0, np.int64)

    def add(self, names: Sequence[int], parts: Sequence[bytes]) -> Column:
        first = len(self._names)
        lengths = np.array([len(part) for part in parts], np.int64)
        self._names.extend(names)
        self._offsets.frombytes((self._size + np.cumsum(lengths) - lengths).tobytes())
        self._bytes.frombytes(lengths.astype(np.int32).tobytes())
        self._size += _appended(self._file, b"".join(parts), self._size)
        self._order = None
        return np.arange(first, len(self._names))

    def retire(self, parts: Column) -> None:
        for part in parts.tolist():
            self._bytes[part] = 0

    def asked(self, asked: Asked) -> Trail:
        if self._order is None:
            # A copy: as long as an array's memory is lent out, nothing could be added.
            names = np.array(self._names, dtype=np.int64)
            self._order = np.argsort(names, kind="stable").astype(np.int32)
            self._sorted = names[self._order]
        names = asked.names.view(np.int64)
        begins = self._sorted.searchsorted(names, "left")
        counts = self._sorted.searchsorted(names, "right") - begins
        rows = np.repeat(np.arange(len(names)), counts)
        parts = self._order[_ranges(begins, counts)]
        lengths = lent(self._bytes)[parts]
        read = _read(self._file, lent(self._offsets)[parts], lengths)
        return trail_of(np.repeat(rows, lengths // POINT.itemsize), np.frombuffer(read, POINT), asked)


class _Merged:
    """Points of many vehicles in one order: by vehicle, then time, then arrival."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  # runs, each bucket by bucket
        self._size = 0
        self._runs: list[tuple[int, Column]] = []  # (offset, where each bucket begins in it)
        self._waiting: list[Points] = []
        self._count = 0  # of those that wait, then of all
        self._numbers: dict[int, int] = {}  # by identity
        self._known: tuple[Column, Column] | None = None  # identities in order, and their numbers
        self._blocks: Column = np.empty(0, np.uint64)

    def close(self) -> None:
        self._file.close()

    def number_of(self, key: str) -> int:
        count = len(self._numbers)
        fresh = count % _BUCKETS << _BUCKET_SHIFT | count // _BUCKETS
        return self._numbers.setdefault(hash(key), fresh)

    def add(self, numbers: Column, points: Points) -> None:
        if self._known is not None:
            raise RuntimeError("a track was asked for: no vehicle's points can be added any more")
        rows = np.empty(len(points), _NUMBERED)
        rows["vehicle"] = numbers
        for field in POINT.names or ():
            rows[field] = points[field]
        self._waiting.append(rows)
        self._count += len(rows)
        if self._count >= _WAITING_MAX:
            self._lay_down()

    def asked(self, asked: Asked) -> Trail:
        if self._known is None:
            self._merge()
        rows, numbers = self._numbers_of(asked.names.view(np.int64))
        first, last = (numbers | _second(moments[rows]) for moments in (asked.from_s, asked.until_s))
        begins = np.maximum(self._blocks.searchsorted(first, "left") - 1, 0) * _BLOCK
        ends = np.minimum(self._blocks.searchsorted(last, "right") * _BLOCK, self._count)
        counts = np.maximum(ends - begins, 0)
        read = _read(self._file.fileno(), begins * _NUMBERED.itemsize, counts * _NUMBERED.itemsize)
        points, places = np.frombuffer(read, _NUMBERED), np.repeat(np.arange(len(rows)), counts)
        own = np.flatnonzero(points["vehicle"] == (numbers >> np.uint64(32))[places])  # others share a block
        return trail_of(rows[places[own]], points[own], asked)

    def _numbers_of(self, names: Column) -> tuple[Column, Column]:
        """(rows of the vehicles that are known, their numbers as the high half of 64 bits)."""
        assert self._known is not None
        known, numbers = self._known
        at = np.minimum(known.searchsorted(names), max(0, len(known) - 1))
        rows = np.flatnonzero(known[at] == names) if len(known) else at[:0]
        return rows, numbers[at[rows]] << np.uint64(32)

    def _lay_down(self) -> None:
        rows = _together(self._waiting)
        buckets = (rows["vehicle"] >> _BUCKET_SHIFT).astype(np.uint8)
        begins = np.append(0, np.cumsum(np.bincount(buckets, minlength=_BUCKETS)))
        self._runs.append((self._size, begins))
        self._size += _appended(
            self._file.fileno(), rows[np.argsort(buckets, kind="stable")].tobytes(), self._size
        )
        self._waiting, self._count = [], 0

    def _merge(self) -> None:
        """Reads a bucket of every run, sorts, writes it to its place in another file: only one is in
        memory."""
        self._lay_down()
        merged = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115  # takes the runs' place
        blocks = []
        for bucket in range(_BUCKETS):
            rows = _together([self._bucket_of(run, bucket) for run in self._runs])
            keys = rows.view(np.uint64)[::2]
            order = np.argsort(keys, kind="stable")
            blocks.append(keys[order[-self._count % _BLOCK :: _BLOCK]])
            _appended(merged.fileno(), rows[order].tobytes(), self._count * _NUMBERED.itemsize)
            self._count += len(rows)
        self._file.close()
        self._file, self._runs, self._blocks = merged, [], np.concatenate(blocks)
        names = np.fromiter(self._numbers, np.int64)
        order = np.argsort(names)
        self._known = names[order], np.fromiter(self._numbers.values(), np.uint64)[order]

    def _bucket_of(self, run: tuple[int, Column], bucket: int) -> Points:
        offset, begins = run
        begin, end = (int(begins[each]) * _NUMBERED.itemsize for each in (bucket, bucket + 1))
        return np.frombuffer(os.pread(self._file.fileno(), end - begin, offset + begin), _NUMBERED)


def _together(parts: Sequence[Points]) -> Points:
    return np.frombuffer(b"".join([part.tobytes() for part in parts]), _NUMBERED)


def _second(moments: Column) -> Column:
    """As a point's time can be."""
    return np.clip(moments, 0, 2**32 - 1).astype(np.uint64)


def _ranges(begins: Column, counts: Column) -> Column:
    """All numbers from each begin on, as many as it counts."""
    before = np.cumsum(counts) - counts
    return np.repeat(begins - before, counts) + np.arange(int(counts.sum()))


def _read(file: int, offsets: Column, lengths: Column) -> bytes:
    return b"".join(map(os.pread, (file,) * len(offsets), lengths.tolist(), offsets.tolist()))


def _appended(file: int, data: bytes, at: int) -> int:
    """Writes it all at this place; gives how much it is."""
    view = memoryview(data)
    while view:
        written = os.pwrite(file, view, at)
        view, at = view[written:], at + written
    return len(data)
