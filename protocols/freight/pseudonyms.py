"""Keyed hashes that join what masks hide: the same person, the same hash, within one epoch.

A hash under a key is still personal information, only less easily read: guard the keys, retire the epochs.
"""

import hmac
from collections.abc import Mapping
from typing import Final

from protocols.guomi import Guomi

KEY_BYTES_MIN: Final = 16
HASH_BYTES: Final = 16
SM3: Final = "sm3"
SHA256: Final = "sha256"


class PseudonymError(ValueError):
    """No key for the epoch, or a key that is none. Never tells the key or the value."""


class Pseudonyms:
    """keys: epoch (such as "2026Q1") → key of at least 16 bytes. algorithm: HMAC over sm3 or sha256.

    Raises PseudonymError for a short key or an unknown algorithm.
    """

    def __init__(self, guomi: Guomi, keys: Mapping[str, bytes], algorithm: str = SM3) -> None:
        if algorithm not in (SM3, SHA256):
            raise PseudonymError(f"algorithm: {algorithm!r}; there are {SM3}, {SHA256}")
        for epoch, key in keys.items():
            if len(key) < KEY_BYTES_MIN or not epoch or ":" in epoch:
                raise PseudonymError(f"epoch {epoch!r}: no colon, and a key of {KEY_BYTES_MIN} bytes or more")
        self._guomi = guomi
        self._keys = dict(keys)
        self._algorithm = algorithm

    def of(self, epoch: str, item: str, value: str) -> str:
        """epoch:hex. item ("identity", "phone", …) keeps equal digits of different meaning apart.

        Raises PseudonymError when there is no key for the epoch: it was retired, or never made.
        """
        key = self._keys.get(epoch)
        if key is None:
            raise PseudonymError(f"epoch {epoch!r}: there is no key")
        message = f"{item}\0{value}".encode()
        if self._algorithm == SM3:
            digest = self._guomi.sm3_hmac(key, message)
        else:
            digest = hmac.digest(key, message, "sha256")
        return f"{epoch}:{digest[:HASH_BYTES].hex()}"

    def retire(self, epoch: str) -> None:
        """Forgets the key: no new value can be joined to hashes of that epoch."""
        self._keys.pop(epoch, None)


def quarter_of(day: str) -> str:
    """The epoch of a day YYYYMMDD: "2026Q1"."""
    return f"{day[:4]}Q{(int(day[4:6]) + 2) // 3}"
