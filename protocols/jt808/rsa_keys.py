"""RSA keys from PEM files, for the command `jt808`. Makes none and keeps none."""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from protocols.wire.errors import LocalProtocolError

from .body_encryption import BLOCK_BYTES, PrivateKey, PublicKey, is_modulus


def load_key(path: Path) -> tuple[PrivateKey | None, PublicKey]:
    """(private key, None in a file that has only the public one; public key) of a PEM file.

    Raises LocalProtocolError, which never says what is in the file: not readable, no RSA key, behind a
    password, or not of 1,024 bits, which is all that the messages can carry.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LocalProtocolError(f"{path}: {error.strerror}") from None
    own: PrivateKey | None = None
    try:
        if b"PRIVATE KEY" in data:
            private = serialization.load_pem_private_key(data, None)
            found: object = private.public_key()
            if isinstance(private, rsa.RSAPrivateKey):
                own = PrivateKey(private.private_numbers().d, private.private_numbers().public_numbers.n)
        else:
            found = serialization.load_pem_public_key(data)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise LocalProtocolError(f"{path}: no key in PEM without a password") from None
    if not isinstance(found, rsa.RSAPublicKey):
        raise LocalProtocolError(f"{path}: no RSA key")
    peer = PublicKey(found.public_numbers().e, found.public_numbers().n)
    if not is_modulus(peer.modulus):
        raise LocalProtocolError(f"{path}: a key of {8 * BLOCK_BYTES} bits is wanted, not {found.key_size}")
    return own, peer
