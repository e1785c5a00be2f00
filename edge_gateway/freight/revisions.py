"""Revisions of documents that are deleted here: the receiver still knows them, and one that began again at 1
would count for nothing.

What a document is about stands under a keyed hash. A driver's document is named by an identity number, and
even a hash of that is personal data: of those only the highest revision of all is kept, and later ones begin
above it.
"""

import hmac
import secrets
from typing import Any, Final

from protocols.freight.documents import Kind

from .book import Book
from .naming import json_of

FLOOR: Final = "revision floor"
_KEY: Final = "revision key"


def remember(book: Book, enterprise: str, kind: str, name: str, revision: int) -> None:
    """A document of this name is deleted; within a turn."""
    key = FLOOR if kind == Kind.DRIVER.value else _hashed(book, enterprise, kind, name)
    book.keep(key, max(revision, int(book.kept(key, 0))))


def remember_all(book: Book, where: str, *values: Any) -> None:
    """The documents that a condition of SQL names are deleted next; within a turn."""
    last = f"SELECT enterprise, kind, name, max(revision) FROM document WHERE {where} GROUP BY 1, 2, 3"
    for enterprise, kind, name, revision in book.rows(last, *values):
        remember(book, enterprise, kind, name, revision)


def forgotten(book: Book, enterprise: str, kind: str, name: str) -> int:
    """The last revision that the receiver may know of one that is not here; 0 for none. Within a turn."""
    key = FLOOR if kind == Kind.DRIVER.value else _hashed(book, enterprise, kind, name)
    return int(book.kept(key, 0))


def _hashed(book: Book, enterprise: str, kind: str, name: str) -> str:
    secret = book.kept(_KEY)
    if secret is None:
        secret = secrets.token_bytes(32)
        book.keep(_KEY, secret)
    named = json_of([enterprise, kind, name]).encode()
    return "revision " + hmac.digest(bytes(secret), named, "sha256").hex()
