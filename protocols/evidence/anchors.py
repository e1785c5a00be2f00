"""Anchors: one published root over the heads of many chains, each anchor naming the one before it.

Whoever keeps an anchor can tell later whether a story was rewritten since. A signature is optional here,
because an anchor also travels in a signed envelope; a bundle that is to convince strangers has signed ones.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from .canonical import EvidenceError, canonical, parse
from .chain import octets
from .digests import digest_of
from .merkle import inclusion_path, leaf_hash, root_of

SCHEMA: Final = "dianyun.anchor/1"
HEADS_MAX: Final = 100_000
SIGNATURE_BYTES: Final = 64  # SM2, r ‖ s
_SIGNED: Final = b"anchor\0"
_KEYS: Final = frozenset(
    (
        "schema",
        "algorithm",
        "gateway",
        "number",
        "issued_at_ms",
        "count",
        "root",
        "previous",
        "key",
        "signature",
    )
)

Signer = Callable[[bytes], bytes]
"""Gives r ‖ s over the bytes: `Guomi.sm2_sign` with the key filled in."""


@dataclass(frozen=True, slots=True)
class Head:
    """A chain as an anchor sees it: its subject, its last link's index and hash."""

    subject: str
    index: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Anchor:
    """number counts from 1 for each gateway. root: over `count` heads in order of subject. previous: hash of
    the anchor before, zeros for the first. key: id of the signing key; signature: SM2 r ‖ s, or nothing."""

    algorithm: str
    gateway: str
    number: int
    issued_at_ms: int
    count: int
    root: bytes
    previous: bytes
    key: str = ""
    signature: bytes = b""


def anchor_heads(
    unsigned: Anchor, heads: Sequence[Head], key: str = "", signer: Signer | None = None
) -> tuple[Anchor, list[tuple[Head, int, tuple[bytes, ...]]]]:
    """(anchor, each head with its leaf index and path). Of `unsigned`, count and root are filled in.

    Raises EvidenceError: no heads, too many, or two of one subject.
    """
    ordered = sorted(heads, key=lambda head: head.subject)
    if not 1 <= len(ordered) <= HEADS_MAX or len({head.subject for head in ordered}) < len(ordered):
        raise EvidenceError(f"heads: {len(ordered)}, 1 to {HEADS_MAX} of different subjects are possible")
    digest = digest_of(unsigned.algorithm)
    leaves = [leaf_hash(digest, leaf_of(head)) for head in ordered]
    anchor = replace(unsigned, count=len(leaves), root=root_of(digest, leaves), key=key, signature=b"")
    if signer is not None:
        anchor = replace(anchor, signature=signer(signed_part(anchor)))
    return anchor, [(head, at, inclusion_path(digest, leaves, at)) for at, head in enumerate(ordered)]


def leaf_of(head: Head) -> bytes:
    """What the anchor's tree hashes of a chain."""
    return canonical({"subject": head.subject, "index": head.index, "hash": head.hash.hex()})


def signed_part(anchor: Anchor) -> bytes:
    """What the signature is over."""
    fields = anchor_fields(anchor)
    del fields["signature"]
    return _SIGNED + canonical(fields)


def hash_of_anchor(anchor: Anchor) -> bytes:
    """What the next anchor names as `previous`: over everything, the signature too."""
    return digest_of(anchor.algorithm)(_SIGNED + encode_anchor(anchor))


def encode_anchor(anchor: Anchor) -> bytes:
    """The message of the anchors topic."""
    return canonical(anchor_fields(anchor))


def decode_anchor(data: bytes) -> Anchor:
    """The inverse. Raises EvidenceError; the signature is not checked here."""
    return anchor_of(parse(data))


def anchor_fields(anchor: Anchor) -> dict[str, Any]:
    """The JSON object."""
    return {
        "schema": SCHEMA,
        "algorithm": anchor.algorithm,
        "gateway": anchor.gateway,
        "number": anchor.number,
        "issued_at_ms": anchor.issued_at_ms,
        "count": anchor.count,
        "root": anchor.root.hex(),
        "previous": anchor.previous.hex(),
        "key": anchor.key,
        "signature": anchor.signature.hex(),
    }


def anchor_of(fields: Mapping[str, Any]) -> Anchor:
    """From a JSON object. Raises EvidenceError, naming the field."""
    if set(fields) != _KEYS or fields["schema"] != SCHEMA:
        raise EvidenceError("is no anchor")
    for name in ("number", "issued_at_ms", "count"):
        if type(fields[name]) is not int or fields[name] < 0:
            raise EvidenceError(f"{name}: is no count")
    for name in ("algorithm", "gateway", "key", "signature"):
        if not isinstance(fields[name], str):
            raise EvidenceError(f"{name}: is no text")
    digest_of(fields["algorithm"])
    return Anchor(
        fields["algorithm"],
        fields["gateway"],
        fields["number"],
        fields["issued_at_ms"],
        fields["count"],
        octets(fields, "root"),
        octets(fields, "previous"),
        fields["key"],
        octets(fields, "signature", SIGNATURE_BYTES) if fields["signature"] else b"",
    )
