"""Writes a read-only file system (ROMFS): MicroPython mounts it out of memory-mapped flash, to run in place.

An image is `D2 CD 31`, a length, and records: kind, length, content. Numbers have seven bits a byte, highest
first. A file's content is its name behind the name's length, and a record of its bytes. The same files give
the same image, byte for byte as `mpremote romfs build` writes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MAGIC: Final = b"\xd2\xcd\x31"
FILE: Final = 5
VERBATIM: Final = 2  # the bytes themselves, not a pointer to them


def image(files: Mapping[str, bytes]) -> bytes:
    """The image of one folder with these files by name (ASCII)."""
    records = b"".join(_file(name.encode("ascii"), content) for name, content in sorted(files.items()))
    length = _number(len(records))
    padding = b"\x80" * ((len(MAGIC) + len(length) + len(records)) % 2)  # a leading zero of the length
    return MAGIC + padding + length + records


def _file(name: bytes, content: bytes) -> bytes:
    return _record(FILE, _number(len(name)) + name + _record(VERBATIM, content))


def _record(kind: int, content: bytes) -> bytes:
    return _number(kind) + _number(len(content)) + content


def _number(value: int) -> bytes:
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(0x80 | value & 0x7F)
    return bytes(reversed(digits))
