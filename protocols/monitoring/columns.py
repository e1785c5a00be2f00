"""Columns of integers and of byte rows: the building blocks of the columnar form.

Bytes of equal weight stand together (all first bytes, then all second bytes, …), which a general
compressor turns into almost nothing when they hardly change from one position to the next. Slices and
`struct` do the work: no Python step per byte.
"""

import struct
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Final

from ..wire.errors import RemoteProtocolError

_WIDTH_CODES: Final = {1: "B", 2: "H", 4: "I", 8: "Q"}
_VARINT_BYTES_MAX: Final = 9  # 63 bits


class ColumnWriter:
    """Puts values one after another into one content."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def content(self) -> bytes:
        """Everything put so far."""
        return b"".join(self._parts)

    def put_varint(self, value: int) -> None:
        """One integer 0…2⁶³−1, seven bits a byte, lowest first."""
        self._parts.append(varint(value))

    def put_integers(self, values: Sequence[int]) -> None:
        """Integers 0…2⁶⁴−1: a byte that says their width (1, 2, 4, 8), then their bytes, highest first."""
        width = _width_of(max(values, default=0))
        packed = struct.pack(f">{len(values)}{_WIDTH_CODES[width]}", *values)
        self._parts.append(bytes([width]))
        self._parts.extend(packed[at::width] for at in range(width))

    def put_deltas(self, values: Sequence[int]) -> None:
        """Integers of any order that change little: the first, then zigzagged differences."""
        self.put_varint(values[0])
        self.put_integers(
            [2 * step if step >= 0 else -2 * step - 1 for step in _steps(values)],
        )

    def put_rows(self, rows: Sequence[bytes]) -> None:
        """Byte strings: their lengths, then those of each length (ascending) transposed."""
        lengths = [len(row) for row in rows]
        self.put_integers(lengths)
        for length in sorted(set(lengths)):
            joined = b"".join([row for row in rows if len(row) == length])
            self._parts.extend(joined[at::length] for at in range(length))


class ColumnReader:
    """The inverse over one content. Every method raises RemoteProtocolError naming `field`."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def varint(self, field: str) -> int:
        """One integer."""
        value, self._at = read_varint(self._content, self._at, field)
        return value

    def integers(self, count: int, field: str) -> tuple[int, ...]:
        """`count` integers."""
        width = self._take(1, field)[0]
        if width not in _WIDTH_CODES:
            raise RemoteProtocolError(f"width {width}", field=field, offset=self._at - 1)
        packed = _transposed_back(self._take(count * width, field), width, count)
        return struct.unpack(f">{count}{_WIDTH_CODES[width]}", packed)

    def deltas(self, count: int, field: str) -> list[int]:
        """`count` integers written as differences."""
        first = self.varint(field)
        steps = self.integers(count - 1, field)
        return list(accumulate(((step >> 1) ^ -(step & 1) for step in steps), initial=first))

    def rows(self, count: int, field: str) -> list[bytes]:
        """`count` byte strings."""
        lengths = self.integers(count, field)
        if sum(lengths) > len(self._content) - self._at:
            raise RemoteProtocolError("longer than the content", field=field, offset=self._at)
        groups = {}
        for length in sorted(set(lengths)):
            total = length * lengths.count(length)
            joined = _transposed_back(self._take(total, field), length, total // length if length else 0)
            groups[length] = iter([joined[at : at + length] for at in range(0, total, length or 1)])
        return [next(groups[length], b"") for length in lengths]

    def end(self, field: str) -> None:
        """Nothing may follow."""
        if self._at != len(self._content):
            raise RemoteProtocolError("bytes after the end", field=field, offset=self._at)

    def _take(self, count: int, field: str) -> bytes:
        taken = self._content[self._at : self._at + count]
        if len(taken) != count:
            raise RemoteProtocolError("cut short", field=field, offset=self._at)
        self._at += count
        return taken


def varint(value: int) -> bytes:
    """An integer 0…2⁶³−1, seven bits a byte, lowest first, high bit set on all but the last."""
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)


def read_varint(data: bytes, at: int, field: str) -> tuple[int, int]:
    """(value, offset behind it). Raises RemoteProtocolError: cut short, or longer than 63 bits."""
    value = 0
    for position, byte in enumerate(data[at : at + _VARINT_BYTES_MAX]):
        value |= (byte & 0x7F) << 7 * position
        if byte < 0x80:
            return value, at + position + 1
    raise RemoteProtocolError("no integer of 63 bits", field=field, offset=at)


def _steps(values: Sequence[int]) -> Iterable[int]:
    return map(int.__sub__, values[1:], values)


def _width_of(largest: int) -> int:
    for width in (1, 2, 4):
        if largest >> 8 * width == 0:
            return width
    return 8


def _transposed_back(columns: bytes, width: int, count: int) -> bytes:
    if width == 1 or count == 1:
        return columns
    rows = bytearray(len(columns))
    for at in range(width):
        rows[at::width] = columns[at * count : (at + 1) * count]
    return bytes(rows)
