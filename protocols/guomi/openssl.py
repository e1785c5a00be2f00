"""`cryptography` (OpenSSL) as provider of SM3 and SM4; it has no SM2."""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, modes

try:
    from cryptography.hazmat.primitives.ciphers.algorithms import SM4
except ImportError:  # newer versions move it
    from cryptography.hazmat.decrepit.ciphers.algorithms import SM4  # type: ignore[attr-defined, no-redef]

TAG_BYTES = 16


class OpensslSymmetric:
    """SM3 and SM4 by OpenSSL."""

    name = "cryptography"

    def sm3(self, data: bytes) -> bytes:
        """The digest, 32 bytes."""
        digest = hashes.Hash(hashes.SM3())
        digest.update(data)
        return digest.finalize()

    def sm4_ecb(self, key: bytes, data: bytes, encrypt: bool) -> bytes:
        """Whole blocks."""
        return _run(Cipher(SM4(key), modes.ECB()), data, encrypt)

    def sm4_cbc(self, key: bytes, iv: bytes, data: bytes, encrypt: bool) -> bytes:
        """Whole blocks."""
        return _run(Cipher(SM4(key), modes.CBC(iv)), data, encrypt)

    def sm4_gcm_seal(self, key: bytes, nonce: bytes, data: bytes, aad: bytes) -> bytes:
        """Cipher text ‖ tag."""
        worker = Cipher(SM4(key), modes.GCM(nonce)).encryptor()
        worker.authenticate_additional_data(aad)
        return worker.update(data) + worker.finalize() + worker.tag

    def sm4_gcm_open(self, key: bytes, nonce: bytes, sealed: bytes, aad: bytes) -> bytes | None:
        """The plain text or None."""
        worker = Cipher(SM4(key), modes.GCM(nonce, sealed[-TAG_BYTES:])).decryptor()
        worker.authenticate_additional_data(aad)
        try:
            return worker.update(sealed[:-TAG_BYTES]) + worker.finalize()
        except InvalidTag:
            return None


def _run(cipher: Cipher, data: bytes, encrypt: bool) -> bytes:  # type: ignore[type-arg]
    worker = cipher.encryptor() if encrypt else cipher.decryptor()
    return bytes(worker.update(data) + worker.finalize())
