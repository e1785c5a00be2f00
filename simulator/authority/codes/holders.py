"""Who holds a code: the record of one holder, and where records are kept. Here only in memory.

`simulator.authority.books.holders` keeps them in the authority's books, with their history.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from protocols.driver_code.content import Colour

from .colours import Violation
from .examination import Application


@dataclass(frozen=True)
class Issued:
    """holder: its key with the office. text: of the symbol. colour: when it was issued."""

    holder: bytes
    text: str
    colour: Colour
    valid_until_s: int


@dataclass(frozen=True)
class HolderRecord:
    """application: the last one that was granted. since_s: of the first code. presence: key of the proofs
    that a terminal adds, with its reference; 0 and empty when there is none."""

    application: Application
    issued: Issued
    since_s: int
    violations: tuple[Violation, ...] = ()
    presence_reference: int = 0
    presence_key: bytes = b""


class Holders(Protocol):
    """Where records are kept."""

    def get(self, holder: bytes) -> HolderRecord | None:
        """The record of a holder."""

    def put(self, holder: bytes, record: HolderRecord, now_s: int, action: str) -> None:
        """Sets it down; action: why, for the history."""

    def remove(self, holder: bytes, kept: tuple[Violation, ...], now_s: int) -> None:
        """Takes it out, its history too: who cancelled is forgotten. kept: violations still open, for the
        hash alone: to cancel and to come back must not settle them."""

    def kept(self, holder: bytes) -> tuple[Violation, ...]:
        """Those violations, handed over to the record that is made now."""

    def count(self) -> int:
        """How many there are."""

    def revoke(self, code: bytes, end_s: int, now_s: int) -> None:
        """Notes a revoked code and when it would have ended."""

    def revoked(self, now_s: int) -> frozenset[bytes]:
        """The revoked codes that have not ended; those that have are dropped."""


class HoldersInMemory:
    """See `Holders`."""

    def __init__(self) -> None:
        self._records: dict[bytes, HolderRecord] = {}
        self._kept: dict[bytes, tuple[Violation, ...]] = {}
        self._revoked: dict[bytes, int] = {}

    def get(self, holder: bytes) -> HolderRecord | None:
        """See `Holders`."""
        return self._records.get(holder)

    def put(self, holder: bytes, record: HolderRecord, now_s: int, action: str) -> None:
        """See `Holders`."""
        self._records[holder] = record

    def remove(self, holder: bytes, kept: tuple[Violation, ...], now_s: int) -> None:
        """See `Holders`."""
        self._records.pop(holder, None)
        if kept:
            self._kept[holder] = kept

    def kept(self, holder: bytes) -> tuple[Violation, ...]:
        """See `Holders`."""
        return self._kept.pop(holder, ())

    def count(self) -> int:
        """See `Holders`."""
        return len(self._records)

    def revoke(self, code: bytes, end_s: int, now_s: int) -> None:
        """See `Holders`."""
        self._revoked[code] = end_s

    def revoked(self, now_s: int) -> frozenset[bytes]:
        """See `Holders`."""
        self._revoked = {code: end for code, end in self._revoked.items() if end > now_s}
        return frozenset(self._revoked)
