"""Documents as they stand in the books: what came, in the order it came."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import zstandard

from protocols.freight.documents import Kind

from ..indicators.uploads import Upload
from .book import Book

_DOCUMENTS: Final = (
    "SELECT number, kind, enterprise, received_s, gateway || '/' || reference, body, faults, revision, label"
    " FROM document WHERE number > ? ORDER BY number LIMIT ?"
)
_NO_LIMIT: Final = -1


def uploads(book: Book, after: int = 0, most: int = _NO_LIMIT) -> Iterator[tuple[int, Upload]]:
    """(number, document) of what came after the document of that number, in order of arrival, as the
    indicators take it. For a reader of its own."""
    for number, kind, enterprise, received_s, reference, body, faults, *more in book.streamed(
        _DOCUMENTS, (after, most)
    ):
        found = tuple(json.loads(faults))
        yield number, Upload(Kind(kind), enterprise, received_s, reference, unpacked(body), found, *more)


def packed(document: Mapping[str, Any]) -> bytes:
    """The document as it is kept. ASCII: a lone surrogate of a careless sender survives."""
    return zstandard.compress(json.dumps(document, separators=(",", ":")).encode("ascii"), 3)


def unpacked(body: bytes) -> dict[str, Any]:
    """The inverse."""
    document: dict[str, Any] = json.loads(zstandard.decompress(body))
    return document
