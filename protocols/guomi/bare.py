"""SM3 and the check of an SM2 signature in plain Python: for a machine that has no library at all.

Only what verifying needs, and only public values: nothing here is secret, so nothing has to take constant
time. Some thousand times slower than a provider; `door.choose` never gives it. GB/T 32905, GB/T 32918.2.
"""

import struct
from typing import Final

from . import curve

_IV: Final = (
    0x7380166F, 0x4914B2B9, 0x172442D7, 0xDA8A0600, 0xA96F30BC, 0x163138AA, 0xE38DEE4D, 0xB0FB0E4E,
)  # fmt: skip
_BLOCK_BYTES: Final = 64
_MASK: Final = 0xFFFFFFFF
Point = tuple[int, int] | None  # None: the point at infinity


def sm3(data: bytes) -> bytes:
    """The digest, 32 bytes."""
    padded = data + b"\x80" + bytes(-(len(data) + 9) % _BLOCK_BYTES) + (8 * len(data)).to_bytes(8, "big")
    state: tuple[int, ...] = _IV
    for at in range(0, len(padded), _BLOCK_BYTES):
        state = _compressed(state, padded[at : at + _BLOCK_BYTES])
    return struct.pack(">8I", *state)


def sm2_verify(public: bytes, data: bytes, signature: bytes, identity: bytes = curve.DEFAULT_ID) -> bool:
    """Whether r ‖ s (64 bytes) fits. Raises GuomiError for a public key that is none."""
    public = curve.public_bytes(public)
    if not curve.signature_in_range(signature):
        return False
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    e = int.from_bytes(sm3(sm3(curve.identity_preimage(public, identity)) + data), "big")
    theirs = (int.from_bytes(public[:32], "big"), int.from_bytes(public[32:], "big"))
    point = _sum(_product(s, (curve.GX, curve.GY)), _product((r + s) % curve.N, theirs))
    return point is not None and (e + point[0]) % curve.N == r


def _turned(word: int, bits: int) -> int:
    bits %= 32
    return (word << bits | word >> (32 - bits)) & _MASK


def _compressed(state: tuple[int, ...], block: bytes) -> tuple[int, ...]:
    words = list(struct.unpack(">16I", block))
    for j in range(16, 68):
        x = words[j - 16] ^ words[j - 9] ^ _turned(words[j - 3], 15)
        words.append(x ^ _turned(x, 15) ^ _turned(x, 23) ^ _turned(words[j - 13], 7) ^ words[j - 6])
    a, b, c, d, e, f, g, h = state
    for j in range(64):
        early = j < 16
        constant = _turned(0x79CC4519 if early else 0x7A879D8A, j)
        ss1 = _turned((_turned(a, 12) + e + constant) & _MASK, 7)
        ff = a ^ b ^ c if early else a & b | a & c | b & c
        gg = e ^ f ^ g if early else e & f | ~e & g
        tt1 = (ff + d + (ss1 ^ _turned(a, 12)) + (words[j] ^ words[j + 4])) & _MASK
        tt2 = (gg + h + ss1 + words[j]) & _MASK
        a, b, c, d = tt1, a, _turned(b, 9), c
        e, f, g, h = tt2 ^ _turned(tt2, 9) ^ _turned(tt2, 17), e, _turned(f, 19), g
    return tuple(old ^ new for old, new in zip(state, (a, b, c, d, e, f, g, h), strict=True))


def _sum(one: Point, other: Point) -> Point:
    if one is None or other is None:
        return one or other
    (x1, y1), (x2, y2) = one, other
    if x1 == x2 and (y1 + y2) % curve.P == 0:
        return None
    if one == other:
        slope = (3 * x1 * x1 + curve.A) * pow(2 * y1, -1, curve.P)
    else:
        slope = (y2 - y1) * pow(x2 - x1, -1, curve.P)
    x = (slope * slope - x1 - x2) % curve.P
    return x, (slope * (x1 - x) - y1) % curve.P


def _product(scalar: int, point: Point) -> Point:
    found: Point = None
    for bit in bin(scalar)[2:]:
        found = _sum(found, found)
        if bit == "1":
            found = _sum(found, point)
    return found
