"""Reads and writes .mpy files of version 6: tables of names and constants, and a tree of functions.

Only bytecode; what carries machine code is not for this linker.
"""

from __future__ import annotations

from dataclasses import dataclass, field

MAGIC = ord("M")
VERSION = 6
_NAMELESS = (0, 1, 2, 3, 4)  # constants that are their kind alone: None, True, …
_TEXTS = (5, 6)  # kinds of constants with a NUL behind them: str, bytes
_TUPLE = 10
_STATIC = 1  # in the length of a name: it is one of MicroPython's own, by number
_HAS_CHILDREN = 4
_KIND = 3


class FormatError(Exception):
    """Not a file that this linker can read."""


@dataclass
class Code:
    """One function: its prelude and instructions as bytes, and the functions inside it."""

    body: bytes
    children: list[Code] = field(default_factory=list)

    def all(self) -> list[Code]:
        """This one, and all inside it."""
        return [self, *[each for child in self.children for each in child.all()]]


@dataclass
class File:
    """names: a text, or the number of one of MicroPython's own; the first is the name of the source."""

    flags: bytes  # feature flags and bits of a small integer
    names: list[str | int]
    constants: list[bytes]  # as they are stored
    code: Code


class Reader:
    """Takes numbers and bytes from the front."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at = at

    def byte(self) -> int:
        """The next byte. Raises FormatError at the end."""
        return self.take(1)[0]

    def take(self, count: int) -> bytes:
        """So many bytes. Raises FormatError when there are not as many."""
        if self.at + count > len(self.data):
            raise FormatError(f"ends at byte {len(self.data)}")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self) -> int:
        """An unsigned number, seven bits a byte, highest first."""
        value = 0
        while True:
            byte = self.byte()
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value


def number(value: int) -> bytes:
    """What `Reader.number` reads."""
    data = [value & 0x7F]
    while value := value >> 7:
        data.append(0x80 | value & 0x7F)
    return bytes(reversed(data))


def read(data: bytes) -> File:
    """Raises FormatError."""
    reader = Reader(data)
    if reader.byte() != MAGIC or reader.byte() != VERSION:
        raise FormatError("no .mpy of this version")
    flags = reader.take(2)
    names, constants = reader.number(), reader.number()
    file = File(
        flags,
        [_read_name(reader) for _ in range(names)],
        [_read_constant(reader) for _ in range(constants)],
        _read_code(reader),
    )
    if reader.at != len(data):
        raise FormatError(f"bytes behind byte {reader.at}")
    return file


def _read_name(reader: Reader) -> str | int:
    length = reader.number()
    if length & _STATIC:
        return length >> 1
    text = reader.take(length >> 1).decode()
    reader.byte()
    return text


def _read_constant(reader: Reader) -> bytes:
    start = reader.at
    kind = reader.byte()
    if kind not in _NAMELESS:
        length = reader.number()
        if kind == _TUPLE:
            for _ in range(length):
                _read_constant(reader)
        else:
            reader.take(length + (kind in _TEXTS))
    return reader.data[start : reader.at]


def _read_code(reader: Reader) -> Code:
    head = reader.number()
    if head & _KIND:
        raise FormatError("machine code")
    code = Code(reader.take(head >> 3))
    if head & _HAS_CHILDREN:
        code.children = [_read_code(reader) for _ in range(reader.number())]
    return code


def write(file: File) -> bytes:
    """What `read` reads."""
    parts = [bytes((MAGIC, VERSION)), file.flags, number(len(file.names)), number(len(file.constants))]
    for name in file.names:
        if isinstance(name, int):
            parts.append(number(name << 1 | _STATIC))
        else:
            text = name.encode()
            parts += [number(len(text) << 1), text, b"\0"]
    return b"".join([*parts, *file.constants, _written(file.code)])


def _written(code: Code) -> bytes:
    head = number(len(code.body) << 3 | (_HAS_CHILDREN if code.children else 0))
    children = [number(len(code.children)), *map(_written, code.children)] if code.children else []
    return b"".join([head, code.body, *children])
