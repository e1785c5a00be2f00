"""The layout of the authority's database, its statements, and the way from older layouts. No queries here.

Reports stand in the order in which they came, named by an index: random names in the key of the table itself
would tear its pages apart at a million rows.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from protocols.monitoring.reading import read_position
from protocols.monitoring.records import Record

VERSION: Final = 2
_REPORT_COLUMNS: Final = """
  id            BLOB NOT NULL UNIQUE,
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
"""
# A message's name holds its serial, which comes round again: the journal entry belongs to the key.
_TABLES: Final = (
    f"CREATE TABLE report ({_REPORT_COLUMNS})",
    "CREATE INDEX report_by_terminal ON report (identity, reported_ms)",
    """CREATE TABLE message (
      id          BLOB NOT NULL,
      gateway     TEXT NOT NULL,
      sequence    INTEGER NOT NULL,
      identity    TEXT NOT NULL,
      message_id  INTEGER NOT NULL,
      received_ms INTEGER NOT NULL,
      edition     INTEGER NOT NULL,
      version     INTEGER NOT NULL,
      serial      INTEGER NOT NULL,
      phone       TEXT NOT NULL,
      body        BLOB NOT NULL,
      UNIQUE (id, gateway, sequence)
    )""",
    "CREATE INDEX message_by_terminal ON message (identity, message_id, received_ms)",
    "CREATE INDEX message_by_id ON message (message_id, received_ms)",
    """CREATE TABLE IF NOT EXISTS duplicate (
      gateway  TEXT NOT NULL,
      sequence INTEGER NOT NULL,
      id       BLOB NOT NULL,
      PRIMARY KEY (gateway, sequence, id)
    ) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS terminal (
      identity    TEXT PRIMARY KEY,
      received    INTEGER NOT NULL DEFAULT 0,
      redelivered INTEGER NOT NULL DEFAULT 0,
      duplicated  INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID""",
)

INSERT_REPORT: Final = f"INSERT OR IGNORE INTO report VALUES ({','.join('?' * 20)})"
INSERT_MESSAGE: Final = f"INSERT OR IGNORE INTO message VALUES ({','.join('?' * 11)})"


def prepare(database: sqlite3.Connection) -> None:
    """Makes the tables, or brings those of an older version up to date. Raises sqlite3.DatabaseError for a
    file that a newer program wrote."""
    found = database.execute("PRAGMA user_version").fetchone()[0]
    if found == VERSION:
        return
    if found > VERSION:
        raise sqlite3.DatabaseError(f"schema version {found}; this program knows {VERSION}")
    database.execute("BEGIN IMMEDIATE")
    try:
        if found == 1:
            _set_version_1_aside(database)
        for statement in _TABLES:
            database.execute(statement)
        if found == 1:
            _take_version_1_over(database)
        database.execute(f"PRAGMA user_version = {VERSION}")
        database.execute("COMMIT")
    except BaseException:
        database.execute("ROLLBACK")
        raise


def _set_version_1_aside(database: sqlite3.Connection) -> None:
    database.execute("ALTER TABLE report RENAME TO report_1")
    database.execute("DROP INDEX report_by_terminal")


def _take_version_1_over(database: sqlite3.Connection) -> None:
    database.execute("INSERT INTO report SELECT * FROM report_1 ORDER BY gateway, sequence")
    database.execute("DROP TABLE report_1")


def report_row(name: bytes, gateway: str, identity: str, record: Record) -> tuple[object, ...]:
    """The row of a position."""
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


def message_row(name: bytes, gateway: str, identity: str, record: Record) -> tuple[object, ...]:
    """The row of any other message."""
    return (
        name,
        gateway,
        record.sequence,
        identity,
        record.message_id,
        record.received_ms,
        record.edition,
        record.version,
        record.serial,
        record.phone,
        record.body,
    )
