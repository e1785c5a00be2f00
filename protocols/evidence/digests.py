"""The two digests that evidence may use, both of 32 bytes. SM3 comes through `protocols.guomi`."""

from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from typing import Final

from .canonical import EvidenceError

SM3: Final = "sm3"
SHA256: Final = "sha256"
ALGORITHMS: Final = (SM3, SHA256)
DIGEST_BYTES: Final = 32

Digest = Callable[[bytes], bytes]


def digest_of(algorithm: str) -> Digest:
    """The function. Raises EvidenceError for a name that is none of ALGORITHMS."""
    if algorithm == SHA256:
        return _sha256
    if algorithm == SM3:
        return _sm3()
    raise EvidenceError(f"algorithm: {algorithm!r}; there are {', '.join(ALGORITHMS)}")


def _sha256(data: bytes) -> bytes:
    return sha256(data).digest()


@lru_cache(maxsize=1)
def _sm3() -> Digest:
    # Only here: a chain under SHA-256 verifies on a machine without any provider.
    from protocols.guomi import choose  # noqa: PLC0415

    return choose().sm3
