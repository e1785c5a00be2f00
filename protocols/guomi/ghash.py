"""GHASH of GCM (NIST SP 800-38D §6.4) in Python's integers, for the provider that has no GCM."""

from typing import Final

_REDUCTION: Final = 0xE1 << 120
_BLOCK: Final = 16


def ghash(key: bytes, aad: bytes, sealed: bytes) -> bytes:
    """The 16-byte hash of additional data and cipher text under the hash key (the encrypted zero block)."""
    h = int.from_bytes(key, "big")
    lengths = (8 * len(aad)).to_bytes(8, "big") + (8 * len(sealed)).to_bytes(8, "big")
    state = 0
    for block in (*_blocks(aad), *_blocks(sealed), lengths):
        state = _times(state ^ int.from_bytes(block, "big"), h)
    return state.to_bytes(_BLOCK, "big")


def _blocks(data: bytes) -> list[bytes]:
    return [data[at : at + _BLOCK].ljust(_BLOCK, b"\0") for at in range(0, len(data), _BLOCK)]


def _times(x: int, y: int) -> int:
    """The product in GF(2¹²⁸) with GCM's bit order: bit 127 is the lowest power."""
    product = 0
    for bit in range(127, -1, -1):
        if x >> bit & 1:
            product ^= y
        y = y >> 1 ^ (_REDUCTION if y & 1 else 0)
    return product
