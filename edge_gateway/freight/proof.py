"""Evidence in the book: chains of waybills and of verdicts, anchors over their heads, bundles out of them.

Links hold digests and commitments; what they commit to stands in `opening` and can be deleted without harm to
the chain. Everything is written in the turn that it tells of.
"""

import json
from array import array
from collections.abc import Mapping, Sequence
from typing import Any, Final

from protocols.evidence import (
    Anchor,
    AnchorLine,
    Chain,
    Head,
    Link,
    Opening,
    Story,
    anchor_heads,
    commitment,
    decode_anchor,
    decode_link,
    digest_of,
    encode_anchor,
    encode_link,
    leaf_hash,
    new_salt,
    root_of,
    write_bundle,
)
from protocols.evidence.anchors import HEADS_MAX, hash_of_anchor
from protocols.evidence.chain import COMMITMENTS, POSITIONS

from .book import Book
from .signing import Signing
from .waybills import Waybill

ZERO: Final = bytes(32)
PATH_STEP: Final = 32


class Evidence:
    """algorithm: sm3 or sha256, for new chains; a chain that was begun keeps its own. signing: how anchors
    are signed, at the time that it is told; None where nobody gave a key."""

    def __init__(self, book: Book, gateway: str, algorithm: str, signing: Signing | None = None) -> None:
        self._book, self._gateway, self._algorithm = book, gateway, algorithm
        self._signing = signing
        digest_of(algorithm)  # a wrong name is found at the start

    def append(
        self,
        subject: str,
        kind: str,
        at_ms: int,
        body: Mapping[str, Any],
        shown: Mapping[str, Mapping[str, Any]],
    ) -> Link:
        """A link; shown: name → data that it commits to, kept beside it. Within a turn."""
        digest = digest_of(self._algorithm_of(subject))
        salts = {name: new_salt() for name in shown}
        commitments = {name: commitment(digest, salts[name], data).hex() for name, data in shown.items()}
        link = self._append(subject, kind, at_ms, {**body, COMMITMENTS: commitments} if shown else dict(body))
        for name, data in shown.items():
            self._book.run(
                "INSERT INTO opening VALUES (?, ?, ?, ?, ?)",
                subject, link.index, name, salts[name], json.dumps(data, ensure_ascii=False),
            )  # fmt: skip
        return link

    def cover(self, waybill: Waybill, at_ms: int) -> Link | None:
        """A link over every position of the track; None when there is none. Within a turn."""
        rows = self._book.rows(
            "SELECT sequence, body FROM position WHERE waybill = ? ORDER BY time_s, sequence", waybill.id
        )
        if not rows:
            return None
        subject = subject_of(waybill)
        digest = digest_of(self._algorithm_of(subject))
        root = root_of(digest, [leaf_hash(digest, bytes(body)) for _, body in rows])
        link = self._append(subject, "track", at_ms, {POSITIONS: {"count": len(rows), "root": root.hex()}})
        sequences = array("q", [sequence for sequence, _ in rows]).tobytes()
        self._book.run("INSERT INTO covered VALUES (?, ?, ?, ?)", subject, link.index, waybill.id, sequences)
        return link

    def anchor(self, now_ms: int) -> Anchor | None:
        """One root over the heads that are new since the last anchor; None when none is. Heads of one
        algorithm at a time: ask until there is none. Within a turn."""
        first = self._book.row("SELECT algorithm FROM chain WHERE NOT anchored LIMIT 1")
        if first is None:
            return None
        algorithm = str(first[0])
        subjects = self._book.rows(
            "SELECT subject FROM chain WHERE NOT anchored AND algorithm = ? LIMIT ?", algorithm, HEADS_MAX
        )
        last = self._book.row("SELECT body FROM anchor ORDER BY number DESC LIMIT 1")
        before = decode_anchor(bytes(last[0])) if last else None
        number = before.number + 1 if before else 1
        previous = hash_of_anchor(before) if before else ZERO
        key, signer = self._signing(now_ms) if self._signing else ("", None)
        anchor, ways = anchor_heads(
            Anchor(algorithm, self._gateway, number, now_ms, 0, b"", previous),
            [self._head(subject) for (subject,) in subjects],
            key,
            signer,
        )
        self._book.run("INSERT INTO anchor VALUES (?, ?, 0)", number, encode_anchor(anchor))
        for head, leaf, path in ways:
            values = (head.subject, number, head.index, leaf, b"".join(path))
            self._book.run("INSERT INTO anchored VALUES (?, ?, ?, ?, ?)", *values)
            self._book.run("UPDATE chain SET anchored = 1 WHERE subject = ?", head.subject)
        return anchor

    def unpublished(self) -> list[tuple[int, bytes]]:
        """(number, message) of anchors that the broker has not confirmed, oldest first."""
        return [
            (number, bytes(body))
            for number, body in self._book.rows(
                "SELECT number, body FROM anchor WHERE NOT published ORDER BY number"
            )
        ]

    def published(self, number: int) -> None:
        """The broker has it."""
        with self._book.turn():
            self._book.run("UPDATE anchor SET published = 1 WHERE number = ?", number)

    def export(self, subject: str, opened: bool) -> bytes | None:
        """The bundle of one story; None when there is no such. opened: with the data behind the commitments.
        Raises EvidenceError for one that is too large."""
        return export(self._book, subject, opened)

    def _append(self, subject: str, kind: str, at_ms: int, body: Mapping[str, Any]) -> Link:
        algorithm, before = self._algorithm_of(subject), self._last(subject)
        length, head = (before.index + 1, before.hash) if before else (0, b"")
        link = Chain(subject, algorithm, length, head).append(kind, at_ms, body)
        self._book.run("INSERT INTO link VALUES (?, ?, ?)", subject, link.index, encode_link(link))
        self._book.run(
            "INSERT INTO chain VALUES (?, ?, 0) ON CONFLICT (subject) DO UPDATE SET anchored = 0",
            subject,
            algorithm,
        )
        return link

    def _algorithm_of(self, subject: str) -> str:
        return algorithm_of(self._book, subject) or self._algorithm

    def _last(self, subject: str) -> Link | None:
        found = self._book.row(
            "SELECT line FROM link WHERE subject = ? ORDER BY number DESC LIMIT 1", subject
        )
        return decode_link(bytes(found[0])) if found else None

    def _head(self, subject: str) -> Head:
        link = self._last(subject)
        assert link is not None, subject
        return Head(subject, link.index, link.hash)


def algorithm_of(book: Book, subject: str) -> str:
    """The hash of a chain that was begun; empty for one that was not."""
    found = book.row("SELECT algorithm FROM chain WHERE subject = ?", subject)
    return str(found[0]) if found else ""


def subject_of(waybill: Waybill) -> str:
    """The name of a waybill's chain."""
    return f"waybill/{waybill.key}"


def export(book: Book, subject: str, opened: bool) -> bytes | None:
    """See Evidence.export. In one turn: a link that comes meanwhile must not stand there by halves."""
    with book.turn():
        return _exported(book, subject, opened)


def _exported(book: Book, subject: str, opened: bool) -> bytes | None:
    lines = book.rows("SELECT line FROM link WHERE subject = ? ORDER BY number", subject)
    if not lines:
        return None
    links = [decode_link(bytes(line)) for (line,) in lines]
    found = book.rows(
        "SELECT number, name, salt, data FROM opening WHERE subject = ? ORDER BY number, name", subject
    )
    openings = [
        Opening(number, name, bytes(salt), json.loads(data)) for number, name, salt, data in found if opened
    ]
    covered = book.rows("SELECT number, waybill, sequences FROM covered WHERE subject = ?", subject)
    positions = (
        {number: _bodies(book, waybill, sequences) for number, waybill, sequences in covered}
        if opened
        else {}
    )
    anchors = [
        AnchorLine(decode_anchor(bytes(body)), link, leaf, _path(bytes(path)))
        for body, link, leaf, path in book.rows(
            "SELECT body, link, leaf, path FROM anchored JOIN anchor ON number = anchor WHERE subject = ?"
            " ORDER BY anchor",
            subject,
        )
    ]
    return write_bundle(Story(subject, algorithm_of(book, subject), links, openings, positions, {}, anchors))


def _bodies(book: Book, waybill: int, sequences: bytes) -> Sequence[bytes]:
    numbers = array("q")
    numbers.frombytes(sequences)
    rows = book.rows("SELECT sequence, body FROM position WHERE waybill = ?", waybill)
    by_sequence = {sequence: bytes(body) for sequence, body in rows}
    return [by_sequence[number] for number in numbers]


def _path(data: bytes) -> tuple[bytes, ...]:
    return tuple(data[at : at + PATH_STEP] for at in range(0, len(data), PATH_STEP))
