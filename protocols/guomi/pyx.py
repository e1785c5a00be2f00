"""gmssl-pyx (GmSSL in C) as provider. It writes a line of its own to stderr for each failed verification.

SM4 comes from `cryptography`. The private key's public half is computed by gmssl once.
"""

from functools import lru_cache
from typing import Any

import gmssl_pyx
from Cryptodome.Util.asn1 import DerInteger, DerOctetString, DerSequence

from . import curve
from .gmssl_hardened import multiply_base
from .openssl import OpensslSymmetric


class PyxSymmetric(OpensslSymmetric):
    """SM3 by GmSSL; SM4 by OpenSSL, whose GCM takes a sixth of the time."""

    name = "gmssl-pyx"

    def sm3(self, data: bytes) -> bytes:
        """The digest, 32 bytes."""
        return bytes(gmssl_pyx.sm3_hash(data))


class PyxSm2:
    """SM2 by GmSSL; its DER is turned into plain numbers here and back."""

    name = "gmssl-pyx"

    def public_of(self, private: bytes) -> bytes:
        """x ‖ y of d·G; remembered, for it is asked at each signature."""
        return _public_of(private)

    def sign(self, private: bytes, digest: bytes) -> bytes:
        """r ‖ s."""
        r, s = _members(gmssl_pyx.sm2_sign_sm3_digest(private, digest))
        return curve.to_bytes(r) + curve.to_bytes(s)

    def verify(self, public: bytes, digest: bytes, signature: bytes) -> bool:
        """Whether r ‖ s fits."""
        numbers = [int.from_bytes(signature[at : at + 32], "big") for at in (0, 32)]
        der = DerSequence([DerInteger(number) for number in numbers]).encode()
        try:
            return bool(gmssl_pyx.sm2_verify_sm3_digest(public, digest, der))
        except gmssl_pyx.GmsslInnerError:
            return False

    def encrypt(self, public: bytes, plain: bytes) -> tuple[bytes, bytes, bytes]:
        """(C1, C2, C3)."""
        x, y, c3, c2 = _members(gmssl_pyx.sm2_encrypt(public, plain))
        c1 = curve.to_bytes(x) + curve.to_bytes(y)
        return c1, DerOctetString().decode(c2).payload, DerOctetString().decode(c3).payload

    def decrypt(self, private: bytes, c1: bytes, c2: bytes, c3: bytes) -> bytes | None:
        """The plain text or None."""
        numbers = [DerInteger(int.from_bytes(c1[at : at + 32], "big")) for at in (0, 32)]
        der = DerSequence([*numbers, DerOctetString(c3), DerOctetString(c2)]).encode()
        try:
            return bytes(gmssl_pyx.sm2_decrypt(private, der))
        except gmssl_pyx.GmsslInnerError:
            return None


def _members(der: bytes) -> list[Any]:
    sequence: Any = DerSequence().decode(der)
    return list(sequence[:])


@lru_cache(maxsize=64)
def _public_of(private: bytes) -> bytes:
    return multiply_base(private)
