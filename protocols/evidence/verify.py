"""Reads a bundle again and says whether it holds, or what is the first thing in it that does not.

Knows nothing but the file, and what it is given: public keys to trust, anchors that the authority published.
"""

import base64
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from .anchors import Anchor, Head, anchor_of, hash_of_anchor, leaf_of, signed_part
from .bundle import END, LINES_MAX
from .canonical import EvidenceError, canonical, parse
from .chain import (
    COMMITMENTS,
    POSITIONS,
    Link,
    commitment,
    genesis_of,
    hash_of_link,
    header_fields,
    link_of,
    octets,
)
from .digests import SHA256, Digest, digest_of
from .merkle import leaf_hash, root_by_path, root_of

_KIND: Final = re.compile(rb'"line":"(header|link|opening|position|anchor|end)"')

Check = Callable[[str, bytes, bytes], bool | None]
"""(key id, signed bytes, signature) → whether it fits; None for a key that is not known."""


@dataclass(frozen=True)
class Report:
    """broken: "" when everything holds, else the first thing that does not: "link 3", "position 5 of link 2",
    "anchor 4", "opening of link 0", "header", "end"; reason: why; line: its number in the file, from 1.

    covered: how many links the anchors cover; those behind them, or all, can have been rewritten.
    anchors: the numbers of anchors that hold. unsigned: how many of them carry no signature that was checked.
    confirmed: how many of them are among the published ones; None when none were given.
    """

    subject: str = ""
    algorithm: str = ""
    links: int = 0
    positions: int = 0
    openings: int = 0
    anchors: tuple[int, ...] = ()
    covered: int = 0
    unsigned: int = 0
    confirmed: int | None = None
    broken: str = ""
    reason: str = ""
    line: int = 0

    @property
    def holds(self) -> bool:
        """Whether nothing is broken."""
        return not self.broken


class _BrokenError(Exception):
    def __init__(self, what: str, reason: str) -> None:
        super().__init__(reason)
        self.what = what
        self.reason = reason


def verify_bundle(
    data: bytes,
    check: Check | None = None,
    published: Iterable[Anchor] | None = None,
    *,
    signed: bool = False,
) -> Report:
    """Never raises for what the file holds. check: of signatures; without it anchors count as unsigned.

    published: anchors kept by someone else; a bundle's anchor that is not among them is broken. signed: an
    anchor whose signature was not checked is broken, and a story without any anchor.
    """
    kept = None if published is None else {hash_of_anchor(one) for one in published}
    reader = _Reader(check, kept, signed)
    lines = data.split(END, LINES_MAX)
    for number, line in enumerate(lines, 1):
        try:
            reader.take(line, last=number == len(lines))
        except _BrokenError as error:
            return reader.report(error.what, error.reason, number)
    return reader.report()


@dataclass
class _Reader:
    check: Check | None
    published: set[bytes] | None
    signed: bool = False
    subject: str = ""
    algorithm: str = ""
    digest: Digest = field(default_factory=lambda: digest_of(SHA256))
    links: list[Link] = field(default_factory=list)
    leaves: list[bytes] = field(default_factory=list)  # of the last link, while all of them are shown
    proven: int = -1  # the last position of the last link that was shown with a path
    positions: int = 0
    openings: int = 0
    anchors: list[int] = field(default_factory=list)
    covered: int = 0
    unsigned: int = 0
    ended: bool = False
    lines: int = 0
    text: list[bytes] = field(default_factory=list)

    def report(self, broken: str = "", reason: str = "", line: int = 0) -> Report:
        """What was found so far."""
        confirmed = None if self.published is None else len(self.anchors)
        counts = (
            len(self.links),
            self.positions,
            self.openings,
            tuple(self.anchors),
            self.covered,
            self.unsigned,
            confirmed,
        )
        return Report(self.subject, self.algorithm, *counts, broken, reason, line)

    def take(self, line: bytes, last: bool) -> None:
        """The next line; after the last line's end comes nothing. Raises _BrokenError."""
        if self.ended or last:
            if not (self.ended and last and not line):
                raise _BrokenError(
                    "end", "the file goes on behind its end" if self.ended else "the file ends before its end"
                )
            return
        what = self._name_of(line)
        try:
            fields = parse(line)
            kind = fields.get("line")
            if not isinstance(kind, str) or (kind == "header") == bool(self.lines) or kind not in _TAKERS:
                raise EvidenceError(f"a line {kind!r} does not belong here")
            _TAKERS[kind](self, fields)
        except EvidenceError as error:
            raise _BrokenError(what, str(error)) from error
        self.lines += 1
        self.text.append(line + END)

    def _name_of(self, line: bytes) -> str:
        """What a line is, by what should stand here, as far as it can still be told."""
        if not self.lines:
            return "header"
        found = _KIND.search(line)
        kind = found.group(1).decode() if found else ""
        if kind == "link":
            return f"link {len(self.links)}"
        if kind == "position":
            return f"position {len(self.leaves) or _number(line, b'index')} of link {len(self.links) - 1}"
        if kind == "opening":
            return f"opening of link {len(self.links) - 1}"
        if kind == "anchor":
            return f"anchor {_number(line, b'number')}"
        return kind or f"what follows link {len(self.links) - 1}"

    def _take_header(self, fields: dict[str, Any]) -> None:
        subject, algorithm = fields.get("subject"), fields.get("algorithm")
        if not isinstance(subject, str) or not isinstance(algorithm, str):
            raise EvidenceError("subject or algorithm is no text")
        expected = header_fields(subject, algorithm)
        genesis = genesis_of(subject, algorithm)
        if fields != expected | {"hash": genesis.hex()}:
            raise EvidenceError("does not fit its hash, or is of another format")
        self.subject, self.algorithm, self.digest = subject, algorithm, digest_of(algorithm)

    def _take_link(self, fields: dict[str, Any]) -> None:
        self._close_positions()
        link = link_of(fields)
        previous = self.links[-1].hash if self.links else genesis_of(self.subject, self.algorithm)
        if link.index != len(self.links):
            raise EvidenceError(f"index {link.index} where {len(self.links)} is due")
        if hash_of_link(self.digest, link) != link.hash:
            raise EvidenceError("its contents do not fit its hash")
        if link.previous != previous:
            raise EvidenceError("does not follow the link before it")
        self.links.append(link)
        self.leaves, self.proven = [], -1

    def _take_opening(self, fields: dict[str, Any]) -> None:
        name, data = fields.get("name"), fields.get("data")
        committed = self._last(fields).body.get(COMMITMENTS)
        if not isinstance(name, str) or not isinstance(data, dict) or not isinstance(committed, dict):
            raise EvidenceError("opens nothing that the link commits to")
        if committed.get(name) != commitment(self.digest, octets(fields, "salt", 16), data).hex():
            raise EvidenceError(f"{name}: is not what the link commits to")
        _exactly(fields, "line", "link", "name", "salt", "data")
        self.openings += 1

    def _take_position(self, fields: dict[str, Any]) -> None:
        count, root = self._covered(self._last(fields))
        index = fields.get("index")
        leaf = leaf_hash(self.digest, _decoded(fields.get("data")))
        if octets(fields, "hash") != leaf:
            raise EvidenceError("its contents do not fit its hash")
        if "path" in fields:
            _exactly(fields, "line", "link", "index", "data", "hash", "path")
            if type(index) is not int or index <= self.proven or self.leaves:
                raise EvidenceError("is out of order")
            if root_by_path(self.digest, leaf, index, count, _path(fields)) != root:
                raise EvidenceError("does not lead to the root in its link")
            self.proven = index
        else:
            _exactly(fields, "line", "link", "index", "data", "hash")
            if type(index) is not int or index != len(self.leaves) or self.proven >= 0:
                raise EvidenceError(f"index {index} where {len(self.leaves)} is due")
            self.leaves.append(leaf)
        self.positions += 1

    def _take_anchor(self, fields: dict[str, Any]) -> None:
        self._close_positions()
        _exactly(fields, "line", "anchor", "link", "leaf_index", "path", "hash")
        if not isinstance(fields["anchor"], dict):
            raise EvidenceError("is no anchor")
        anchor = anchor_of(fields["anchor"])
        at, leaf_index = fields["link"], fields["leaf_index"]
        if anchor.algorithm != self.algorithm or octets(fields, "hash") != hash_of_anchor(anchor):
            raise EvidenceError("does not fit its hash")
        if type(at) is not int or type(leaf_index) is not int or not 0 <= at < len(self.links):
            raise EvidenceError("covers no link of this bundle")
        leaf = leaf_hash(self.digest, leaf_of(Head(self.subject, at, self.links[at].hash)))
        if root_by_path(self.digest, leaf, leaf_index, anchor.count, _path(fields)) != anchor.root:
            raise EvidenceError(
                f"does not cover this link {at}: the story was changed, or another was anchored"
            )
        self._check_signature(anchor)
        if self.published is not None and hash_of_anchor(anchor) not in self.published:
            raise EvidenceError("is not among the published anchors")
        self.anchors.append(anchor.number)
        self.covered = max(self.covered, at + 1)

    def _check_signature(self, anchor: Anchor) -> None:
        fits = (
            self.check(anchor.key, signed_part(anchor), anchor.signature)
            if self.check and anchor.signature
            else None
        )
        if fits is False:
            raise EvidenceError("its signature does not fit")
        if fits is None and self.signed:
            raise EvidenceError("is not signed by a key that was given")
        if fits is None:
            self.unsigned += 1

    def _take_end(self, fields: dict[str, Any]) -> None:
        self._close_positions()
        _exactly(fields, "line", "links", "lines", "head", "hash")
        stated = octets(fields, "hash")
        unhashed = {name: value for name, value in fields.items() if name != "hash"}
        head = self.links[-1].hash if self.links else genesis_of(self.subject, self.algorithm)
        if (fields["links"], fields["lines"], fields["head"]) != (len(self.links), self.lines, head.hex()):
            raise EvidenceError(
                f"speaks of {fields['links']} links and {fields['lines']} lines: some are missing"
            )
        if self.digest(b"".join(self.text) + canonical(unhashed)) != stated:
            raise EvidenceError("does not fit its hash")
        if self.signed and not self.anchors:
            raise EvidenceError("no signed anchor covers anything of it")
        self.ended = True

    def _last(self, fields: Mapping[str, Any]) -> Link:
        if not self.links or fields.get("link") != self.links[-1].index or type(fields["link"]) is not int:
            raise EvidenceError("does not follow the link that it names")
        return self.links[-1]

    def _covered(self, link: Link) -> tuple[int, bytes]:
        covered = link.body.get(POSITIONS)
        if not isinstance(covered, dict) or type(covered.get("count")) is not int:
            raise EvidenceError(f"link {link.index} covers no positions")
        return covered["count"], octets(covered, "root")

    def _close_positions(self) -> None:
        """All positions of the last link are here, if any without a path is."""
        if not self.leaves:
            return
        link, leaves = self.links[-1], self.leaves
        self.leaves = []
        count, root = self._covered(link)
        if len(leaves) != count:
            raise _BrokenError(f"positions of link {link.index}", f"{len(leaves)} of {count} are here")
        if root_of(self.digest, leaves) != root:
            raise _BrokenError(f"positions of link {link.index}", "do not lead to the root in the link")


_TAKERS: Final[dict[str, Callable[[_Reader, dict[str, Any]], None]]] = {
    "header": _Reader._take_header,
    "link": _Reader._take_link,
    "opening": _Reader._take_opening,
    "position": _Reader._take_position,
    "anchor": _Reader._take_anchor,
    "end": _Reader._take_end,
}


def _exactly(fields: Mapping[str, Any], *names: str) -> None:
    if set(fields) != set(names):
        raise EvidenceError(f"has other fields than {', '.join(names)}")


def _path(fields: Mapping[str, Any]) -> Sequence[bytes]:
    path = fields["path"]
    if not isinstance(path, list):
        raise EvidenceError("path: is no list")
    return [octets({"path": sister}, "path") for sister in path]


def _decoded(text: Any) -> bytes:
    try:
        data = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except ValueError as error:
        raise EvidenceError("data: is no base64") from error
    if base64.b64encode(data).decode() != text:
        raise EvidenceError("data: is no base64")
    return data


def _number(line: bytes, name: bytes) -> str:
    found = re.search(rb'"' + name + rb'":(\d+)', line)
    return found.group(1).decode() if found else "?"
