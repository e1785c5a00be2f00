"""The bundle: a story in one file of lines, each line canonical JSON, each under a hash.

header, then each link with its openings and positions, then anchors, then the end. `verify` reads it again.
"""

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from .anchors import Anchor, anchor_fields, hash_of_anchor
from .canonical import EvidenceError, canonical
from .chain import Link, encode_link, genesis_of, header_fields
from .digests import Digest, digest_of
from .merkle import inclusion_path, leaf_hash

END: Final = b"\n"
LINES_MAX: Final = 1_000_000
BYTES_MAX: Final = 256 << 20  # of a whole bundle; also what `verify` reads


@dataclass(frozen=True, slots=True)
class Opening:
    """Shows what a commitment of link `link` covers: name in its `commitments`, salt, and the data."""

    link: int
    name: str
    salt: bytes
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AnchorLine:
    """An anchor with the way from link `link` (the head it covers) to its root."""

    anchor: Anchor
    link: int
    leaf_index: int
    path: tuple[bytes, ...]


@dataclass
class Story:
    """What goes into a bundle. positions: link index → every position's bytes, in the order of the root.

    shown: link index → the positions to show; without an entry all of them are. The rest stays at home,
    and those shown carry their inclusion proofs.
    """

    subject: str
    algorithm: str
    links: Sequence[Link]
    openings: Sequence[Opening] = ()
    positions: Mapping[int, Sequence[bytes]] = field(default_factory=dict)
    shown: Mapping[int, Sequence[int]] = field(default_factory=dict)
    anchors: Sequence[AnchorLine] = ()


def write_bundle(story: Story) -> bytes:
    """The file. Raises EvidenceError for what cannot be written, or is larger than LINES_MAX or BYTES_MAX;
    says nothing of whether it is true."""
    digest = digest_of(story.algorithm)
    lines, size = [], 0
    for line in _lines_of(story, digest):
        lines.append(line)
        size += len(line) + 1
        if len(lines) > LINES_MAX - 2 or size > BYTES_MAX:
            raise EvidenceError(
                f"{story.subject}: {len(story.links)} links with their openings and positions are more than"
                f" {LINES_MAX} lines or {BYTES_MAX} bytes"
            )
    head = story.links[-1].hash if story.links else _genesis(story)
    body = b"".join(line + END for line in lines)
    end = {"line": "end", "links": len(story.links), "lines": len(lines), "head": head.hex()}
    return body + canonical(end | {"hash": digest(body + canonical(end)).hex()}) + END


def _lines_of(story: Story, digest: Digest) -> Iterator[bytes]:
    """All but the end."""
    openings: dict[int, list[Opening]] = {}
    for one in story.openings:
        openings.setdefault(one.link, []).append(one)
    yield canonical(header_fields(story.subject, story.algorithm) | {"hash": _genesis(story).hex()})
    for link in story.links:
        yield encode_link(link)
        yield from (canonical(_opening_fields(one)) for one in openings.get(link.index, ()))
        yield from map(canonical, _positions_of(digest, story, link.index))
    yield from (canonical(_anchor_fields(one)) for one in story.anchors)


def _genesis(story: Story) -> bytes:
    return genesis_of(story.subject, story.algorithm)


def _positions_of(digest: Digest, story: Story, link: int) -> Iterable[dict[str, Any]]:
    data = story.positions.get(link, ())
    leaves = [leaf_hash(digest, one) for one in data]
    shown = story.shown.get(link)
    for index in range(len(data)) if shown is None else shown:
        fields = {
            "line": "position",
            "link": link,
            "index": index,
            "data": base64.b64encode(data[index]).decode(),
            "hash": leaves[index].hex(),
        }
        if shown is not None:
            fields["path"] = [one.hex() for one in inclusion_path(digest, leaves, index)]
        yield fields


def _opening_fields(opening: Opening) -> dict[str, Any]:
    return {
        "line": "opening",
        "link": opening.link,
        "name": opening.name,
        "salt": opening.salt.hex(),
        "data": opening.data,
    }


def _anchor_fields(one: AnchorLine) -> dict[str, Any]:
    return {
        "line": "anchor",
        "anchor": anchor_fields(one.anchor),
        "link": one.link,
        "leaf_index": one.leaf_index,
        "path": [sister.hex() for sister in one.path],
        "hash": hash_of_anchor(one.anchor).hex(),
    }
