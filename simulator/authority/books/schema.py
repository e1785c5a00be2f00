"""The layout of the authority's books. No queries here."""

from __future__ import annotations

import sqlite3
from typing import Final

VERSION: Final = 2
# Since version 2: what the indicators need of each document, see `rows`; and how far they were made.
_ROWS: Final = (
    """CREATE TABLE reduced (
      document   INTEGER PRIMARY KEY REFERENCES document (number),
      kind       TEXT NOT NULL,
      enterprise TEXT NOT NULL,
      numbers    BLOB NOT NULL,
      texts      TEXT NOT NULL,
      faults     TEXT NOT NULL,
      points     BLOB NOT NULL
    )""",
    # Those of the documents up to `until` were made by `rows.complete`, later ones as they came.
    "CREATE TABLE reduction (layout TEXT NOT NULL, done INTEGER NOT NULL, until INTEGER NOT NULL)",
)
_TABLES: Final = (
    # What stands now, by shelf and key; `link` finds records of one holder or vehicle.
    """CREATE TABLE record (
      shelf TEXT NOT NULL,
      name  TEXT NOT NULL,
      link  TEXT NOT NULL DEFAULT '',
      body  TEXT NOT NULL,
      PRIMARY KEY (shelf, name)
    ) WITHOUT ROWID""",
    "CREATE INDEX record_by_link ON record (shelf, link) WHERE link != ''",
    # What ever stood: each change with who made it and what the record was after it (NULL: struck out).
    """CREATE TABLE change (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      shelf  TEXT NOT NULL,
      name   TEXT NOT NULL,
      at_s   INTEGER NOT NULL,
      actor  TEXT NOT NULL,
      action TEXT NOT NULL,
      body   TEXT
    )""",
    "CREATE INDEX change_by_name ON change (shelf, name, number)",
    "CREATE INDEX change_by_shelf ON change (shelf, number)",
    # A document as it came. label: what a higher revision of it replaces. body: compressed JSON.
    """CREATE TABLE document (
      number     INTEGER PRIMARY KEY,
      gateway    TEXT NOT NULL,
      reference  TEXT NOT NULL,
      enterprise TEXT NOT NULL,
      kind       TEXT NOT NULL,
      label      TEXT NOT NULL,
      revision   INTEGER NOT NULL,
      purpose    TEXT NOT NULL,
      received_s INTEGER NOT NULL,
      faults     TEXT NOT NULL,
      body       BLOB NOT NULL,
      UNIQUE (gateway, reference)
    )""",
    "CREATE INDEX document_by_label ON document (kind, label, revision)",
    # Whose data stands in which documents: what a person's export and deletion go by.
    """CREATE TABLE subject (
      who      TEXT NOT NULL,
      document INTEGER NOT NULL REFERENCES document (number),
      PRIMARY KEY (who, document)
    ) WITHOUT ROWID""",
    *_ROWS,
    """CREATE TABLE account (
      name   TEXT PRIMARY KEY,
      kind   TEXT NOT NULL,
      scopes TEXT NOT NULL,
      owner  TEXT NOT NULL,
      salt   BLOB NOT NULL,
      secret BLOB NOT NULL,
      ended  INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID""",
    """CREATE TABLE token (
      digest  BLOB PRIMARY KEY,
      account TEXT NOT NULL REFERENCES account (name),
      scopes  TEXT NOT NULL,
      until_s INTEGER NOT NULL
    ) WITHOUT ROWID""",
    # Who was given what, of whom, and why. Never the values themselves.
    """CREATE TABLE audit (
      number  INTEGER PRIMARY KEY,
      at_s    INTEGER NOT NULL,
      account TEXT NOT NULL,
      action  TEXT NOT NULL,
      who     TEXT NOT NULL,
      purpose TEXT NOT NULL,
      given   TEXT NOT NULL
    )""",
    "CREATE INDEX audit_by_who ON audit (who, number)",
)


def prepare(database: sqlite3.Connection) -> None:
    """Makes the tables, or those that an older version lacks. Raises sqlite3.DatabaseError for a file that a
    newer program wrote."""
    found = database.execute("PRAGMA user_version").fetchone()[0]
    if found > VERSION:
        raise sqlite3.DatabaseError(f"schema version {found}; this program knows {VERSION}")
    if found == VERSION:
        return
    for statement in _ROWS if found else _TABLES:
        database.execute(statement)
    database.execute(f"PRAGMA user_version = {VERSION}")
