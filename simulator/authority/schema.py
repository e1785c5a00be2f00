"""The layout of the authority's database, its statements, and the way from older layouts. No queries here.

A position stands in a run: what one gateway's journal held one behind the other, as the columnar message it
came in, some twenty bytes a position. `name` proves that each is there once: its key is the device's own time
and the whole record id, so a name is looked for where its neighbours in time are and not all over the file
(two records of one name have one body, and so one time).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Final

from protocols.monitoring.records import Record
from protocols.monitoring.table import RecordTable

VERSION: Final = 3
_PAGE_BYTES: Final = 8192
# A message's name holds its serial, which comes round again: the journal entry belongs to the key.
_MESSAGE: Final = """CREATE TABLE message (
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
    )"""
_TABLES: Final = (
    "CREATE TABLE gateway (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE)",
    # latest: of the names' `taken`; terminals: their numbers, four bytes each; contents: a columnar message.
    """CREATE TABLE run (
      number         INTEGER PRIMARY KEY,
      gateway        INTEGER NOT NULL,
      first_sequence INTEGER NOT NULL,
      last_sequence  INTEGER NOT NULL,
      count          INTEGER NOT NULL,
      latest         INTEGER NOT NULL,
      terminals      BLOB NOT NULL,
      contents       BLOB NOT NULL
    )""",
    "CREATE INDEX run_by_sequence ON run (gateway, last_sequence, count)",
    """CREATE TABLE name (
      taken    INTEGER NOT NULL,
      id       BLOB NOT NULL,
      gateway  INTEGER NOT NULL,
      sequence INTEGER NOT NULL,
      PRIMARY KEY (taken, id)
    ) WITHOUT ROWID""",
    """CREATE TABLE duplicate (
      gateway  TEXT NOT NULL,
      sequence INTEGER NOT NULL,
      id       BLOB NOT NULL,
      PRIMARY KEY (gateway, sequence, id)
    ) WITHOUT ROWID""",
    """CREATE TABLE terminal (
      number      INTEGER PRIMARY KEY,
      identity    TEXT NOT NULL UNIQUE,
      received    INTEGER NOT NULL DEFAULT 0,
      redelivered INTEGER NOT NULL DEFAULT 0,
      duplicated  INTEGER NOT NULL DEFAULT 0
    )""",
    _MESSAGE,
    "CREATE INDEX message_by_terminal ON message (identity, message_id, received_ms)",
    "CREATE INDEX message_by_id ON message (message_id, received_ms)",
)
_OLD_INDEXES: Final = ("report_by_terminal", "message_by_terminal", "message_by_id")
_ROWS_AT_ONCE: Final = 1000

INSERT_MESSAGE: Final = f"INSERT OR IGNORE INTO message VALUES ({','.join('?' * 11)})"

TakeOver = Callable[[str, RecordTable], object]
"""Stores positions of a gateway that are not there yet, and counts nothing."""


def prepare(database: sqlite3.Connection, take_over: TakeOver) -> None:
    """Makes the tables, or brings those of an older version up to date. Raises sqlite3.DatabaseError for a
    file that a newer program wrote."""
    database.execute(f"PRAGMA page_size = {_PAGE_BYTES}")  # of a new file
    database.execute("PRAGMA journal_mode = WAL")
    found = version_of(database)
    if found == VERSION:
        return
    database.execute("BEGIN IMMEDIATE")
    try:
        old = _set_aside(database) if found else []
        for statement in _TABLES:
            database.execute(statement)
        if found:
            _take_over(database, old, take_over)
        database.execute(f"PRAGMA user_version = {VERSION}")
        database.execute("COMMIT")
    except BaseException:
        database.execute("ROLLBACK")
        raise


def version_of(database: sqlite3.Connection) -> int:
    """The layout's version, 0 of an empty file. Raises sqlite3.DatabaseError for a newer one than ours."""
    found = int(database.execute("PRAGMA user_version").fetchone()[0])
    if found > VERSION:
        raise sqlite3.DatabaseError(f"schema version {found}; this program knows {VERSION}")
    return found


def _set_aside(database: sqlite3.Connection) -> list[str]:
    """Renames the tables of an older version, which had a row for each position; gives their names."""
    for index in _OLD_INDEXES:
        database.execute(f"DROP INDEX IF EXISTS {index}")
    names = [name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    for name in names:
        database.execute(f"ALTER TABLE {name} RENAME TO old_{name}")
    return names


def _take_over(database: sqlite3.Connection, names: list[str], take_over: TakeOver) -> None:
    database.execute(
        "INSERT INTO terminal (identity, received, redelivered, duplicated)"
        " SELECT identity, received, redelivered, duplicated FROM old_terminal"
    )
    database.execute("INSERT INTO duplicate SELECT gateway, sequence, id FROM old_duplicate")
    if "message" in names:  # since version 2
        database.execute("INSERT INTO message SELECT * FROM old_message")
    for gateway, records in _old_positions(database):
        take_over(gateway, RecordTable.of(records))
    for name in names:
        database.execute(f"DROP TABLE old_{name}")


def _old_positions(database: sqlite3.Connection) -> Iterator[tuple[str, list[Record]]]:
    rows = database.execute(
        "SELECT gateway, sequence, received_ms, phone, edition, version,"
        " CASE kind WHEN 0 THEN 0x0200 WHEN 3 THEN 0x0201 ELSE 0x0704 END, serial, kind, body"
        " FROM old_report ORDER BY gateway, sequence"
    )
    while some := rows.fetchmany(_ROWS_AT_ONCE):
        for gateway, group in groupby(some, key=lambda row: row[0]):
            yield gateway, [Record._make(row[1:]) for row in group]


def message_row(name: bytes, gateway: str, identity: str, record: Record) -> tuple[object, ...]:
    """The row of a message that is no position."""
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
