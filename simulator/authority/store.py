"""What the authority keeps: every report once, by record id, with where and when it first came from; and
every other message by the journal entry that it came under.

SQLite in WAL mode, a batch per transaction, durable before a receipt may be sent. Others may read the file
while the service writes it. No network here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple

from protocols.monitoring.json_form import read_fields
from protocols.monitoring.records import MESSAGE, Record, id_of
from protocols.wire.bcd import identity_of

from .schema import INSERT_MESSAGE, INSERT_REPORT, message_row, prepare, report_row

_BUSY_TIMEOUT_S: Final = 30.0
_CACHE_KIB: Final = 65_536
_CHECKPOINT_PAGES: Final = 8_192  # of 4 KiB: the log grows to 32 MiB
_COUNT: Final = """
INSERT INTO terminal VALUES (?1, ?2, ?3, ?4) ON CONFLICT (identity) DO UPDATE SET
  received = received + ?2, redelivered = redelivered + ?3, duplicated = duplicated + ?4
"""


Named = tuple[bytes, str, Record]  # record id, identity, record
RowOf = Callable[[bytes, str, str, Record], tuple[object, ...]]
OutcomeOf = Callable[[str, Named], int]


class Stored(NamedTuple):
    """What became of a batch's records. redelivered: the same journal entry again, which is harmless.
    duplicated: the same report under another journal entry, which is a gateway's fault."""

    accepted: int
    redelivered: int
    duplicated: int


class TerminalCounts(NamedTuple):
    """Of one terminal: distinct records stored, and how often stored ones came again."""

    received: int
    redelivered: int
    duplicated: int


class TrackPoint(NamedTuple):
    """One stored position of a terminal; times are UTC milliseconds, reported_ms None when unreadable."""

    reported_ms: int | None
    received_ms: int
    latitude_udeg: int
    longitude_udeg: int
    speed_dkmh: int
    direction_deg: int
    kind: int
    fixed: bool


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
        if read_only:
            address = f"{Path(path).resolve().as_uri()}?mode=ro"
            self._database = sqlite3.connect(
                address, uri=True, timeout=_BUSY_TIMEOUT_S, check_same_thread=False
            )
            return
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(
            path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        # Names are random: their index must stay in memory, and its pages be written back not for each batch.
        self._database.execute(f"PRAGMA cache_size = {-_CACHE_KIB}")
        self._database.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        try:
            prepare(self._database)
        except BaseException:
            self._database.close()
            raise

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file; what was stored stays."""
        self._database.close()

    def store(self, gateway: str, records: Sequence[Record]) -> Stored:
        """Stores every record that is new; durable when this returns, all of it or nothing."""
        return self.store_batches([(gateway, records)])[0]

    def store_batches(self, batches: Sequence[tuple[str, Sequence[Record]]]) -> list[Stored]:
        """The same for several (gateway, records), in one commit; gives what became of each."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            outcomes = [self._store_records(gateway, records) for gateway, records in batches]
            self._database.execute("COMMIT")
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        return outcomes

    def stored_ids(self) -> set[bytes]:
        """The record ids of all positions stored."""
        return {row[0] for row in self._database.execute("SELECT id FROM report")}

    def counts(self) -> TerminalCounts:
        """The counts of all terminals together."""
        query = (
            "SELECT coalesce(sum(received), 0), coalesce(sum(redelivered), 0), coalesce(sum(duplicated), 0)"
        )
        return TerminalCounts(*self._database.execute(f"{query} FROM terminal").fetchone())

    def counts_by_terminal(self) -> dict[str, TerminalCounts]:
        """The counts of each terminal, by identity (digits without leading zeros)."""
        rows = self._database.execute("SELECT identity, received, redelivered, duplicated FROM terminal")
        return {identity: TerminalCounts(*counts) for identity, *counts in rows}

    def received(self, identity: str) -> int:
        """How many distinct reports of one terminal are stored."""
        row = self._database.execute(
            "SELECT received FROM terminal WHERE identity = ?", (identity,)
        ).fetchone()
        return row[0] if row else 0

    def duplicates(self) -> list[tuple[str, int, bytes]]:
        """Every journal entry (gateway, sequence, record id) that repeated a report under a new sequence."""
        return list(self._database.execute("SELECT gateway, sequence, id FROM duplicate"))

    def track(self, identity: str) -> list[TrackPoint]:
        """The positions of one terminal in the order the device took them."""
        rows = self._database.execute(
            "SELECT reported_ms, received_ms, latitude_udeg, longitude_udeg, speed_dkmh, direction_deg, kind,"
            " fixed FROM report WHERE identity = ? ORDER BY reported_ms, sequence",
            (identity,),
        )
        return [TrackPoint._make((*values, bool(fixed))) for *values, fixed in rows]

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
        rows = self._database.execute(
            "SELECT gateway, sequence, received_ms, phone, edition, version,"
            " CASE kind WHEN 0 THEN 0x0200 WHEN 3 THEN 0x0201 ELSE 0x0704 END, serial, kind, body"
            " FROM report ORDER BY gateway, sequence"
        )
        return ((gateway, Record(*values)) for gateway, *values in rows)

    def _store_records(self, gateway: str, records: Sequence[Record]) -> Stored:
        identities = {phone: identity_of(phone) for phone in {record.phone for record in records}}
        named = [(id_of(record), identities[record.phone], record) for record in records]
        positions = [entry for entry in named if entry[2].kind != MESSAGE]
        messages = [entry for entry in named if entry[2].kind == MESSAGE]
        outcomes = self._insert(gateway, positions, INSERT_REPORT, report_row, self._outcome_of_report)
        outcomes += self._insert(gateway, messages, INSERT_MESSAGE, message_row, _redelivered)
        counts = {identity: [0, 0, 0] for identity in identities.values()}
        for (_, identity, _), outcome in zip(positions + messages, outcomes, strict=True):
            counts[identity][outcome] += 1
        self._database.executemany(_COUNT, [(identity, *count) for identity, count in counts.items()])
        return Stored(*(sum(count[outcome] for count in counts.values()) for outcome in range(3)))

    def _insert(
        self, gateway: str, entries: list[Named], statement: str, row_of: RowOf, known: OutcomeOf
    ) -> list[int]:
        """0 stored now, 1 redelivered, 2 duplicated, of each entry: the index into the counts. Almost always
        all are new, which one statement finds out; else each is asked for."""
        rows = [row_of(name, gateway, identity, record) for name, identity, record in entries]
        before = self._database.total_changes
        self._database.execute("SAVEPOINT at_once")
        self._database.executemany(statement, rows)
        if self._database.total_changes - before == len(rows):
            self._database.execute("RELEASE at_once")
            return [0] * len(rows)
        self._database.execute("ROLLBACK TO at_once")
        return [
            0 if self._database.execute(statement, row).rowcount else known(gateway, entry)
            for row, entry in zip(rows, entries, strict=True)
        ]

    def _outcome_of_report(self, gateway: str, entry: Named) -> int:
        name, _, record = entry
        query = "SELECT gateway, sequence FROM report WHERE id = ?"
        if self._database.execute(query, (name,)).fetchone() == (gateway, record.sequence):
            return 1
        # A duplicate that is redelivered is still one duplicate.
        remember = "INSERT OR IGNORE INTO duplicate VALUES (?, ?, ?)"
        return 2 if self._database.execute(remember, (gateway, record.sequence, name)).rowcount else 1


def _redelivered(_gateway: str, _entry: Named) -> int:
    """A message whose name and journal entry are there already. (The same name under another entry may be
    another event: serials come round again. The ledger, which knows what was emitted, tells.)"""
    return 1
