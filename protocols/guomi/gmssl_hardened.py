"""gmssl 3.2.2 as provider, with what it lacks: pure Python, everywhere installable, slow.

Of gmssl's SM2 only the arithmetic of points is used. Its nonces come from a Mersenne Twister (one signature
gives the key away), its verification checks no range, its decryption does not compare C3, and its key
parsing eats leading zeros and fours: all of that is done here or in `curve`. Python's integers take time
that depends on their value: sign where nobody can measure, or with the other provider.
"""

import secrets
from collections.abc import Callable
from typing import Any, Final

from gmssl import sm2, sm3
from gmssl.sm4 import SM4_DECRYPT, SM4_ENCRYPT, CryptSM4

from . import curve
from .ghash import ghash

BLOCK: Final = 16
_MASK_128: Final = (1 << 128) - 1
_G: Final = f"{curve.GX:064x}{curve.GY:064x}"
_points: Final = sm2.CryptSM2(private_key="", public_key="")

Hash = Callable[[bytes], bytes]


class GmsslSymmetric:
    """SM3 and SM4 in pure Python; modes of our own over its block cipher."""

    name = "gmssl"

    def sm3(self, data: bytes) -> bytes:
        """The digest, 32 bytes."""
        return bytes.fromhex(sm3.sm3_hash(list(data)))

    def sm4_ecb(self, key: bytes, data: bytes, encrypt: bool) -> bytes:
        """Whole blocks."""
        cipher = _cipher(key, encrypt)
        return b"".join(_block(cipher, data[at : at + BLOCK]) for at in range(0, len(data), BLOCK))

    def sm4_cbc(self, key: bytes, iv: bytes, data: bytes, encrypt: bool) -> bytes:
        """Whole blocks."""
        cipher, before, out = _cipher(key, encrypt), iv, []
        for at in range(0, len(data), BLOCK):
            block = data[at : at + BLOCK]
            if encrypt:
                before = _block(cipher, _xor(block, before))
                out.append(before)
            else:
                out.append(_xor(_block(cipher, block), before))
                before = block
        return b"".join(out)

    def sm4_gcm_seal(self, key: bytes, nonce: bytes, data: bytes, aad: bytes) -> bytes:
        """Cipher text ‖ tag."""
        cipher = _cipher(key, True)
        sealed = _counter_mode(cipher, nonce, data)
        return sealed + _tag(cipher, nonce, sealed, aad)

    def sm4_gcm_open(self, key: bytes, nonce: bytes, sealed: bytes, aad: bytes) -> bytes | None:
        """The plain text or None."""
        cipher = _cipher(key, True)
        body, tag = sealed[:-BLOCK], sealed[-BLOCK:]
        if not secrets.compare_digest(_tag(cipher, nonce, body, aad), tag):
            return None
        return _counter_mode(cipher, nonce, body)


class HardenedSm2:
    """SM2 of GB/T 32918 over gmssl's point arithmetic."""

    name = "gmssl, hardened"

    def __init__(self, sm3_of: Hash) -> None:
        self._sm3 = sm3_of

    def public_of(self, private: bytes) -> bytes:
        """x ‖ y of d·G."""
        return multiply_base(private)

    def sign(self, private: bytes, digest: bytes) -> bytes:
        """r ‖ s; a fresh nonce from the system's randomness."""
        d, e = int.from_bytes(private, "big"), int.from_bytes(digest, "big")
        while True:
            k = 1 + secrets.randbelow(curve.N - 1)
            x, _ = _multiply(k, _G)
            r = (e + x) % curve.N
            s = pow(1 + d, -1, curve.N) * (k - r * d) % curve.N
            if r and s and r + k != curve.N:
                return curve.to_bytes(r) + curve.to_bytes(s)

    def verify(self, public: bytes, digest: bytes, signature: bytes) -> bool:
        """Whether r ‖ s fits; ranges were checked at the door."""
        try:
            return bool(_verifier(public).verify(signature.hex(), digest))
        except TypeError:  # s·G + t·P is the point at infinity, for which gmssl has None
            return False

    def encrypt(self, public: bytes, plain: bytes) -> tuple[bytes, bytes, bytes]:
        """(C1, C2, C3)."""
        while True:
            k = 1 + secrets.randbelow(curve.N - 1)
            shared = b"".join(map(curve.to_bytes, _multiply(k, public.hex())))
            mask = self._kdf(shared, len(plain))
            if any(mask):  # GB/T 32918.4 step A5: a mask of zeros would show the text
                c1 = multiply_base(curve.to_bytes(k))
                return c1, _xor(plain, mask), self._sm3(shared[:32] + plain + shared[32:])

    def decrypt(self, private: bytes, c1: bytes, c2: bytes, c3: bytes) -> bytes | None:
        """The plain text or None."""
        shared = b"".join(map(curve.to_bytes, _multiply(int.from_bytes(private, "big"), c1.hex())))
        plain = _xor(c2, self._kdf(shared, len(c2)))
        fits = secrets.compare_digest(self._sm3(shared[:32] + plain + shared[32:]), c3)
        return plain if fits else None

    def _kdf(self, shared: bytes, count: int) -> bytes:
        blocks = range(1, -(-count // 32) + 1)
        return b"".join(self._sm3(shared + number.to_bytes(4, "big")) for number in blocks)[:count]


def multiply_base(scalar: bytes) -> bytes:
    """x ‖ y of scalar·G."""
    return b"".join(map(curve.to_bytes, _multiply(int.from_bytes(scalar, "big"), _G)))


def _multiply(scalar: int, point: str) -> tuple[int, int]:
    """scalar·point, the point as 128 hex digits. 1 ≤ scalar < n and a point of the curve: never infinity."""
    product = _points._kg(scalar, point)
    return int(product[:64], 16), int(product[64:], 16)


def _verifier(public: bytes) -> Any:
    verifier = sm2.CryptSM2(private_key="", public_key="")
    verifier.public_key = public.hex()  # its constructor would eat leading zeros and fours
    return verifier


def _cipher(key: bytes, encrypt: bool) -> CryptSM4:
    cipher = CryptSM4()
    cipher.set_key(key, SM4_ENCRYPT if encrypt else SM4_DECRYPT)
    return cipher


def _block(cipher: CryptSM4, block: bytes) -> bytes:
    return bytes(cipher.one_round(cipher.sk, list(block)))


def _counter_mode(cipher: CryptSM4, nonce: bytes, data: bytes) -> bytes:
    starts = range(0, len(data), BLOCK)
    stream = b"".join(_block(cipher, nonce + (at // BLOCK + 2).to_bytes(4, "big")) for at in starts)
    return _xor(data, stream[: len(data)])


def _tag(cipher: CryptSM4, nonce: bytes, sealed: bytes, aad: bytes) -> bytes:
    digest = ghash(_block(cipher, bytes(BLOCK)), aad, sealed)
    return _xor(digest, _block(cipher, nonce + b"\0\0\0\1"))


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).to_bytes(len(one), "big")
