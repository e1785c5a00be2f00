"""Rows while they arrive: a newer version of a document replaces the older, whatever the order.

A row costs its numbers and little more: which rows are of one document is found out by sorting, once all are
there, not by a dictionary of a million names.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final
from zlib import crc32

import numpy as np


def within(
    difference: np.ndarray[Any, Any], whole: np.ndarray[Any, Any], percent: int
) -> np.ndarray[Any, Any]:
    """Whether 100 · difference ≤ percent · whole, row by row, in whole numbers that cannot overflow."""
    hundreds, rest = np.divmod(whole, 100)
    return difference <= hundreds * percent + rest * percent // 100


DTYPES: Final = {"q": np.int64, "i": np.int32, "Q": np.uint64}


NONE: Final = -1


class Names:
    """Texts by number, each once."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._texts: list[str] = []

    def number(self, text: str) -> int:
        """Its number; a new one for a new text."""
        number = self._numbers.setdefault(text, len(self._texts))
        if number == len(self._texts):
            self._texts.append(text)
        return number

    def text(self, number: int) -> str:
        """The text of a number: always the same object, so that others who keep it keep nothing more."""
        return self._texts[number]

    def texts(self) -> list[str]:
        """number → text. Not a copy."""
        return self._texts

    def __len__(self) -> int:
        return len(self._numbers)


class Texts:
    """Texts one after the other in one buffer: read one by one, by number."""

    def __init__(self) -> None:
        self._buffer, self._ends = bytearray(), array("q")

    def append(self, text: str) -> None:
        """The next one."""
        self._buffer += text.encode("utf-8", "surrogatepass")
        self._ends.append(len(self._buffer))

    def __getitem__(self, number: int) -> str:
        start = self._ends[number - 1] if number else 0
        return self._buffer[start : self._ends[number]].decode("utf-8", "surrogatepass")

    def __len__(self) -> int:
        return len(self._ends)


class Picked(Sequence[str]):
    """Some of many texts: row → text, looked up when somebody asks."""

    def __init__(self, texts: Texts | Sequence[str], numbers: np.ndarray[Any, Any]) -> None:
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
        self._faults: dict[int, tuple[str, ...]] = {}

    def add(
        self, identity: int, version: int, counted: bool, faults: tuple[str, ...], values: Iterable[int]
    ) -> int:
        """The row's number. values: wide, then narrow."""
        row = len(self._counted)
        self._identities.append(identity)
        self._versions.append(version)
        self._counted.append(counted)
        if faults:
            self._faults[row] = faults
        for column, value in zip(self._columns.values(), values, strict=True):
            column.append(value)
        return row

    def identities(self) -> np.ndarray[Any, Any]:
        """Per row, of which document it is. Not a copy."""
        return np.frombuffer(self._identities, dtype=np.uint64)

    def versions(self) -> np.ndarray[Any, Any]:
        """Per row, its version. Not a copy, so nothing can be added while somebody has it."""
        return np.frombuffer(self._versions, dtype=np.uint64)

    def alive(self) -> np.ndarray[Any, Any]:
        """Per row, whether it is the version that counts."""
        identities = self.identities()
        order = np.lexsort([-np.arange(len(identities)), self.versions(), identities])
        ordered = identities[order]
        alive = np.zeros(len(order), dtype=bool)
        alive[order[np.append(ordered[1:] != ordered[:-1], True)] if len(order) else order] = True
        return alive

    def counted(self) -> np.ndarray[Any, Any]:
        """Per row, whether it arrived in the period."""
        return np.frombuffer(self._counted, dtype=bool)

    def column(self, name: str) -> np.ndarray[Any, Any]:
        """A copy of the whole column, replaced rows included."""
        return np.array(self._columns[name])

    def taken(
        self, rows: np.ndarray[Any, Any]
    ) -> tuple[dict[str, np.ndarray[Any, Any]], dict[int, tuple[str, ...]]]:
        """(columns, faults) of these rows, numbered anew from 0. Nothing can be added afterwards."""
        columns, whole = {}, len(rows) == len(self._counted)
        for name in list(self._columns):
            values = self._columns.pop(name)
            column = np.frombuffer(values, dtype=DTYPES[values.typecode])
            columns[name] = column if whole else column[rows]
        faults = {}
        if self._faults:
            faults = {new: self._faults[old] for new, old in enumerate(rows.tolist()) if old in self._faults}
        return columns, faults


def identity_of(text: str) -> int:
    """A number for a name that is looked for again in this process only: 64 bits, keyed by the process, so
    that nobody can make two names meet; among ten million names two meet once in 400,000 reports."""
    return hash(text) & 0xFFFF_FFFF_FFFF_FFFF
