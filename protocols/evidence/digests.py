"""The two digests that evidence may use, both of 32 bytes. SM3 comes through `protocols.guomi`: by a
provider, or in plain Python where there is none."""

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
    # Only here: what verifies must not need more than it uses.
    from protocols.guomi import GuomiError, bare, choose  # noqa: PLC0415

    try:
        return choose().sm3
    except (GuomiError, StopIteration):  # a machine without any provider: slowly, but it verifies
        return bare.sm3
