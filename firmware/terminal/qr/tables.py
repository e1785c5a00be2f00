"""What ISO/IEC 18004 lists and no formula gives: blocks and error correction of versions 1…15; and sizes."""

from protocols.wire.base45 import ALPHABET

LEVEL_L = 0
LEVEL_M = 1
LEVEL_Q = 2
VERSION_MAX = 15

# Four bytes for each version and level (L, M, Q): error correction codewords of a block; blocks of k data
# codewords; blocks of k + 1; k.
_BLOCKS = (
    b"\x07\x01\x00\x13\x0a\x01\x00\x10\x0d\x01\x00\x0d"  # 1
    b"\x0a\x01\x00\x22\x10\x01\x00\x1c\x16\x01\x00\x16"  # 2
    b"\x0f\x01\x00\x37\x1a\x01\x00\x2c\x12\x02\x00\x11"  # 3
    b"\x14\x01\x00\x50\x12\x02\x00\x20\x1a\x02\x00\x18"  # 4
    b"\x1a\x01\x00\x6c\x18\x02\x00\x2b\x12\x02\x02\x0f"  # 5
    b"\x12\x02\x00\x44\x10\x04\x00\x1b\x18\x04\x00\x13"  # 6
    b"\x14\x02\x00\x4e\x12\x04\x00\x1f\x12\x02\x04\x0e"  # 7
    b"\x18\x02\x00\x61\x16\x02\x02\x26\x16\x04\x02\x12"  # 8
    b"\x1e\x02\x00\x74\x16\x03\x02\x24\x14\x04\x04\x10"  # 9
    b"\x12\x02\x02\x44\x1a\x04\x01\x2b\x18\x06\x02\x13"  # 10
    b"\x14\x04\x00\x51\x1e\x01\x04\x32\x1c\x04\x04\x16"  # 11
    b"\x18\x02\x02\x5c\x16\x06\x02\x24\x1a\x04\x06\x14"  # 12
    b"\x1a\x04\x00\x6b\x16\x08\x01\x25\x18\x08\x04\x14"  # 13
    b"\x1e\x03\x01\x73\x18\x04\x05\x28\x14\x0b\x05\x10"  # 14
    b"\x16\x05\x01\x57\x18\x05\x05\x29\x1e\x05\x07\x18"  # 15
)
_FIELD_BYTES = 512  # powers and logarithms of the field, while the error correction is computed
_CHECK_BYTES = 2 * 30  # the generator and one block's remainder


def correction_bytes(version, level):
    """Error correction codewords of each block."""
    return _BLOCKS[(version - 1) * 12 + level * 4]


def short_blocks(version, level):
    """How many blocks hold `block_bytes` data codewords."""
    return _BLOCKS[(version - 1) * 12 + level * 4 + 1]


def long_blocks(version, level):
    """How many blocks hold one data codeword more; they come behind the short ones."""
    return _BLOCKS[(version - 1) * 12 + level * 4 + 2]


def block_bytes(version, level):
    """Data codewords of a short block."""
    return _BLOCKS[(version - 1) * 12 + level * 4 + 3]


def data_bytes(version, level):
    """Data codewords of a symbol."""
    shorts = short_blocks(version, level)
    longs = long_blocks(version, level)
    return (shorts + longs) * block_bytes(version, level) + longs


def total_bytes(version, level):
    """Codewords of a symbol, those for error correction included."""
    blocks = short_blocks(version, level) + long_blocks(version, level)
    return data_bytes(version, level) + blocks * correction_bytes(version, level)


def length_bits(version, alphanumeric):
    """Width of the character count."""
    if version < 10:
        return 9 if alphanumeric else 8
    return 11 if alphanumeric else 16


def needed_bits(version, alphanumeric, count):
    """Bits of `count` characters with their head, without terminator."""
    body = count // 2 * 11 + count % 2 * 6 if alphanumeric else 8 * count
    return 4 + length_bits(version, alphanumeric) + body


def is_alphanumeric(text):
    """Whether every byte can go in alphanumeric mode."""
    for byte in text:
        if byte not in ALPHABET:
            return False
    return True


def version_for(text, level, least, most, alphanumeric):
    """The smallest version of least…most that holds the text, 0 when none does."""
    for version in range(least, most + 1):
        if needed_bits(version, alphanumeric, len(text)) <= 8 * data_bytes(version, level):
            return version
    return 0


def size_of(version):
    """Modules on a side."""
    return 4 * version + 17


def buffer_bytes(version, level):
    """What an Encoder needs for such a symbol: codewords, and behind them first scratch, then the modules."""
    size = size_of(version)
    scratch = data_bytes(version, level) + _FIELD_BYTES + _CHECK_BYTES
    return total_bytes(version, level) + max(size * size, scratch)
