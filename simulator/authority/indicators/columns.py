"""Rows while they arrive: a newer version of a document replaces the older, whatever the order."""

from array import array
from collections.abc import Iterable
from typing import Any, Final
from zlib import crc32

import numpy as np


def within(
    difference: np.ndarray[Any, Any], whole: np.ndarray[Any, Any], percent: int
) -> np.ndarray[Any, Any]:
    """Whether 100 · difference ≤ percent · whole, row by row, in whole numbers that cannot overflow."""
    hundreds, rest = np.divmod(whole, 100)
    return difference <= hundreds * percent + rest * percent // 100


DTYPES: Final = {"q": np.int64, "i": np.int32}


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


def version_of(received_s: int, reference: str) -> int:
    """One number that orders versions: by arrival, and in the same second by the reference's checksum."""
    return min(max(received_s, 0), 2**32 - 1) << 32 | crc32(reference.encode("utf-8", "surrogatepass"))


class Pile:
    """Rows of integers under a key, 8 bytes each or 4 for the names given as narrow. The newest version of a
    key counts, whatever the order. `taken` ends it: the columns are handed over, not copied."""

    def __init__(self, names: Names, wide: tuple[str, ...], narrow: tuple[str, ...] = ()) -> None:
        self._names = names
        self._columns = {name: array("q") for name in wide} | {name: array("i") for name in narrow}
        self._newest = array("i")  # number of the key → row
        self._keys = array("i")  # row → number of the key
        self._versions = array("Q")
        self._alive = bytearray()
        self._counted = bytearray()
        self._faults: dict[int, tuple[str, ...]] = {}

    def add(
        self, key: str, version: int, counted: bool, faults: tuple[str, ...], values: Iterable[int]
    ) -> int | None:
        """The row's number, None when a newer version of this key is there. values: wide, then narrow."""
        row, number = len(self._alive), self._names.number(key)
        while len(self._newest) <= number:  # names may be shared, so some numbers are no rows here
            self._newest.append(NONE)
        older = self._newest[number]
        if older != NONE:
            if self._versions[older] >= version:
                return None
            self._alive[older] = 0
        self._newest[number] = row
        self._keys.append(number)
        self._versions.append(version)
        self._alive.append(1)
        self._counted.append(counted)
        if faults:
            self._faults[row] = faults
        for column, value in zip(self._columns.values(), values, strict=True):
            column.append(value)
        return row

    def versions(self) -> np.ndarray[Any, Any]:
        """Per row, its version."""
        return np.array(self._versions, dtype=np.uint64)

    def alive(self) -> np.ndarray[Any, Any]:
        """Per row, whether it is the last version."""
        return np.array(self._alive, dtype=bool)

    def chosen(self) -> np.ndarray[Any, Any]:
        """Per row, whether it is the last version and arrived in the period."""
        return self.alive() & np.array(self._counted, dtype=bool)

    def column(self, name: str) -> np.ndarray[Any, Any]:
        """A copy of the whole column, replaced rows included."""
        return np.array(self._columns[name])

    def taken(
        self, rows: np.ndarray[Any, Any]
    ) -> tuple[dict[str, np.ndarray[Any, Any]], list[str], dict[int, tuple[str, ...]]]:
        """(columns, labels, faults) of these rows, numbered anew from 0. Nothing can be added afterwards."""
        texts = self._names.texts()
        labels = [texts[number] for number in np.array(self._keys)[rows].tolist()]
        columns, whole = {}, len(rows) == len(self._alive)
        for name in list(self._columns):
            values = self._columns.pop(name)
            column = np.frombuffer(values, dtype=DTYPES[values.typecode])
            columns[name] = column if whole else column[rows]
        faults = {}
        if self._faults:
            faults = {new: self._faults[old] for new, old in enumerate(rows.tolist()) if old in self._faults}
        return columns, labels, faults
