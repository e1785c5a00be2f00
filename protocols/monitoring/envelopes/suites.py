"""The two sets of algorithms. Each method does one step of an envelope and knows nothing of its format."""

import secrets
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, Protocol

from cryptography.exceptions import InvalidSignature, InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from protocols.guomi import Guomi, GuomiError, IntegrityError, choose
from protocols.wire.errors import LocalProtocolError

RSA_BITS: Final = 3072
RSA_BITS_MIN: Final = 2048
_LOADED_MAX: Final = 256
_OAEP: Final = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
_PSS: Final = padding.PSS(padding.MGF1(hashes.SHA256()), 32)  # salt as long as the digest


class Suite(Protocol):
    """number: of the profile in the head. kind: of its keys. Keys are bytes as `keys.Key` has them."""

    number: int
    kind: str
    content_key_bytes: int

    def new_pair(self) -> tuple[bytes, bytes]:
        """(private, public)."""

    def check(self, public: bytes, private: bytes) -> None:
        """Raises LocalProtocolError unless these are keys, and of one pair where both are given."""

    def wrap(self, public: bytes, content_key: bytes) -> bytes:
        """The content key for the owner of `public` alone."""

    def unwrap(self, private: bytes, wrapped: bytes) -> bytes | None:
        """The content key; None when the bytes are damaged or another's."""

    def seal(self, content_key: bytes, nonce: bytes, plain: bytes, context: bytes) -> bytes:
        """Cipher text and tag of 16 bytes; a nonce of 12 bytes, never used twice with one key."""

    def open(self, content_key: bytes, nonce: bytes, sealed: bytes, context: bytes) -> bytes | None:
        """The plain text; None when it was changed or the context is another."""

    def signature_bytes(self, private: bytes) -> int:
        """How long its signatures are."""

    def sign(self, private: bytes, data: bytes) -> bytes:
        """The signature."""

    def verify(self, public: bytes, data: bytes, signature: bytes) -> bool:
        """Whether it fits."""


class GuomiSuite:
    """SM4-GCM; the content key under SM2 (C1C3C2); SM2 signature r ‖ s over SM3 with the default identity."""

    number = 1
    kind = "sm2"
    content_key_bytes = 16

    def __init__(self, door: Guomi | None = None) -> None:
        self._door = door or choose()

    def new_pair(self) -> tuple[bytes, bytes]:
        """(d, x ‖ y)."""
        return self._door.sm2_new_key()

    def check(self, public: bytes, private: bytes) -> None:
        """A point on the curve, and its d."""
        try:
            self._door.sm2_verify(public, b"", bytes(63) + b"\1")
            fits = not private or self._door.sm2_public_of(private) == public
        except GuomiError as error:
            raise LocalProtocolError(f"no SM2 key: {error}", field="keys") from error
        if not fits:
            raise LocalProtocolError("private and public key are of two pairs", field="keys")

    def wrap(self, public: bytes, content_key: bytes) -> bytes:
        """04 ‖ C1 ‖ C3 ‖ C2."""
        return self._door.sm2_encrypt(public, content_key)

    def unwrap(self, private: bytes, wrapped: bytes) -> bytes | None:
        """The content key."""
        try:
            return self._door.sm2_decrypt(private, wrapped)
        except IntegrityError:
            return None

    def seal(self, content_key: bytes, nonce: bytes, plain: bytes, context: bytes) -> bytes:
        """SM4-GCM (RFC 8998)."""
        return self._door.sm4_gcm_encrypt(content_key, nonce, plain, context)

    def open(self, content_key: bytes, nonce: bytes, sealed: bytes, context: bytes) -> bytes | None:
        """The plain text."""
        try:
            return self._door.sm4_gcm_decrypt(content_key, nonce, sealed, context)
        except IntegrityError:
            return None

    def signature_bytes(self, private: bytes) -> int:
        """r ‖ s."""
        del private
        return 64

    def sign(self, private: bytes, data: bytes) -> bytes:
        """r ‖ s."""
        return self._door.sm2_sign(private, data)

    def verify(self, public: bytes, data: bytes, signature: bytes) -> bool:
        """Whether r ‖ s fits."""
        return self._door.sm2_verify(public, data, signature)


class RsaAesSuite:
    """AES-256-GCM; the content key under RSA-OAEP and signatures by RSA-PSS, both over SHA-256 with MGF1."""

    number = 2
    kind = "rsa"
    content_key_bytes = 32

    def new_pair(self) -> tuple[bytes, bytes]:
        """(PKCS#8, SubjectPublicKeyInfo), DER."""
        key = rsa.generate_private_key(65537, RSA_BITS)
        form = serialization.PrivateFormat.PKCS8
        private = key.private_bytes(serialization.Encoding.DER, form, serialization.NoEncryption())
        return private, _spki(key.public_key())

    def check(self, public: bytes, private: bytes) -> None:
        """RSA of 2,048 bits or more."""
        if _public(public).key_size < RSA_BITS_MIN:
            raise LocalProtocolError(f"RSA keys have {RSA_BITS_MIN} bits or more", field="keys")
        if private and _spki(_private(private).public_key()) != public:
            raise LocalProtocolError("private and public key are of two pairs", field="keys")

    def wrap(self, public: bytes, content_key: bytes) -> bytes:
        """RSA-OAEP."""
        return _public(public).encrypt(content_key, _OAEP)

    def unwrap(self, private: bytes, wrapped: bytes) -> bytes | None:
        """The content key."""
        try:
            return _private(private).decrypt(wrapped, _OAEP)
        except ValueError:
            return None

    def seal(self, content_key: bytes, nonce: bytes, plain: bytes, context: bytes) -> bytes:
        """AES-256-GCM."""
        return AESGCM(content_key).encrypt(nonce, plain, context)

    def open(self, content_key: bytes, nonce: bytes, sealed: bytes, context: bytes) -> bytes | None:
        """The plain text."""
        try:
            return AESGCM(content_key).decrypt(nonce, sealed, context)
        except InvalidTag:
            return None

    def signature_bytes(self, private: bytes) -> int:
        """As many as the modulus has."""
        return _private(private).key_size // 8

    def sign(self, private: bytes, data: bytes) -> bytes:
        """RSA-PSS."""
        return _private(private).sign(data, _PSS, hashes.SHA256())

    def verify(self, public: bytes, data: bytes, signature: bytes) -> bool:
        """Whether it fits."""
        try:
            _public(public).verify(signature, data, _PSS, hashes.SHA256())
        except InvalidSignature:
            return False
        return True


SUITES: Final[dict[str, type[GuomiSuite] | type[RsaAesSuite]]] = {"guomi": GuomiSuite, "rsa-aes": RsaAesSuite}


def fresh_content_key(suite: Suite) -> bytes:
    """From the system's randomness."""
    return secrets.token_bytes(suite.content_key_bytes)


def _spki(key: rsa.RSAPublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


@lru_cache(maxsize=_LOADED_MAX)
def _public(der: bytes) -> rsa.RSAPublicKey:
    return _loaded(lambda: serialization.load_der_public_key(der), rsa.RSAPublicKey)


@lru_cache(maxsize=_LOADED_MAX)
def _private(der: bytes) -> rsa.RSAPrivateKey:
    return _loaded(lambda: serialization.load_der_private_key(der, None), rsa.RSAPrivateKey)


def _loaded(load: Callable[[], Any], wanted: type[Any]) -> Any:
    try:
        key = load()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise LocalProtocolError("no RSA key in DER", field="keys") from None
    if not isinstance(key, wanted):
        raise LocalProtocolError("no RSA key in DER", field="keys")
    return key
