"""The terminals in the authority's database: a number for each identity, and what was counted of it.

Statements only; `store` holds the transactions.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from typing import Final, NamedTuple

import numpy as np

from protocols.monitoring.byte_rows import INT, Column
from protocols.monitoring.table import RecordTable
from protocols.wire.bcd import identity_of

OUTCOMES: Final = 3  # received, redelivered, duplicated
_NUMBERS_KEPT: Final = 100_000  # some 10 MB
_COUNT: Final = (
    "UPDATE terminal SET received = received + ?, redelivered = redelivered + ?, duplicated = duplicated + ?"
    " WHERE number = ?"
)

Counts = Counter[tuple[int, int]]  # by terminal's number and outcome


class TerminalCounts(NamedTuple):
    """Of one terminal: distinct records stored, and how often stored ones came again."""

    received: int
    redelivered: int
    duplicated: int


class Terminals:
    """Reads and writes terminals over one connection."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._numbers: dict[str, int] = {}  # those that were needed

    def numbers_of(self, table: RecordTable) -> Column:
        """The number of each record's terminal; new ones get theirs now."""
        numbers = [self._number_of(identity_of(phone)) for phone, _, _ in table.senders]
        return np.array(numbers, INT)[table.numbers]

    def forget(self) -> None:
        """What was given is rolled back."""
        self._numbers.clear()

    def add(self, counts: Counts) -> None:
        """Adds to what was counted."""
        rows = {number: [0] * OUTCOMES for number, _ in counts}
        for (number, outcome), amount in counts.items():
            rows[number][outcome] += amount
        self._database.executemany(_COUNT, [(*row, number) for number, row in sorted(rows.items())])

    def find(self, identity: str) -> int | None:
        """The number of a terminal; None when it was never heard of."""
        query = "SELECT number FROM terminal WHERE identity = ?"
        row = self._database.execute(query, (identity,)).fetchone()
        return row[0] if row else None

    def total(self) -> TerminalCounts:
        """The counts of all terminals together."""
        sums = ", ".join(f"coalesce(sum({name}), 0)" for name in TerminalCounts._fields)
        return TerminalCounts(*self._database.execute(f"SELECT {sums} FROM terminal").fetchone())

    def counts(self) -> dict[str, TerminalCounts]:
        """The counts of each terminal, by identity."""
        rows = self._database.execute("SELECT identity, received, redelivered, duplicated FROM terminal")
        return {identity: TerminalCounts(*counts) for identity, *counts in rows}

    def received(self, identity: str) -> int:
        """How many distinct records of one terminal are stored."""
        query = "SELECT received FROM terminal WHERE identity = ?"
        row = self._database.execute(query, (identity,)).fetchone()
        return row[0] if row else 0

    def _number_of(self, identity: str) -> int:
        number = self._numbers.get(identity) or self.find(identity)
        if number is None:
            self._database.execute("INSERT INTO terminal (identity) VALUES (?)", (identity,))
            number = self.find(identity)
            assert number is not None
        if len(self._numbers) >= _NUMBERS_KEPT:
            self._numbers.clear()
        self._numbers[identity] = number
        return number
