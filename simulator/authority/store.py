"""What the authority keeps: every report once, by record id, with where and when it first came from; and
every other message by the journal entry that it came under.

SQLite in WAL mode, some batches per transaction, durable before a receipt may be sent. Others may read the
file while the service writes it. How positions stand there is the business of `positions`. No network here.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from protocols.monitoring.byte_rows import INT, Column
from protocols.monitoring.json_form import read_fields
from protocols.monitoring.records import MESSAGE, Record, record_id
from protocols.monitoring.table import RecordTable
from protocols.wire.bcd import identity_of

from .files import open_to_read, open_to_write
from .positions import NEW, REDELIVERED, Positions, taken_at
from .schema import INSERT_MESSAGE, VERSION, message_row, prepare, version_of
from .terminals import OUTCOMES, Counts, TerminalCounts, Terminals
from .track import TrackPoint, point_of

_CACHE_KIB: Final = 65_536
_CHECKPOINT_PAGES: Final = 4_096  # of 8 KiB: the log grows to 32 MiB


class Delivered(NamedTuple):
    """Records of one batch that are wanted. message: the columnar message they came in, when it holds nothing
    else."""

    gateway: str
    records: Sequence[Record]
    message: bytes = b""


class Stored(NamedTuple):
    """What became of a batch's records. redelivered: the same journal entry again, which is harmless.
    duplicated: the same report under another journal entry, which is a gateway's fault."""

    accepted: int
    redelivered: int
    duplicated: int


class StoredMessage(NamedTuple):
    """One stored message. read: its fields as `jt808 decode` shows them, None when it is not declared in its
    edition or does not fit its declaration."""

    record_id: bytes
    gateway: str
    record: Record
    read: dict[str, Any] | None


class Store:
    """The database file. One writer (the service); any number of readers with `read_only`.

    To be used from one thread at a time. Raises sqlite3.Error when the file cannot be used.
    """

    def __init__(self, path: Path | str, read_only: bool = False) -> None:
        self._database = open_to_read(path) if read_only else _open_to_write(path)
        self._positions = Positions(self._database)
        self._terminals = Terminals(self._database)
        try:
            if not read_only:
                prepare(self._database, self._take_over)
            elif version_of(self._database) != VERSION:
                raise sqlite3.DatabaseError(
                    f"{path} is of an older version; the service brings it up to date"
                )
        except BaseException:
            self._database.close()
            raise

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file; what was stored stays."""
        self._database.close()

    def store(self, gateway: str, records: Sequence[Record]) -> Stored:
        """Stores every record that is new; durable when this returns, all of it or nothing. Raises
        LocalProtocolError for a record outside of the contract."""
        return self.store_batches([Delivered(gateway, records)])[0]

    def store_batches(self, batches: Sequence[Delivered]) -> list[Stored]:
        """The same for several, in one commit; gives what became of each."""
        counts: Counts = Counter()
        self._database.execute("BEGIN IMMEDIATE")
        try:
            outcomes = [self._store_batch(batch, counts) for batch in batches]
            self._terminals.add(counts)
            self._database.execute("COMMIT")
        except BaseException:
            self._terminals.forget()
            self._database.execute("ROLLBACK")
            raise
        return outcomes

    def stored_ids(self) -> set[bytes]:
        """The record ids of all positions stored."""
        return set(self._positions.names())

    def holds(self, phone: str, body: bytes) -> bool:
        """Whether that position of that terminal is stored."""
        return self._positions.holds(record_id(phone, body), body)

    def counts(self) -> TerminalCounts:
        """The counts of all terminals together."""
        return self._terminals.total()

    def counts_by_terminal(self) -> dict[str, TerminalCounts]:
        """The counts of each terminal, by identity (digits without leading zeros)."""
        return self._terminals.counts()

    def received(self, identity: str) -> int:
        """How many distinct reports of one terminal are stored."""
        return self._terminals.received(identity)

    def duplicates(self) -> list[tuple[str, int, bytes]]:
        """Every journal entry (gateway, sequence, record id) that repeated a report under a new sequence."""
        return list(self._database.execute("SELECT gateway, sequence, id FROM duplicate"))

    def track(self, identity: str) -> list[TrackPoint]:
        """The positions of one terminal in the order the device took them."""
        found = [
            (record.sequence, point_of(record))
            for _, records in self._positions_of(identity)
            for record in records
        ]
        found.sort(key=lambda pair: (pair[1].reported_ms is not None, pair[1].reported_ms or 0, pair[0]))
        return [point for _, point in found]

    def last_position(self, identity: str) -> TrackPoint | None:
        """The newest position of one terminal by its own time; None without one whose time is readable."""
        newest, newest_at = None, 0
        for latest, records in self._positions_of(identity):
            if latest < newest_at:
                break
            for record in records:
                point, at = point_of(record), taken_at(record.body)
                if point.reported_ms is not None and at > newest_at:
                    newest, newest_at = point, at
        return newest

    def message_entries(self, identity: str) -> dict[bytes, int]:
        """Under how many journal entries each message of one terminal is stored, by record id."""
        rows = self._database.execute(
            "SELECT id, count(*) FROM message WHERE identity = ? GROUP BY id", (identity,)
        )
        return dict(rows.fetchall())

    def messages(self, message_id: int | None = None, identity: str | None = None) -> Iterator[StoredMessage]:
        """Stored messages of one id or all, of one terminal or all, in order of arrival; each is decoded when
        it is its turn."""
        rows = self._database.execute(
            "SELECT id, gateway, sequence, received_ms, phone, edition, version, message_id, serial, body"
            " FROM message WHERE (?1 IS NULL OR message_id = ?1) AND (?2 IS NULL OR identity = ?2)"
            " ORDER BY received_ms, gateway, sequence",
            (message_id, identity),
        )
        for name, gateway, *head, body in rows:
            record = Record._make((*head, MESSAGE, body))
            yield StoredMessage(
                name, gateway, record, read_fields(record.message_id, record.edition, record.body)
            )

    def records(self) -> Iterator[tuple[str, Record]]:
        """All positions stored as (gateway, record), in the order of the gateways' journals."""
        return ((gateway, record) for gateway, table in self.tables() for record in table)

    def tables(self, since: int = 0) -> Iterator[tuple[str, RecordTable]]:
        """The same as tables of some hundreds to thousands, at a tenth of the cost. since: see
        `Positions.tables`."""
        return self._positions.tables(since)

    def _positions_of(self, identity: str) -> Iterator[tuple[int, RecordTable]]:
        """Those of one terminal, run by run as `Positions.of_terminal` gives them."""
        number = self._terminals.find(identity)
        for latest, table in () if number is None else self._positions.of_terminal(number):
            senders = [at for at, sender in enumerate(table.senders) if identity_of(sender[0]) == identity]
            yield latest, table.take(np.isin(table.numbers, senders))

    def _store_batch(self, batch: Delivered, counts: Counts) -> Stored:
        table = RecordTable.of(batch.records)
        if not len(table):
            return Stored(0, 0, 0)
        terminals, names = self._terminals.numbers_of(table), table.names()
        outcomes = np.zeros(len(table), INT)
        at = np.flatnonzero(table.kinds != MESSAGE)
        if len(at):
            positions = table if len(at) == len(table) else table.take(at)
            theirs = names if positions is table else [names[one] for one in at.tolist()]
            outcomes[at] = self._positions.enter_names(batch.gateway, positions, theirs)
            self._keep_new(batch, positions, terminals[at], outcomes[at] == NEW)
        for one in np.flatnonzero(table.kinds == MESSAGE).tolist():
            outcomes[one] = self._store_message(batch.gateway, names[one], table[one])
        pairs, amounts = np.unique(terminals * OUTCOMES + outcomes, return_counts=True)
        for pair, amount in zip(pairs.tolist(), amounts.tolist(), strict=True):
            counts[divmod(pair, OUTCOMES)] += amount
        return Stored._make(np.bincount(outcomes, minlength=OUTCOMES).tolist())

    def _keep_new(self, batch: Delivered, positions: RecordTable, terminals: Column, new: Column) -> None:
        if new.all():
            whole = batch.message if len(positions) == len(batch.records) else b""
            self._positions.add(batch.gateway, positions, terminals, whole)
        elif new.any():
            self._positions.add(batch.gateway, positions.take(new), terminals[new])

    def _store_message(self, gateway: str, name: bytes, record: Record) -> int:
        """A message whose name and journal entry are there already is redelivered. (The same name under
        another entry may be another event: serials come round again. The ledger tells, which knows what was
        emitted.)"""
        row = message_row(name, gateway, identity_of(record.phone), record)
        return NEW if self._database.execute(INSERT_MESSAGE, row).rowcount else REDELIVERED

    def _take_over(self, gateway: str, table: RecordTable) -> None:
        self._positions.enter_names(gateway, table, table.names())
        self._positions.add(gateway, table, self._terminals.numbers_of(table))


def _open_to_write(path: Path | str) -> sqlite3.Connection:
    database = open_to_write(path)
    database.execute(f"PRAGMA cache_size = {-_CACHE_KIB}")
    database.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    return database
