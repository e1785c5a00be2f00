"""Columns of integers and of byte rows: the building blocks of the columnar form.

Bytes of equal weight stand together (all first bytes, then all second bytes, …), which a general
compressor turns into almost nothing when they hardly change from one position to the next. numpy does the
work: no Python step per value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from ..wire.errors import RemoteProtocolError
from .byte_rows import INT, ByteRows, Column

_WIDTHS: Final = (1, 2, 4, 8)
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

    def put_integers(self, values: Column | Sequence[int]) -> None:
        """Integers 0…2⁶⁴−1: a byte that says their width (1, 2, 4, 8), then their bytes, highest first."""
        column = np.asarray(values, np.uint64)
        width = _width_of(int(column.max()) if len(column) else 0)
        rows = column.astype(f">u{width}").view(np.uint8).reshape(len(column), width)
        self._parts += (bytes([width]), rows.T.tobytes())

    def put_deltas(self, values: Column) -> None:
        """Integers of 63 bits, of any order, that change little: the first, then zigzagged differences."""
        self.put_varint(int(values[0]))
        steps = np.diff(values)
        self.put_integers(((steps << 1) ^ (steps >> 63)).view(np.uint64))

    def put_rows(self, rows: ByteRows) -> None:
        """Byte strings: their lengths, then those of each length (ascending) transposed."""
        self.put_integers(rows.lengths)
        for length in np.unique(rows.lengths).tolist():
            self._parts.append(rows.take(rows.lengths == length).matrix(length).T.tobytes())


class ColumnReader:
    """The inverse over one content. Every method raises RemoteProtocolError naming `field`."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def varint(self, field: str) -> int:
        """One integer."""
        value, self._at = read_varint(self._content, self._at, field)
        return value

    def integers(self, count: int, field: str) -> Column:
        """`count` integers of 63 bits."""
        values = self._unsigned(count, field).astype(INT)
        if count and int(values.min()) < 0:
            raise RemoteProtocolError("more than 63 bits", field=field, offset=self._at)
        return values

    def deltas(self, count: int, field: str) -> Column:
        """`count` integers written as differences."""
        first = self.varint(field)
        zigzag = self._unsigned(count - 1, field)
        steps = (zigzag >> np.uint64(1)).astype(INT) ^ -(zigzag & np.uint64(1)).astype(INT)
        values = np.cumsum(np.concatenate((np.array([first], INT), steps)))
        # A sum that left 63 bits has the sign of neither of its terms.
        if ((values[:-1] ^ values[1:]) & (steps ^ values[1:]) < 0).any():
            raise RemoteProtocolError("more than 63 bits", field=field, offset=self._at)
        return values

    def rows(self, count: int, field: str) -> ByteRows:
        """`count` byte strings."""
        lengths = self.integers(count, field)
        left = len(self._content) - self._at
        # The longest alone first: a sum of many huge lengths would come round.
        if count and (int(lengths.max()) > left or int(lengths.sum()) > left):
            raise RemoteProtocolError("longer than the content", field=field, offset=self._at)
        starts, blocks, before = np.zeros(count, INT), [], 0
        for length in np.unique(lengths).tolist():
            which = np.flatnonzero(lengths == length)
            starts[which] = before + length * np.arange(len(which))
            block = np.frombuffer(self._take(length * len(which), field), np.uint8)
            blocks.append(block.reshape(length, len(which)).T.tobytes())
            before += len(blocks[-1])
        return ByteRows(b"".join(blocks), starts, lengths)

    def end(self, field: str) -> None:
        """Nothing may follow."""
        if self._at != len(self._content):
            raise RemoteProtocolError("bytes after the end", field=field, offset=self._at)

    def _unsigned(self, count: int, field: str) -> Column:
        width = self._take(1, field)[0]
        if width not in _WIDTHS:
            raise RemoteProtocolError(f"width {width}", field=field, offset=self._at - 1)
        planes = np.frombuffer(self._take(count * width, field), np.uint8).reshape(width, count)
        return np.ascontiguousarray(planes.T).view(f">u{width}").reshape(count).astype(np.uint64)

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


def _width_of(largest: int) -> int:
    return next((width for width in _WIDTHS if largest >> 8 * width == 0), _WIDTHS[-1])
