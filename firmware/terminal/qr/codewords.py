"""From text to codewords: the bit stream, Reed–Solomon over GF(256), the interleaving of blocks.

Everything is in the caller's buffer. The field's powers and logarithms are made anew for each symbol where
the modules will be: half a kilobyte that nobody has to keep.
"""

from protocols.wire.base45 import ALPHABET

from .tables import (
    block_bytes,
    correction_bytes,
    data_bytes,
    length_bits,
    long_blocks,
    short_blocks,
    total_bytes,
)

MODE_ALPHANUMERIC = 2
MODE_BYTE = 4
_POLYNOMIAL = 0x11D  # of the field; ISO/IEC 18004


CODEWORDS_A_SLICE = 8
GENERATOR_AT = 512  # behind the powers and logarithms
REMAINDER_AT = 542


class Coder:
    """Puts the codewords of a text at buffer[0:total], a slice at a time: `work()` until False.

    The text must fit the version and level; the buffer has `buffer_bytes(version, level)` bytes.
    """

    __slots__ = ("_block", "_buffer", "_done", "_field", "_level", "_next", "_start", "_version")

    def __init__(self, buffer, text, version, level, alphanumeric):
        self._buffer = buffer
        self._version = version
        self._level = level
        self._start = self._next = total_bytes(version, level)  # the data codewords, in the order of blocks
        count = data_bytes(version, level)
        self._field = self._start + count
        write_data(text, version, alphanumeric, buffer, self._start, count)
        write_field(buffer, self._field)
        write_generator(buffer, self._field, self._field + GENERATOR_AT, correction_bytes(version, level))
        self._block = 0
        self._done = 0  # codewords of the block that are in its remainder
        self._clear_remainder()

    def work(self):
        """Corrects some codewords more; at the end interleaves the data. True while there is more."""
        version = self._version
        level = self._level
        shorts = short_blocks(version, level)
        blocks = shorts + long_blocks(version, level)
        if self._block == blocks:
            self._interleave(shorts, blocks)
            return False
        length = block_bytes(version, level) + (1 if self._block >= shorts else 0)
        degree = correction_bytes(version, level)
        remainder = self._field + REMAINDER_AT
        count = min(CODEWORDS_A_SLICE, length - self._done)
        generator = self._field + GENERATOR_AT
        divide(self._buffer, self._next, self._next + count, self._field, generator, remainder, degree)
        self._next += count
        self._done += count
        if self._done == length:
            at = data_bytes(version, level) + self._block
            for index in range(degree):
                self._buffer[at + index * blocks] = self._buffer[remainder + index]
            self._block += 1
            self._done = 0
            self._clear_remainder()
        return True

    def _clear_remainder(self):
        start = self._field + REMAINDER_AT
        for index in range(start, start + correction_bytes(self._version, self._level)):
            self._buffer[index] = 0

    def _interleave(self, shorts, blocks):
        """The first codeword of each block, the second of each, …; the short blocks lack the last one."""
        length = block_bytes(self._version, self._level)
        at = self._start
        for block in range(blocks):
            count = length + 1 if block >= shorts else length
            for index in range(count):
                place = index * blocks + block if index < length else index * blocks + block - shorts
                self._buffer[place] = self._buffer[at + index]
            at += count


def write_data(text, version, alphanumeric, buffer, at, count):
    """Puts the text as `count` data codewords at buffer[at:], padded. It must fit."""
    for index in range(at, at + count):
        buffer[index] = 0
    bit = _put(buffer, 8 * at, MODE_ALPHANUMERIC if alphanumeric else MODE_BYTE, 4)
    bit = _put(buffer, bit, len(text), length_bits(version, alphanumeric))
    bit = _put_pairs(text, buffer, bit) if alphanumeric else _put_bytes(text, buffer, bit)
    bit = min(bit + 4, 8 * (at + count))  # the terminator, as much of it as there is room for
    pad = 0xEC
    for index in range((bit + 7) // 8, at + count):
        buffer[index] = pad
        pad ^= 0xEC ^ 0x11


def _put(buffer, bit, value, width):
    """`width` bits, the highest first; gives the next free bit. The place must be zero."""
    for shift in range(width - 1, -1, -1):
        if value >> shift & 1:
            buffer[bit >> 3] |= 0x80 >> (bit & 7)
        bit += 1
    return bit


def _put_bytes(text, buffer, bit):
    for byte in text:
        bit = _put(buffer, bit, byte, 8)
    return bit


def _put_pairs(text, buffer, bit):
    first = -1
    for byte in text:
        value = _place(byte)
        if first < 0:
            first = value
        else:
            bit = _put(buffer, bit, first * 45 + value, 11)
            first = -1
    return bit if first < 0 else _put(buffer, bit, first, 6)


def _place(byte):
    """The number of an alphanumeric character, without making an object of it."""
    for index in range(45):
        if ALPHABET[index] == byte:
            return index
    return 0


def write_field(buffer, at):
    """Powers of 2 at buffer[at:at + 256], logarithms at buffer[at + 256:at + 512]."""
    value = 1
    for power in range(255):
        buffer[at + power] = value
        buffer[at + 256 + value] = power
        value <<= 1
        if value & 0x100:
            value ^= _POLYNOMIAL
    buffer[at + 255] = 1


def write_generator(buffer, field, at, degree):
    """Logarithms of the generator polynomial's coefficients below its leading 1, highest power first."""
    logs = field + 256
    for index in range(degree):
        buffer[at + index] = 0
    buffer[at + degree - 1] = 1
    for power in range(degree):  # multiplied by (x + 2^power)
        for index in range(degree):
            value = buffer[at + index]
            if value:
                value = buffer[field + (buffer[logs + value] + power) % 255]
            buffer[at + index] = value ^ (buffer[at + index + 1] if index + 1 < degree else 0)
    for index in range(degree):
        buffer[at + index] = buffer[logs + buffer[at + index]]


def divide(buffer, start, stop, field, generator, remainder, degree):
    """Takes the codewords start…stop - 1 into the remainder at buffer[remainder:remainder + degree]."""
    logs = field + 256
    last = remainder + degree - 1
    for index in range(start, stop):
        factor = buffer[index] ^ buffer[remainder]
        for place in range(remainder, last):
            buffer[place] = buffer[place + 1]
        buffer[last] = 0
        if factor:
            log = buffer[logs + factor]
            for place in range(degree):
                power = log + buffer[generator + place]
                buffer[remainder + place] ^= buffer[field + (power if power < 255 else power - 255)]
