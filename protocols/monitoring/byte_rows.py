"""Many byte strings as one piece of bytes and where each stands in it: no object for each until asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np

Column = np.ndarray[Any, np.dtype[Any]]
INT: Final = np.int64


class ByteRows:
    """Row i is `data[starts[i] : starts[i] + lengths[i]]`; rows may stand anywhere, in any order."""

    __slots__ = ("data", "lengths", "starts")

    def __init__(self, data: bytes, starts: Column, lengths: Column) -> None:
        self.data = data
        self.starts = starts
        self.lengths = lengths

    @classmethod
    def of(cls, rows: Sequence[bytes]) -> ByteRows:
        """Rows that are there as objects."""
        lengths = np.fromiter(map(len, rows), INT, len(rows))
        return cls(b"".join(rows), np.cumsum(lengths) - lengths, lengths)

    @classmethod
    def joined(cls, parts: Sequence[ByteRows]) -> ByteRows:
        """The rows of several, one behind the other."""
        sizes = np.fromiter((len(part.data) for part in parts), INT, len(parts))
        starts = [part.starts + before for part, before in zip(parts, np.cumsum(sizes) - sizes, strict=True)]
        return cls(
            b"".join([part.data for part in parts]),
            np.concatenate(starts),
            np.concatenate([part.lengths for part in parts]),
        )

    def __len__(self) -> int:
        return len(self.starts)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.to_list())

    def __getitem__(self, at: int) -> bytes:
        return self.data[self.starts[at] : self.starts[at] + self.lengths[at]]

    @property
    def size(self) -> int:
        """Bytes of all rows together."""
        return int(self.lengths.sum())

    def take(self, which: slice | Column) -> ByteRows:
        """Some of the rows; which: a slice, indexes or a mask. The bytes are shared."""
        return ByteRows(self.data, self.starts[which], self.lengths[which])

    def to_list(self) -> list[bytes]:
        """Each row as an object."""
        data = self.data
        if len(self) and (self.starts[1:] == self.starts[:-1] + self.lengths[:-1]).all():
            first = int(self.starts[0])
            cuts = [first, *(first + np.cumsum(self.lengths)).tolist()]
            return [data[start:end] for start, end in pairwise(cuts)]
        ends = (self.starts + self.lengths).tolist()
        return [data[start:end] for start, end in zip(self.starts.tolist(), ends, strict=True)]

    def matrix(self, width: int) -> Column:
        """The first `width` bytes of each row, rows × width; every row must have so many."""
        rows = len(self)
        if rows and (self.lengths == width).all() and (np.diff(self.starts) == width).all():
            return np.frombuffer(self.data, np.uint8, rows * width, int(self.starts[0])).reshape(rows, width)
        data = self.data
        joined = b"".join([data[start : start + width] for start in self.starts.tolist()])
        return np.frombuffer(joined, np.uint8).reshape(rows, width)
