"""Merkle trees and inclusion proofs in the manner of RFC 6962: leaf H(00 ‖ data), node H(01 ‖ left ‖ right).

The prefixes keep a node from passing for a leaf. Of n leaves the largest power of two below n goes left.
"""

from collections.abc import Sequence
from typing import Final

from .digests import Digest

_LEAF: Final = b"\x00"
_NODE: Final = b"\x01"


def leaf_hash(digest: Digest, data: bytes) -> bytes:
    """The hash of one leaf."""
    return digest(_LEAF + data)


def root_of(digest: Digest, leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes, in their order; the digest of nothing for none.

    Pairs are joined level by level, a last one without partner moves up: the tree of RFC 6962's recursion.
    """
    if not leaves:
        return digest(b"")
    level = list(leaves)
    while len(level) > 1:
        level = _joined(digest, level)
    return level[0]


def inclusion_path(digest: Digest, leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The sisters from leaf `index` up to the root. Raises IndexError when there is no such leaf."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"leaf {index} of {len(leaves)}")
    path: list[bytes] = []
    level = list(leaves)
    while len(level) > 1:
        sister = index ^ 1
        if sister < len(level):
            path.append(level[sister])
        level, index = _joined(digest, level), index >> 1
    return tuple(path)


def root_by_path(digest: Digest, leaf: bytes, index: int, count: int, path: Sequence[bytes]) -> bytes | None:
    """The root that leaf and path lead to; None when the path is not as long as index and count ask for."""
    if not 0 <= index < count:
        return None
    sisters = iter(path)
    try:
        while count > 1:
            if index & 1:
                leaf = digest(_NODE + next(sisters) + leaf)
            elif index + 1 < count:
                leaf = digest(_NODE + leaf + next(sisters))
            index, count = index >> 1, (count + 1) >> 1
    except StopIteration:
        return None
    return leaf if next(sisters, None) is None else None


def _joined(digest: Digest, level: Sequence[bytes]) -> list[bytes]:
    pairs = len(level) // 2
    above = [digest(_NODE + level[2 * at] + level[2 * at + 1]) for at in range(pairs)]
    return above + list(level[2 * pairs :])
