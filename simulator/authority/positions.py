"""The positions in the authority's database: runs as they came, and the names that prove each is there once.

Statements only; `store` holds the transactions. Nothing is decoded when it is stored, and a run is taken
apart when somebody asks for what is in it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Final

import numpy as np

from protocols.monitoring import columnar
from protocols.monitoring.batch import Batch
from protocols.monitoring.byte_rows import INT, Column
from protocols.monitoring.records import MESSAGE
from protocols.monitoring.table import RecordTable
from protocols.wire.tables import POSITION_BYTES

NEW: Final = 0
REDELIVERED: Final = 1
DUPLICATED: Final = 2

RUN_RECORDS: Final = 1000  # small batches join into runs of so many, large ones stay as they came
RUN_BODY_BYTES: Final = 1 << 20  # or of so many bytes of bodies
_TIME_AT: Final = POSITION_BYTES - 6  # the basic block ends with it
_NUMBER_BYTES: Final = 4
_NUMBERS: Final = f">u{_NUMBER_BYTES}"
_INSERT_NAME: Final = "INSERT OR IGNORE INTO name VALUES (?, ?, ?, ?)"
_INSERT_RUN: Final = (
    "INSERT INTO run (gateway, first_sequence, last_sequence, count, latest, terminals, contents)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)

Name = tuple[int, bytes, int, int]  # a row: time as the device wrote it, record id, gateway, sequence


class Positions:
    """Reads and writes positions over one connection."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def gateway_number(self, gateway: str) -> int:
        """Its number in the tables, given now when it is new."""
        query = "SELECT number FROM gateway WHERE id = ?"
        row = self._database.execute(query, (gateway,)).fetchone()
        if row is None:
            self._database.execute("INSERT INTO gateway (id) VALUES (?)", (gateway,))
            row = self._database.execute(query, (gateway,)).fetchone()
        return int(row[0])

    def enter_names(self, gateway: str, table: RecordTable, names: Sequence[bytes]) -> list[int]:
        """NEW, REDELIVERED or DUPLICATED for each position. Almost always all are new, which one statement
        finds out; else each is asked for."""
        number = self.gateway_number(gateway)
        rows = list(
            zip(_taken(table).tolist(), names, repeat(number), table.sequences.tolist(), strict=False)
        )
        before = self._database.total_changes
        self._database.execute("SAVEPOINT at_once")
        self._database.executemany(_INSERT_NAME, sorted(rows))
        if self._database.total_changes - before == len(rows):
            self._database.execute("RELEASE at_once")
            return [NEW] * len(rows)
        self._database.execute("ROLLBACK TO at_once")
        return [self._outcome(gateway, row) for row in rows]

    def _outcome(self, gateway: str, row: Name) -> int:
        if self._database.execute(_INSERT_NAME, row).rowcount:
            return NEW
        taken, name, *entry = row
        query = "SELECT gateway, sequence FROM name WHERE taken = ? AND id = ?"
        if self._database.execute(query, (taken, name)).fetchone() == tuple(entry):
            return REDELIVERED
        # A duplicate that is redelivered is still one duplicate.
        remember = "INSERT OR IGNORE INTO duplicate VALUES (?, ?, ?)"
        return (
            DUPLICATED if self._database.execute(remember, (gateway, row[3], name)).rowcount else REDELIVERED
        )

    def add(self, gateway: str, table: RecordTable, terminals: Column, message: bytes = b"") -> None:
        """Stores positions whose names are new. terminals: the number of each one's terminal. message: the
        columnar message that holds exactly these, where there is one: it is kept as it came."""
        number = self.gateway_number(gateway)
        for begin, end in [(0, len(table))] if message else _pieces(table):
            piece, theirs = table[begin:end], terminals[begin:end]
            if 2 * len(piece) < RUN_RECORDS and self._join(gateway, number, piece, theirs):
                continue
            contents = message or _written(gateway, piece)
            latest = int(_taken(piece).max())
            row = (number, *_ends(piece), len(piece), latest, _packed(theirs), contents)
            self._database.execute(_INSERT_RUN, row)

    def _join(self, gateway: str, number: int, table: RecordTable, terminals: Column) -> bool:
        """Adds to the run that ends shortly before, when both together are no large one."""
        first, _ = _ends(table)
        found = self._database.execute(
            "SELECT number, count, terminals, contents FROM run"
            " WHERE gateway = ? AND last_sequence BETWEEN ? AND ? ORDER BY last_sequence DESC LIMIT 1",
            (number, first - RUN_RECORDS, first - 1),
        ).fetchone()
        if found is None or found[1] + len(table) > RUN_RECORDS:
            return False
        run, _, before, contents = found
        joined = RecordTable.joined([_read(contents), table])
        if joined.bodies.size > RUN_BODY_BYTES:
            return False
        everybody = np.concatenate((np.frombuffer(before, _NUMBERS).astype(INT), terminals))
        self._database.execute(
            "UPDATE run SET last_sequence = ?, count = ?, latest = ?, terminals = ?, contents = ?"
            " WHERE number = ?",
            (
                _ends(joined)[1],
                len(joined),
                int(_taken(joined).max()),
                _packed(everybody),
                _written(gateway, joined),
                run,
            ),
        )
        return True

    def names(self) -> Iterator[bytes]:
        """All record ids."""
        return (name for (name,) in self._database.execute("SELECT id FROM name"))

    def holds(self, name: bytes, body: bytes) -> bool:
        """Whether the position of that record id and body is there."""
        query = "SELECT 1 FROM name WHERE taken = ? AND id = ?"
        return self._database.execute(query, (taken_at(body), name)).fetchone() is not None

    def of_terminal(self, number: int) -> Iterator[tuple[int, RecordTable]]:
        """The runs that hold positions of a terminal, and maybe one or two that do not; each with the latest
        time in it, those with the latest first."""
        # Found by its bytes, which may also stand across two numbers: that costs a look in vain.
        found = self._database.execute(
            "SELECT number, latest FROM run WHERE instr(terminals, ?) > 0 ORDER BY latest DESC",
            (number.to_bytes(_NUMBER_BYTES, "big"),),
        ).fetchall()
        for run, latest in found:
            row = self._database.execute("SELECT contents FROM run WHERE number = ?", (run,)).fetchone()
            yield latest, _read(row[0])

    def tables(self, since: int = 0) -> Iterator[tuple[str, RecordTable]]:
        """All positions as (gateway, table), in the order of the gateways' journals: tables of one gateway
        follow each other, and do not overlap unless its journal once began anew. since: of `taken_at`; runs
        with nothing so late are left out."""
        rows = self._database.execute(
            "SELECT id, last_sequence, first_sequence, contents"
            " FROM run JOIN gateway ON gateway = gateway.number"
            " WHERE latest >= ? ORDER BY id, first_sequence",
            (since,),
        )
        waiting: list[RecordTable] = []
        at: tuple[str, int] = ("", 0)  # gateway and last sequence of what is waiting
        for gateway, last, first, contents in rows:
            if waiting and (gateway != at[0] or first > at[1]):
                yield at[0], _in_order(waiting)
                waiting, at = [], (gateway, 0)
            waiting.append(_read(contents))
            at = gateway, max(last, at[1])
        if waiting:
            yield at[0], _in_order(waiting)


def taken_at(body: bytes) -> int:
    """The device's time of a position as one number: its six bytes, whatever they say; later is more."""
    return int.from_bytes(body[_TIME_AT:POSITION_BYTES], "big")


def _taken(table: RecordTable) -> Column:
    """The same of each."""
    taken = np.zeros(len(table), INT)
    for column in table.bodies.matrix(POSITION_BYTES)[:, _TIME_AT:].T:
        taken = taken << 8 | column
    return taken


def _pieces(table: RecordTable) -> Iterator[tuple[int, int]]:
    """Begin and end of what may be one run: ascending, and neither too many nor too large."""
    sequences, sizes = table.sequences, np.cumsum(table.bodies.lengths)
    breaks = (np.flatnonzero(sequences[1:] <= sequences[:-1]) + 1).tolist()
    for begin, end in zip([0, *breaks], [*breaks, len(table)], strict=True):
        at = begin
        while at < end:
            room = int(sizes[at - 1] if at else 0) + RUN_BODY_BYTES
            fits = int(np.searchsorted(sizes, room, side="right"))
            yield at, (at := min(end, at + RUN_RECORDS, max(at + 1, fits)))


def _ends(table: RecordTable) -> tuple[int, int]:
    return int(table.sequences[0]), int(table.sequences[-1])


def _written(gateway: str, table: RecordTable) -> bytes:
    first, last = _ends(table)
    return columnar.encode(Batch(gateway, table, sparse=last - first + 1 != len(table)))


def _read(contents: bytes) -> RecordTable:
    table = RecordTable.of(columnar.decode(contents).records)
    positions = table.kinds != MESSAGE
    return table if positions.all() else table.take(positions)


def _in_order(tables: list[RecordTable]) -> RecordTable:
    joined = RecordTable.joined(tables)
    return joined if len(tables) == 1 else joined.take(np.argsort(joined.sequences, kind="stable"))


def _packed(terminals: Column) -> bytes:
    return np.unique(terminals).astype(_NUMBERS).tobytes()
