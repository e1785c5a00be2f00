"""What the gateway knows of the authority's registers: the sealed snapshot, trust list, revocations, presence
keys.

Each comes from a file, from the line or over HTTP; what is newer replaces what is older, and is kept in the
book, so a start without a network knows what the last run knew. Judges signatures and ages, never whether a
trip may go.
"""

import logging
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from protocols.driver_code.codec import StandIn
from protocols.driver_code.lists import (
    ListError,
    read_presence,
    read_revocations,
    read_trust,
    write_revocations,
)
from protocols.driver_code.trust import IssuerKey, Revocations, Verifier
from protocols.freight.registers import Snapshot, SnapshotError
from protocols.freight.snapshot import Trust, open_snapshot
from protocols.guomi import Guomi

from ..log import event
from .book import Book

_SNAPSHOT: Final = "snapshot"
_REVOCATIONS: Final = "revocations"
_log = logging.getLogger(__name__)


class Registers:
    """trust: the keys that are believed, from the file; more may come over a line that is trusted.
    Thread-safe."""

    def __init__(self, book: Book, guomi: Guomi, trust: Iterable[IssuerKey]) -> None:
        self._book, self._guomi = book, guomi
        self._keys = {key.key_id: key for key in trust}
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._revocations: Revocations | None = None
        self._load()

    @property
    def snapshot(self) -> Snapshot | None:
        """The newest that was ever taken, whatever its age."""
        return self._snapshot

    @property
    def revocations(self) -> Revocations | None:
        """The newest list."""
        return self._revocations

    def trust(self, keys: Iterable[IssuerKey]) -> None:
        """More keys, or other times of known ones, over a connection that is trusted as the file is."""
        with self._lock:
            self._keys = {**self._keys, **{key.key_id: key for key in keys}}

    def take_snapshot(self, sealed: bytes) -> bool:
        """Keeps a newer one; False for one that is not newer. Raises SnapshotError, StoreError."""
        found = open_snapshot(sealed, Trust(self._guomi, self._keys.values()))
        with self._lock:
            known = self._snapshot
            if known and (found.sequence, found.issued_s) <= (known.sequence, known.issued_s):
                return False
            with self._book.turn():
                self._book.keep(_SNAPSHOT, sealed)
            self._snapshot = found
        event(
            _log, logging.INFO, "registers", sequence=found.sequence, vehicles=len(found.vehicles),
            drivers=len(found.drivers),
        )  # fmt: skip
        return True

    def take_revocations(self, data: bytes) -> bool:
        """Keeps a newer list; False for one that is not newer. Raises ListError, StoreError."""
        found = read_revocations(data)
        with self._lock:
            if self._revocations and found.issued_s <= self._revocations.issued_s:
                return False
            with self._book.turn():
                self._book.keep(_REVOCATIONS, write_revocations(found))
            self._revocations = found
        return True

    def add_presence(self, reference: int, secret: bytes) -> None:
        """A key for proofs, which went by on its way to a terminal; within a turn."""
        self._book.run("INSERT OR REPLACE INTO presence VALUES (?, ?)", reference, secret)

    def presence_key(self, reference: int) -> bytes | None:
        """The key of this reference."""
        found = self._book.row("SELECT secret FROM presence WHERE reference = ?", reference)
        return bytes(found[0]) if found else None

    def verifier(self) -> Verifier:
        """Of driver codes, with what is known now."""
        return Verifier(self._guomi, StandIn(self._guomi), self._keys.values(), self._revocations)

    def _load(self) -> None:
        """What the last run knew; what is not believed any more is left where it is and not used."""
        sealed, revocations = self._book.kept(_SNAPSHOT), self._book.kept(_REVOCATIONS)
        if sealed:
            try:
                self._snapshot = open_snapshot(bytes(sealed), Trust(self._guomi, self._keys.values()))
            except SnapshotError as error:
                _log.warning("the kept snapshot of the registers is not used: %s", error)
        if revocations:
            self._revocations = read_revocations(bytes(revocations))


def trust_of(path: str) -> list[IssuerKey]:
    """The trust list of a file; none without one. Raises ListError with the file's name."""
    return read_trust(content_of(path)) if path else []


def presence_of(path: str) -> dict[int, bytes]:
    """Presence keys of a file; none without one. Raises ListError with the file's name."""
    return read_presence(content_of(path)) if path else {}


def content_of(path: str) -> bytes:
    """A file's bytes. Raises ListError with its name."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ListError(f"{path}: {error.strerror}") from error
