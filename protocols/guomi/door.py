"""The door itself: checks every argument, hashes, pads, and hands the arithmetic to a provider."""

import hmac
import secrets
from collections.abc import Callable
from typing import Final

from . import curve
from .errors import GuomiError, IntegrityError
from .provider import Provider, Sm2Provider

SM4_BYTES: Final = 16
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
SM3_BLOCK_BYTES: Final = 64
SM2_PLAIN_BYTES_MAX: Final = (
    255  # keys are what SM2 encrypts here; more is not needed and one provider stops there
)
C1C3C2: Final = "C1C3C2"  # GB/T 32918.4-2016
C1C2C3: Final = "C1C2C3"  # the older order, which some platforms still use


class Guomi:
    """SM2, SM3, SM4 with one provider for hash and cipher and one for the curve. Holds no keys."""

    def __init__(self, symmetric: Provider, asymmetric: Sm2Provider) -> None:
        self._symmetric = symmetric
        self._asymmetric = asymmetric

    @property
    def providers(self) -> dict[str, str]:
        """Who does the work, for people: {"sm3, sm4": name, "sm2": name}."""
        return {"sm3, sm4": self._symmetric.name, "sm2": self._asymmetric.name}

    def sm3(self, data: bytes) -> bytes:
        """The SM3 digest, 32 bytes (GB/T 32905)."""
        return self._symmetric.sm3(bytes(data))

    def sm3_hmac(self, key: bytes, data: bytes) -> bytes:
        """HMAC (RFC 2104) over SM3, 32 bytes."""
        block = self.sm3(key) if len(key) > SM3_BLOCK_BYTES else bytes(key)
        block = block.ljust(SM3_BLOCK_BYTES, b"\0")
        inner = self.sm3(bytes(byte ^ 0x36 for byte in block) + data)
        return self.sm3(bytes(byte ^ 0x5C for byte in block) + inner)

    def sm4_gcm_encrypt(self, key: bytes, nonce: bytes, plain: bytes, aad: bytes = b"") -> bytes:
        """Cipher text ‖ 16-byte tag (RFC 8998). A nonce of 12 bytes must never be used twice with one key.

        Raises GuomiError for a key or nonce of another length.
        """
        _need("key", key, SM4_BYTES)
        _need("nonce", nonce, NONCE_BYTES)
        return self._symmetric.sm4_gcm_seal(key, nonce, bytes(plain), bytes(aad))

    def sm4_gcm_decrypt(self, key: bytes, nonce: bytes, sealed: bytes, aad: bytes = b"") -> bytes:
        """The plain text. Raises IntegrityError when anything was changed; GuomiError for wrong lengths."""
        _need("key", key, SM4_BYTES)
        _need("nonce", nonce, NONCE_BYTES)
        if len(sealed) < TAG_BYTES:
            raise IntegrityError(f"sealed text: {len(sealed)} bytes, the tag alone has {TAG_BYTES}")
        plain = self._symmetric.sm4_gcm_open(key, nonce, bytes(sealed), bytes(aad))
        if plain is None:
            raise IntegrityError("sealed text: changed, or of another key, nonce or context")
        return plain

    def sm4_cbc_encrypt(self, key: bytes, iv: bytes, plain: bytes) -> bytes:
        """PKCS#7-padded CBC. No integrity: add an HMAC or use GCM. Raises GuomiError for wrong lengths."""
        _need("key", key, SM4_BYTES)
        _need("iv", iv, SM4_BYTES)
        return self._symmetric.sm4_cbc(key, iv, _padded(plain), True)

    def sm4_cbc_decrypt(self, key: bytes, iv: bytes, cipher: bytes) -> bytes:
        """Turns `sm4_cbc_encrypt` back. Raises GuomiError: wrong lengths, or a padding that is none."""
        _need("key", key, SM4_BYTES)
        _need("iv", iv, SM4_BYTES)
        _need_blocks(cipher)
        return _unpadded(self._symmetric.sm4_cbc(key, iv, bytes(cipher), False))

    def sm4_ecb_encrypt(self, key: bytes, plain: bytes) -> bytes:
        """PKCS#7-padded ECB, for platforms that ask for it only: equal blocks stay equal to the eye."""
        _need("key", key, SM4_BYTES)
        return self._symmetric.sm4_ecb(key, _padded(plain), True)

    def sm4_ecb_decrypt(self, key: bytes, cipher: bytes) -> bytes:
        """Turns `sm4_ecb_encrypt` back. Raises GuomiError: wrong lengths, or a padding that is none."""
        _need("key", key, SM4_BYTES)
        _need_blocks(cipher)
        return _unpadded(self._symmetric.sm4_ecb(key, bytes(cipher), False))

    def sm2_new_key(self) -> tuple[bytes, bytes]:
        """(private d of 32 bytes, public x ‖ y of 64) from the system's randomness."""
        private = curve.to_bytes(1 + secrets.randbelow(curve.N - 2))
        return private, self._asymmetric.public_of(private)

    def sm2_public_of(self, private: bytes) -> bytes:
        """The public key x ‖ y. Raises GuomiError for a private key out of range."""
        return self._asymmetric.public_of(curve.private_bytes(private))

    def sm2_sign(self, private: bytes, data: bytes, identity: bytes = curve.DEFAULT_ID) -> bytes:
        """r ‖ s (64 bytes) over SM3(Z ‖ data), GB/T 32918.2. Raises GuomiError for a bad key or id."""
        private = curve.private_bytes(private)
        public = self._asymmetric.public_of(private)
        return self._asymmetric.sign(private, self._digest(public, data, identity))

    def sm2_verify(
        self, public: bytes, data: bytes, signature: bytes, identity: bytes = curve.DEFAULT_ID
    ) -> bool:
        """Whether the signature fits; False for any signature that does not, whatever its bytes.

        Raises GuomiError for a public key that is none: that is the verifier's own trust list.
        """
        public = curve.public_bytes(public)
        if not curve.signature_in_range(signature):
            return False
        return self._asymmetric.verify(public, self._digest(public, data, identity), bytes(signature))

    def sm2_encrypt(self, public: bytes, plain: bytes, order: str = C1C3C2) -> bytes:
        """04 ‖ C1 ‖ C3 ‖ C2, or C1C2C3 for older platforms (GB/T 32918.4). 1…255 bytes: a key, say.

        Raises GuomiError for a bad key, an empty or a longer text.
        """
        public = curve.public_bytes(public)
        if not 1 <= len(plain) <= SM2_PLAIN_BYTES_MAX:
            raise GuomiError(f"plain text: {len(plain)} bytes, 1 to {SM2_PLAIN_BYTES_MAX} are possible")
        c1, c2, c3 = self._asymmetric.encrypt(public, bytes(plain))
        return bytes([curve.UNCOMPRESSED]) + c1 + (c3 + c2 if _new_order(order) else c2 + c3)

    def sm2_decrypt(self, private: bytes, cipher: bytes, order: str = C1C3C2) -> bytes:
        """The plain text; C3 is compared. The leading 04 may be absent.

        Raises IntegrityError when the cipher text was changed or is another key's; GuomiError for a bad key.
        """
        private = curve.private_bytes(private)
        c1, c2, c3 = _parts(cipher, order)
        plain = self._asymmetric.decrypt(private, c1, c2, c3)
        if plain is None:
            raise IntegrityError("cipher text: changed, or of another key")
        return plain

    def _digest(self, public: bytes, data: bytes, identity: bytes) -> bytes:
        return self.sm3(self.sm3(curve.identity_preimage(public, identity)) + data)


def same(one: bytes, other: bytes) -> bool:
    """Compares secrets without telling by the time where they differ."""
    return hmac.compare_digest(one, other)


def available() -> dict[str, Callable[[], Guomi]]:
    """The providers that this machine has, best first: name → maker. gmssl always comes along."""
    makers: dict[str, Callable[[], Guomi]] = {}
    for name, maker in _MAKERS.items():
        try:
            maker()
        except ImportError:
            continue
        makers[name] = maker
    return makers


def choose(name: str = "auto") -> Guomi:
    """The door with the provider of this name: gmssl-pyx, cryptography (SM2 by gmssl), gmssl; auto: the best.

    Raises GuomiError for a name that is not known or not installed here.
    """
    makers = available()
    if name == "auto":
        return next(iter(makers.values()))()
    if name not in makers:
        raise GuomiError(f"provider {name!r} is not here; there are: auto, {', '.join(makers)}")
    return makers[name]()


def _with_pyx() -> Guomi:
    from .pyx import PyxSm2, PyxSymmetric  # noqa: PLC0415  # a wheel that not every machine has

    return Guomi(PyxSymmetric(), PyxSm2())


def _with_cryptography() -> Guomi:
    from .gmssl_hardened import HardenedSm2  # noqa: PLC0415
    from .openssl import OpensslSymmetric  # noqa: PLC0415

    return Guomi(OpensslSymmetric(), HardenedSm2(OpensslSymmetric().sm3))


def _with_gmssl() -> Guomi:
    from .gmssl_hardened import GmsslSymmetric, HardenedSm2  # noqa: PLC0415

    return Guomi(GmsslSymmetric(), HardenedSm2(GmsslSymmetric().sm3))


_MAKERS: Final = {"gmssl-pyx": _with_pyx, "cryptography": _with_cryptography, "gmssl": _with_gmssl}


def _new_order(order: str) -> bool:
    if order not in (C1C3C2, C1C2C3):
        raise GuomiError(f"order {order!r}: it is {C1C3C2} or {C1C2C3}")
    return order == C1C3C2


def _parts(cipher: bytes, order: str) -> tuple[bytes, bytes, bytes]:
    """(C1, C2, C3). A C1 without prefix may begin with 04 too: the curve tells which it is."""
    errors = []
    for skip in (1, 0):
        body = bytes(cipher[skip:])
        if skip and cipher[:1] != bytes([curve.UNCOMPRESSED]):
            continue
        if not curve.PUBLIC_BYTES + 32 < len(body) <= curve.PUBLIC_BYTES + 32 + SM2_PLAIN_BYTES_MAX:
            continue
        try:
            c1 = curve.public_bytes(body[: curve.PUBLIC_BYTES])
        except GuomiError as error:
            errors.append(error)
            continue
        rest = body[curve.PUBLIC_BYTES :]
        return (c1, rest[32:], rest[:32]) if _new_order(order) else (c1, rest[:-32], rest[-32:])
    reason = "C1 is not on the SM2 curve" if errors else f"{len(cipher)} bytes are no SM2 cipher text"
    raise IntegrityError(f"cipher text: {reason}")


def _need(name: str, value: bytes, count: int) -> None:
    if len(value) != count:
        raise GuomiError(f"{name}: {len(value)} bytes, {count} are needed")


def _need_blocks(cipher: bytes) -> None:
    if not cipher or len(cipher) % SM4_BYTES:
        raise GuomiError(f"cipher text: {len(cipher)} bytes are not whole blocks of {SM4_BYTES}")


def _padded(plain: bytes) -> bytes:
    count = SM4_BYTES - len(plain) % SM4_BYTES
    return bytes(plain) + bytes([count]) * count


def _unpadded(data: bytes) -> bytes:
    count = data[-1]
    if not 1 <= count <= SM4_BYTES or data[-count:] != bytes([count]) * count:
        raise GuomiError("cipher text: its padding is none: another key, or changed")
    return data[:-count]
