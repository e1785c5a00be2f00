"""The chain: each link's hash covers its contents and the hash before it. Append-only; pure."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from .canonical import EvidenceError, canonical, parse
from .digests import ALGORITHMS, DIGEST_BYTES, SM3, Digest, digest_of

FORMAT: Final = "dianyun.evidence/1"
SALT_BYTES: Final = 16
POSITIONS: Final = "positions"  # key of a link's body: {"count", "root"} of the positions it covers
COMMITMENTS: Final = "commitments"  # key of a link's body: name → commitment to data kept elsewhere
TEXT_MAX: Final = 200
_LINK: Final = b"link\0"
_COMMITMENT: Final = b"commitment\0"
_LINK_KEYS: Final = {"line", "index", "at_ms", "kind", "body", "previous", "hash"}


@dataclass(frozen=True, slots=True)
class Link:
    """index counts from 0. at_ms: Unix time. kind: what happened. body: canonical JSON, no personal data in
    clear. previous, hash: 32 bytes."""

    index: int
    at_ms: int
    kind: str
    body: Mapping[str, Any]
    previous: bytes
    hash: bytes


def header_fields(subject: str, algorithm: str) -> dict[str, Any]:
    """What a chain's first hash covers. Raises EvidenceError: unknown algorithm, unusable subject."""
    if algorithm not in ALGORITHMS:
        raise EvidenceError(f"algorithm: {algorithm!r}; there are {', '.join(ALGORITHMS)}")
    if not 1 <= len(subject) <= TEXT_MAX:
        raise EvidenceError(f"subject: {len(subject)} characters, 1 to {TEXT_MAX} are possible")
    return {"line": "header", "format": FORMAT, "algorithm": algorithm, "subject": subject}


def genesis_of(subject: str, algorithm: str) -> bytes:
    """What link 0 names as `previous`: it ties the chain to its subject and algorithm."""
    return digest_of(algorithm)(canonical(header_fields(subject, algorithm)))


class Chain:
    """Makes links. subject names the story: "waybill/NUMBER/SERIAL", "capacity/ID", ….

    To go on after a restart give `length` and `head` of the last link that was kept. Raises EvidenceError.
    """

    def __init__(self, subject: str, algorithm: str = SM3, length: int = 0, head: bytes = b"") -> None:
        genesis = genesis_of(subject, algorithm)
        if bool(length) != bool(head) or (head and len(head) != DIGEST_BYTES):
            raise EvidenceError(f"{subject}: length {length} with a head of {len(head)} bytes")
        self.subject = subject
        self.algorithm = algorithm
        self.length = length
        self.head = head or genesis
        self._digest = digest_of(algorithm)

    def append(self, kind: str, at_ms: int, body: Mapping[str, Any]) -> Link:
        """The next link. Keep it durably before telling anyone. Raises EvidenceError, naming the field."""
        if not 1 <= len(kind) <= TEXT_MAX:
            raise EvidenceError(f"kind: {len(kind)} characters, 1 to {TEXT_MAX} are possible")
        unhashed = Link(self.length, at_ms, kind, body, self.head, b"")
        link = replace(unhashed, hash=hash_of_link(self._digest, unhashed))
        self.length, self.head = link.index + 1, link.hash
        return link


def hash_of_link(digest: Digest, link: Link) -> bytes:
    """The hash that a link should have."""
    fields = _fields(link)
    del fields["hash"]
    return digest(_LINK + canonical(fields))


def encode_link(link: Link) -> bytes:
    """One line without its end: what a store keeps and a bundle holds."""
    return canonical(_fields(link))


def decode_link(line: bytes) -> Link:
    """The inverse; the hash is not checked here. Raises EvidenceError."""
    return link_of(parse(line))


def link_of(fields: Mapping[str, Any]) -> Link:
    """A link from a line's fields. Raises EvidenceError."""
    if set(fields) != _LINK_KEYS or fields["line"] != "link":
        raise EvidenceError("is no link")
    index, at_ms, kind, body = (fields[name] for name in ("index", "at_ms", "kind", "body"))
    if type(index) is not int or type(at_ms) is not int or not isinstance(kind, str):
        raise EvidenceError("index, at_ms or kind is of a wrong type")
    if not isinstance(body, dict):
        raise EvidenceError("body is no object")
    return Link(index, at_ms, kind, body, octets(fields, "previous"), octets(fields, "hash"))


def octets(fields: Mapping[str, Any], name: str, count: int = DIGEST_BYTES) -> bytes:
    """The bytes of a lower-case hex field. Raises EvidenceError."""
    value = fields.get(name)
    try:
        data = bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError:
        data = b""
    if len(data) != count or data.hex() != value:
        raise EvidenceError(f"{name}: {count} bytes in hex are needed")
    return data


def new_salt() -> bytes:
    """For `commitment`: without it a commitment to little data could be guessed."""
    return secrets.token_bytes(SALT_BYTES)


def commitment(digest: Digest, salt: bytes, data: Mapping[str, Any]) -> bytes:
    """Ties a link to data that is kept, shown or deleted elsewhere, salt and all. Raises EvidenceError."""
    if len(salt) != SALT_BYTES:
        raise EvidenceError(f"salt: {len(salt)} bytes, {SALT_BYTES} are needed")
    return digest(_COMMITMENT + salt + canonical(data))


def _fields(link: Link) -> dict[str, Any]:
    return {
        "line": "link",
        "index": link.index,
        "at_ms": link.at_ms,
        "kind": link.kind,
        "body": link.body,
        "previous": link.previous.hex(),
        "hash": link.hash.hex(),
    }
