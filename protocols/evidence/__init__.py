"""Proof of what happened: append-only hash chains, Merkle roots over positions, anchors, one-file bundles.

A chain tells one story (a waybill's life, a capacity event). Its links hold digests and commitments, never
a person's data in clear, so that data can be deleted and the chain still stands. Opens no socket, reads no
clock and no key file; `python -m protocols.evidence verify FILE` needs nothing of ours beyond `protocols`.
It proves order and integrity since the last published anchor, not that what was written was true.
"""

from .anchors import Anchor, Head, anchor_heads, decode_anchor, encode_anchor
from .bundle import AnchorLine, Opening, Story, write_bundle
from .canonical import EvidenceError, canonical
from .chain import Chain, Link, commitment, decode_link, encode_link, new_salt
from .digests import ALGORITHMS, SHA256, SM3, digest_of
from .merkle import inclusion_path, leaf_hash, root_of
from .verify import Report, verify_bundle

__all__ = [
    "ALGORITHMS",
    "SHA256",
    "SM3",
    "Anchor",
    "AnchorLine",
    "Chain",
    "EvidenceError",
    "Head",
    "Link",
    "Opening",
    "Report",
    "Story",
    "anchor_heads",
    "canonical",
    "commitment",
    "decode_anchor",
    "decode_link",
    "digest_of",
    "encode_anchor",
    "encode_link",
    "inclusion_path",
    "leaf_hash",
    "new_salt",
    "root_of",
    "verify_bundle",
    "write_bundle",
]
