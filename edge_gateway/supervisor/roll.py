"""The list of terminals over several workers: read from the file that all share, changed by its owner.

What the file says is what was committed, so nobody has to be told of changes.
"""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from ..registry import RegistryError, Terminal, csv_files, schema
from ..registry.csv_files import ERRORS_MAX, Imported, RowError
from .crew import Crew

Row = tuple[str, str, str, str]  # identity, status, group, note


class SharedRoll:
    """A `Roll`."""

    def __init__(self, path: Path, crew: Crew) -> None:
        """Raises RegistryError, sqlite3.Error."""
        self._reader = schema.connect(path)
        self._crew = crew

    def close(self) -> None:
        """Ends reading."""
        self._reader.close()

    def __iter__(self) -> Iterator[Terminal]:
        try:
            found = schema.load(self._reader)
        except sqlite3.Error as error:
            raise RegistryError(f"the registry cannot be read: {error}") from error
        return iter([found[identity] for identity in sorted(found)])

    def get(self, identity: str) -> Terminal | None:
        """See Roll."""
        try:
            return schema.find(self._reader, identity)
        except sqlite3.Error as error:
            raise RegistryError(f"the registry cannot be read: {error}") from error

    def edition_of(self, identity: str) -> int | None:
        """See Roll."""
        terminal = self.get(identity)
        return terminal.edition if terminal else None

    async def enlist(self, identity: str, status: str, group: str, note: str) -> Terminal:
        """See Roll."""
        refused = await self._enlist([(identity, status, group, note)])
        terminal = self.get(identity)
        if refused or terminal is None:
            raise RegistryError(refused[0][1] if refused else "the terminal is gone again")
        return terminal

    async def issue_code(self, identity: str) -> bytes:
        """See Roll."""
        code: str = await self._crew.do(self._crew.owner(identity), "issue_code", identity)
        return code.encode("ascii")

    async def revoke_codes(self, identity: str) -> None:
        """See Roll."""
        await self._crew.do(self._crew.owner(identity), "revoke_codes", identity)

    async def remove(self, identity: str) -> None:
        """See Roll."""
        await self._crew.do(self._crew.owner(identity), "remove", identity)

    async def import_csv(self, text: str) -> Imported:
        """See Roll. What an owner refuses is told with row 0 and the terminal's identity."""
        rows = _Rows(self.get)
        done = csv_files.import_terminals(text, rows, lambda _: None)
        refused = await self._enlist(list(rows.taken.values()))
        errors = [RowError(0, "", f"{identity}: {why}") for identity, why in refused]
        return Imported(
            done.taken - len(refused), done.refused + len(refused), [*done.errors, *errors][:ERRORS_MAX]
        )

    async def _enlist(self, rows: list[Row]) -> list[tuple[str, str]]:
        """To each owner its own; (identity, why) of those that were not taken."""
        by_owner: dict[int, list[Row]] = {}
        for row in rows:
            by_owner.setdefault(self._crew.owner(row[0]), []).append(row)
        refused: list[tuple[str, str]] = []
        for owner, theirs in by_owner.items():
            refused += await self._crew.do(owner, "enlist", theirs)
        return refused


class _Rows:
    """Good rows of a file; the last one of a terminal counts."""

    def __init__(self, get: Callable[[str], Terminal | None]) -> None:
        self.get = get
        self.taken: dict[str, Row] = {}

    def enlist(
        self, identity: str, status: str, group: str, note: str, answer: Callable[[bool], None]
    ) -> None:
        del answer
        self.taken[identity] = (identity, status, group, note)
