"""Rows while they arrive: a newer version of a document replaces the older, whatever the order.

A row costs its numbers and little more: which rows are of one document is found out by sorting, once all are
there, not by a dictionary of a million names.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final
from zlib import crc32

import numpy as np

Column = np.ndarray[Any, Any]
DTYPES: Final = {"q": np.int64, "i": np.int32, "Q": np.uint64}
NONE: Final = -1  # the number of a text that nobody could read


def within(difference: Column, whole: Column, percent: int) -> Column:
    """Whether 100 · difference ≤ percent · whole, row by row, in whole numbers that cannot overflow."""
    hundreds, rest = np.divmod(whole, 100)
    return difference <= hundreds * percent + rest * percent // 100


class Names:
    """Texts by number, each once; the empty text, which nobody could read, is NONE."""

    def __init__(self) -> None:
        self._numbers = _Counting({"": NONE})

    def numbers(self, texts: Iterable[str]) -> list[int]:
        """The number of each; a new one for a new text."""
        return list(map(self._numbers.__getitem__, texts))

    def texts(self) -> list[str]:
        """number → text."""
        return list(self._numbers)[1:]


class _Counting(dict[str, int]):
    def __missing__(self, text: str) -> int:
        number = self[text] = len(self) - 1  # the empty text is there already
        return number


class Texts:
    """Texts one after the other in one buffer: read one by one, by number."""

    def __init__(self) -> None:
        self._buffer, self._ends = bytearray(), array("q")

    def extend(self, texts: Sequence[str]) -> None:
        """The next ones."""
        encoded = [text.encode() for text in texts]
        ends = np.cumsum([len(each) for each in encoded], dtype=np.int64) + len(self._buffer)
        self._buffer += b"".join(encoded)
        self._ends.frombytes(ends.tobytes())

    def __getitem__(self, number: int) -> str:
        start = self._ends[number - 1] if number else 0
        return self._buffer[start : self._ends[number]].decode()

    def __len__(self) -> int:
        return len(self._ends)


class Picked(Sequence[str]):
    """Some of many texts: row → text, looked up when somebody asks."""

    def __init__(self, texts: Texts | Sequence[str], numbers: Column) -> None:
        self._texts, self._numbers = texts, numbers

    def __getitem__(self, row: Any) -> Any:
        return self._texts[int(self._numbers[row])]

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[str]:
        return (self._texts[number] for number in self._numbers.tolist())


class Joined(Sequence[str]):
    """One after another, without a copy."""

    def __init__(self, first: Sequence[str], second: Sequence[str]) -> None:
        self._first, self._second = first, second

    def __getitem__(self, row: Any) -> Any:
        return self._first[row] if row < len(self._first) else self._second[row - len(self._first)]

    def __len__(self) -> int:
        return len(self._first) + len(self._second)


def version_of(received_s: int, reference: str, revision: int = 0) -> int:
    """One number that orders versions: by revision, arrival, and in one second the reference's checksum."""
    arrived = min(max(received_s, 0), 2**32 - 1)
    check = crc32(reference.encode("utf-8", "surrogatepass")) & 0x3FFFF
    return min(max(revision, 0), 0x3FFF) << 50 | arrived << 18 | check


class Pile:
    """Rows of integers, each of one version of one document: 8 bytes each or 4 for the names given as narrow.

    identity: a number that is the same for the versions of one document. The newest version counts, whatever
    the order; of equal ones the first that came. `taken` ends the pile: its columns are handed over.
    """

    def __init__(self, wide: tuple[str, ...], narrow: tuple[str, ...] = ()) -> None:
        self._columns = {name: array("q") for name in wide} | {name: array("i") for name in narrow}
        self._identities, self._versions = array("Q"), array("Q")
        self._counted = bytearray()
        self._faults: dict[int, str] = {}

    def extend(
        self, identities: Column, versions: Column, counted: Column, faults: Sequence[str], values: Column
    ) -> Column:
        """Adds rows and gives their numbers. counted: whether each arrived in the period. faults: of each, in
        words or empty. values: a row for each; wide, then narrow."""
        first = len(self._counted)
        self._identities.frombytes(identities.tobytes())
        self._versions.frombytes(versions.tobytes())
        self._counted += counted.tobytes()
        self._faults |= {row: words for row, words in enumerate(faults, start=first) if words}
        for column, value in zip(self._columns.values(), values.T, strict=True):
            column.frombytes(value.astype(DTYPES[column.typecode]).tobytes())
        return np.arange(first, len(self._counted))

    def identities(self) -> Column:
        """Per row, of which document it is. Not a copy."""
        return lent(self._identities)

    def versions(self) -> Column:
        """Per row, its version. Not a copy, so nothing can be added while somebody has it."""
        return lent(self._versions)

    def alive(self) -> Column:
        """Per row, whether it is the version that counts."""
        identities = self.identities()
        order = np.lexsort([-np.arange(len(identities)), self.versions(), identities])
        ordered = identities[order]
        alive = np.zeros(len(order), dtype=bool)
        alive[order[np.append(ordered[1:] != ordered[:-1], True)] if len(order) else order] = True
        return alive

    def counted(self) -> Column:
        """Per row, whether it arrived in the period."""
        return np.frombuffer(self._counted, dtype=bool)

    def taken(self, rows: Column) -> tuple[dict[str, Column], dict[int, str]]:
        """(columns, faults) of these rows, numbered anew from 0. Nothing can be added afterwards."""
        columns, whole = {}, len(rows) == len(self._counted)
        for name in list(self._columns):
            column = lent(self._columns.pop(name))
            columns[name] = column if whole else column[rows]
        marked = np.array(sorted(self._faults), dtype=np.int64)
        places = np.flatnonzero(np.isin(rows, marked)).tolist()
        return columns, {new: self._faults[int(rows[new])] for new in places}


def identities_of(texts: Iterable[str]) -> Column:
    """A number for each name that is looked for again in this process only: 64 bits, keyed by the process, so
    that nobody can make two names meet; among ten million names two meet once in 400,000 reports."""
    return np.fromiter(map(hash, texts), np.int64).view(np.uint64)


def lent(values: array[int]) -> Column:
    """Its memory as a column, not a copy: as long as anybody has it, nothing can be added."""
    return np.frombuffer(values, dtype=DTYPES[values.typecode])
