"""HMAC-SHA256 (RFC 2104) for boards: MicroPython has the hash, and no `hmac`."""

import hashlib

BLOCK_BYTES = 64


class KeyedHash:
    """For long messages: `update` and, once, `digest`."""

    def __init__(self, key):
        if len(key) > BLOCK_BYTES:
            key = hashlib.sha256(key).digest()
        key = key + bytes(BLOCK_BYTES - len(key))
        self._outer = bytes([byte ^ 0x5C for byte in key])
        self._inner = hashlib.sha256(bytes([byte ^ 0x36 for byte in key]))

    def update(self, data):
        """The next bytes of the message."""
        self._inner.update(data)

    def digest(self):
        """The 32 bytes; the object is of no more use."""
        return hashlib.sha256(self._outer + self._inner.digest()).digest()


def hmac_sha256(key, message):
    """The 32 bytes for a key of bytes of any length."""
    keyed = KeyedHash(key)
    keyed.update(message)
    return keyed.digest()
