"""HMAC-SHA256 (RFC 2104) for boards: MicroPython has the hash, and no `hmac`."""

import hashlib

BLOCK_BYTES = 64


def hmac_sha256(key, message):
    """The 32 bytes for a key of bytes of any length."""
    if len(key) > BLOCK_BYTES:
        key = hashlib.sha256(key).digest()
    key = key + bytes(BLOCK_BYTES - len(key))
    inner = hashlib.sha256(bytes([byte ^ 0x36 for byte in key]) + message).digest()
    return hashlib.sha256(bytes([byte ^ 0x5C for byte in key]) + inner).digest()
