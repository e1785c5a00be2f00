"""What a provider offers: the arithmetic alone. The door has checked lengths, ranges and curve before."""

from typing import Protocol


class Provider(Protocol):
    """Keys are 16 bytes for SM4, 32 for an SM2 private key d, 64 (x ‖ y) for a public one; digests 32."""

    name: str

    def sm3(self, data: bytes) -> bytes:
        """The digest, 32 bytes."""

    def sm4_ecb(self, key: bytes, data: bytes, encrypt: bool) -> bytes:
        """Whole blocks, without padding."""

    def sm4_cbc(self, key: bytes, iv: bytes, data: bytes, encrypt: bool) -> bytes:
        """Whole blocks, without padding; iv 16 bytes."""

    def sm4_gcm_seal(self, key: bytes, nonce: bytes, data: bytes, aad: bytes) -> bytes:
        """Cipher text ‖ tag of 16 bytes; nonce 12 bytes."""

    def sm4_gcm_open(self, key: bytes, nonce: bytes, sealed: bytes, aad: bytes) -> bytes | None:
        """The plain text, None when the tag does not fit."""


class Sm2Provider(Protocol):
    """The asymmetric half."""

    name: str

    def sign(self, private: bytes, digest: bytes) -> bytes:
        """r ‖ s, 64 bytes, over e = digest, with a nonce that nobody can predict."""

    def verify(self, public: bytes, digest: bytes, signature: bytes) -> bool:
        """Whether r ‖ s fits."""

    def public_of(self, private: bytes) -> bytes:
        """x ‖ y of d·G."""

    def encrypt(self, public: bytes, plain: bytes) -> tuple[bytes, bytes, bytes]:
        """(C1 as x ‖ y, C2, C3)."""

    def decrypt(self, private: bytes, c1: bytes, c2: bytes, c3: bytes) -> bytes | None:
        """The plain text, None when C3 does not fit."""
