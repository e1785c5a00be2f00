"""What the authority keeps: every report once, by record id, with where and when it first came from.

SQLite in WAL mode, a batch per transaction, durable before a receipt may be sent. Others may read the file
while the service writes it. No network here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple

from protocols.monitoring.reading import read_position
from protocols.monitoring.records import Record, record_id
from protocols.wire.bcd import identity_of

_BUSY_TIMEOUT_S: Final = 30.0
_SCHEMA_VERSION: Final = 1
# `synchronous` FULL makes a commit survive a power cut, not only a crash of this process.
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS report (
  id            BLOB PRIMARY KEY,
  identity      TEXT NOT NULL,
  gateway       TEXT NOT NULL,
  sequence      INTEGER NOT NULL,
  kind          INTEGER NOT NULL,
  received_ms   INTEGER NOT NULL,
  reported_ms   INTEGER,
  latitude_udeg INTEGER NOT NULL,
  longitude_udeg INTEGER NOT NULL,
  altitude_m    INTEGER NOT NULL,
  speed_dkmh    INTEGER NOT NULL,
  direction_deg INTEGER NOT NULL,
  fixed         INTEGER NOT NULL,
  alarm         INTEGER NOT NULL,
  status        INTEGER NOT NULL,
  edition       INTEGER NOT NULL,
  version       INTEGER NOT NULL,
  serial        INTEGER NOT NULL,
  phone         TEXT NOT NULL,
  body          BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS report_by_terminal ON report (identity, reported_ms);
CREATE TABLE IF NOT EXISTS duplicate (
  gateway  TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  id       BLOB NOT NULL,
  PRIMARY KEY (gateway, sequence, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS terminal (
  identity TEXT PRIMARY KEY,
  received INTEGER NOT NULL DEFAULT 0,
  redelivered INTEGER NOT NULL DEFAULT 0,
  duplicated INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
"""
_INSERT: Final = "INSERT OR IGNORE INTO report VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
_COUNT: Final = """
INSERT INTO terminal VALUES (?1, ?2, ?3, ?4) ON CONFLICT (identity) DO UPDATE SET
  received = received + ?2, redelivered = redelivered + ?3, duplicated = duplicated + ?4
"""


class Stored(NamedTuple):
    """What became of a batch's records. redelivered: the same journal entry again, which is harmless.
    duplicated: the same report under another journal entry, which is a gateway's fault."""

    accepted: int
    redelivered: int
    duplicated: int


class TerminalCounts(NamedTuple):
    """Of one terminal: distinct reports stored, and how often stored ones came again."""

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
        self._prepare()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file; what was stored stays."""
        self._database.close()

    def store(self, gateway: str, records: Iterable[Record]) -> Stored:
        """Stores every report that is new; durable when this returns, all of it or nothing."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            outcome = self._store_records(gateway, records)
            self._database.execute("COMMIT")
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        return outcome

    def stored_ids(self) -> set[bytes]:
        """The record ids of everything stored."""
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

    def records(self) -> Iterator[tuple[str, Record]]:
        """Everything stored as (gateway, record), in the order of the gateways' journals."""
        rows = self._database.execute(
            "SELECT gateway, sequence, received_ms, phone, edition, version,"
            " CASE kind WHEN 0 THEN 0x0200 WHEN 3 THEN 0x0201 ELSE 0x0704 END, serial, kind, body"
            " FROM report ORDER BY gateway, sequence"
        )
        return ((gateway, Record(*values)) for gateway, *values in rows)

    def _prepare(self) -> None:
        found = self._database.execute("PRAGMA user_version").fetchone()[0]
        if found not in (0, _SCHEMA_VERSION):
            raise sqlite3.DatabaseError(f"schema version {found}; this program knows {_SCHEMA_VERSION}")
        self._database.executescript(_SCHEMA)
        self._database.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")

    def _store_records(self, gateway: str, records: Iterable[Record]) -> Stored:
        counts: dict[str, list[int]] = {}
        for record in records:
            identity = identity_of(record.phone)
            outcome = self._store_record(gateway, identity, record)
            counts.setdefault(identity, [0, 0, 0])[outcome] += 1
        self._database.executemany(_COUNT, [(identity, *count) for identity, count in counts.items()])
        return Stored(*(sum(count[outcome] for count in counts.values()) for outcome in range(3)))

    def _store_record(self, gateway: str, identity: str, record: Record) -> int:
        """0 stored now, 1 redelivered, 2 duplicated: the index into the counts."""
        name = record_id(record.phone, record.body)
        if self._database.execute(_INSERT, _row_of(name, gateway, identity, record)).rowcount:
            return 0
        entry = (gateway, record.sequence)
        query = "SELECT gateway, sequence FROM report WHERE id = ?"
        if self._database.execute(query, (name,)).fetchone() == entry:
            return 1
        # A duplicate that is redelivered is still one duplicate.
        remember = "INSERT OR IGNORE INTO duplicate VALUES (?, ?, ?)"
        return 2 if self._database.execute(remember, (*entry, name)).rowcount else 1


def _row_of(name: bytes, gateway: str, identity: str, record: Record) -> tuple[object, ...]:
    reading = read_position(record.body)
    return (
        name,
        identity,
        gateway,
        record.sequence,
        record.kind,
        record.received_ms,
        reading.reported_ms,
        reading.latitude_udeg,
        reading.longitude_udeg,
        reading.altitude_m,
        reading.speed_dkmh,
        reading.direction_deg,
        reading.fixed,
        reading.alarm,
        reading.status,
        record.edition,
        record.version,
        record.serial,
        record.phone,
        record.body,
    )
