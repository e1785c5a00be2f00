"""The desk's display: keeps its picture in a file of rows and writes a PNG whenever the picture is complete.

No frame is held in memory; the PNG is made row by row, with stored blocks, for zlib is not on every port.
"""

import binascii
import os
import struct

_ADLER = 65521


class PngDisplay:
    """Writes `path` (replaced whole) and keeps `path`.rows beside it. form: "rgb565" or "mono"."""

    def __init__(self, path, width, height, form="rgb565"):
        self.width = width
        self.height = height
        self.format = form
        self._path = path
        self._row_bytes = 2 * width if form == "rgb565" else width // 8
        self._window = (0, 0, 0, 0)
        self._rows = 0
        with open(path + ".rows", "wb") as file:
            for _ in range(height):
                file.write(bytes(self._row_bytes))
        self._file = open(path + ".rows", "r+b")

    def window(self, x, y, width, height):
        """The rectangle that the next rows fill."""
        self._window = (x, y, width, height)
        self._rows = 0

    def row(self, buffer):
        """The next row of the window."""
        x, y, _, _ = self._window
        left = 2 * x if self.format == "rgb565" else x // 8
        self._file.seek((y + self._rows) * self._row_bytes + left)
        self._file.write(buffer)
        self._rows += 1

    def show(self, full):
        """Writes the PNG."""
        self._file.flush()
        self._file.seek(0)
        with open(self._path + ".new", "wb") as out:
            self._write(out)
        os.rename(self._path + ".new", self._path)
        return False

    def close(self):
        """Ends the use of the file of rows."""
        self._file.close()

    def _write(self, out):
        colour = self.format == "rgb565"
        row_bytes = 1 + (3 * self.width if colour else self._row_bytes)
        out.write(b"\x89PNG\r\n\x1a\n")
        depth = 8 if colour else 1
        _chunk(
            out, b"IHDR", struct.pack(">IIBBBBB", self.width, self.height, depth, 2 if colour else 0, 0, 0, 0)
        )
        low = 1
        high = 0
        row = bytearray(self._row_bytes)
        for y in range(self.height):
            self._file.readinto(row)
            data = _colours(row) if colour else _inverted(row)
            for byte in data:
                low = (low + byte) % _ADLER
                high = (high + low) % _ADLER
            last = y == self.height - 1
            block = struct.pack("<BHH", last, row_bytes, row_bytes ^ 0xFFFF) + data
            if not y:
                block = b"\x78\x01" + block
            if last:
                block += struct.pack(">HH", high, low)
            _chunk(out, b"IDAT", block)
        _chunk(out, b"IEND", b"")


def _chunk(out, kind, data):
    out.write(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", binascii.crc32(kind + data)))


def _colours(row):
    """RGB565 as eight bits a colour, behind the byte that says: not filtered."""
    out = bytearray(1 + len(row) // 2 * 3)
    put = 1
    for at in range(0, len(row), 2):
        value = row[at] << 8 | row[at + 1]
        out[put] = (value >> 11) * 255 // 31
        out[put + 1] = (value >> 5 & 63) * 255 // 63
        out[put + 2] = (value & 31) * 255 // 31
        put += 3
    return out


def _inverted(row):
    """Ink is 1 here and black is 0 there."""
    out = bytearray(1 + len(row))
    for at in range(len(row)):
        out[at + 1] = row[at] ^ 0xFF
    return out
