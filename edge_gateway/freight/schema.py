"""The file of freight: how it is laid out and brought up to date. Versions live in `user_version`."""

import sqlite3
from pathlib import Path
from typing import Final

from .. import store_file


def connect(path: Path, max_bytes: int = 0) -> sqlite3.Connection:
    """A connection in autocommit mode, durable, the file brought up to date. max_bytes: at which it takes
    nothing more; 0: any size. Raises StoreError."""
    connection = store_file.connect(path, "freight file", MIGRATIONS)
    if max_bytes:
        (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
        connection.execute(f"PRAGMA max_page_count={max(1, max_bytes // page_bytes)}")
    return connection


def _create(connection: sqlite3.Connection) -> None:
    """Version 1.

    kept: single values by name. waybill: one row a (number, serial); document: what the company said of it,
    JSON; held: why the gate stopped it, JSON, empty when it may go; aside: codes that the company set aside.
    event: the life, append-only. position: raw bodies of a waybill's track. document: each revision of each
    document; lane: what must not overtake what. scan: symbols that gave an order. push: driver codes on their
    way down, and the commands that carry them; code: those that came; presence: keys that came with them.
    errand: what the command desk is to be asked. chain, link, opening: evidence; links append-only; anchored:
    whether the head is. anchor, anchored: what was published, and the way to it.
    """
    for statement in (
        "CREATE TABLE kept (name TEXT PRIMARY KEY, value BLOB NOT NULL)",
        "CREATE TABLE waybill (id INTEGER PRIMARY KEY, number TEXT NOT NULL, serial TEXT NOT NULL,"
        " state TEXT NOT NULL, terminal TEXT NOT NULL, vehicle TEXT NOT NULL, driver TEXT NOT NULL,"
        " company TEXT NOT NULL, dangerous INTEGER NOT NULL, document TEXT NOT NULL,"
        " route_sheet TEXT NOT NULL, held TEXT NOT NULL, aside TEXT NOT NULL, loaded_s INTEGER,"
        " unloaded_s INTEGER, load_place TEXT NOT NULL, unload_place TEXT NOT NULL,"
        " enterprise TEXT NOT NULL, location_due_s INTEGER, changed_ms INTEGER NOT NULL,"
        " UNIQUE (number, serial))",
        "CREATE INDEX waybill_open ON waybill (terminal) WHERE state NOT IN ('paid', 'cancelled')",
        "CREATE INDEX waybill_due ON waybill (location_due_s) WHERE location_due_s IS NOT NULL",
        "CREATE TABLE event (id INTEGER PRIMARY KEY AUTOINCREMENT, waybill INTEGER NOT NULL,"
        " name TEXT NOT NULL, state TEXT NOT NULL, at_ms INTEGER NOT NULL, detail TEXT NOT NULL)",
        "CREATE INDEX event_waybill ON event (waybill, id)",
        "CREATE TABLE position (waybill INTEGER NOT NULL, time_s INTEGER NOT NULL, sequence INTEGER NOT NULL,"
        " edition INTEGER NOT NULL, body BLOB NOT NULL,"
        " PRIMARY KEY (waybill, time_s, sequence)) WITHOUT ROWID",
        "CREATE TABLE card (id INTEGER PRIMARY KEY, terminal TEXT NOT NULL, driver TEXT NOT NULL,"
        " in_s INTEGER NOT NULL, out_s INTEGER)",
        "CREATE INDEX card_driver ON card (driver, in_s)",
        "CREATE INDEX card_open ON card (terminal) WHERE out_s IS NULL",
        "CREATE TABLE document (id INTEGER PRIMARY KEY AUTOINCREMENT, reference TEXT NOT NULL UNIQUE,"
        " enterprise TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, revision INTEGER NOT NULL,"
        " body TEXT NOT NULL, purpose TEXT NOT NULL, state TEXT NOT NULL, faults TEXT NOT NULL,"
        " message INTEGER NOT NULL, tries INTEGER NOT NULL, due_ms INTEGER NOT NULL,"
        " asked_by TEXT NOT NULL, created_ms INTEGER NOT NULL,"
        " changed_ms INTEGER NOT NULL, UNIQUE (enterprise, kind, name, revision))",
        "CREATE INDEX document_state ON document (state, id)",
        "CREATE INDEX document_message ON document (message) WHERE message > 0",
        "CREATE TABLE lane (lane TEXT NOT NULL, document INTEGER NOT NULL, PRIMARY KEY (lane, document))"
        " WITHOUT ROWID",
        "CREATE INDEX lane_document ON lane (document)",
        "CREATE TABLE scan (symbol BLOB PRIMARY KEY, waybill INTEGER NOT NULL, at_ms INTEGER NOT NULL)",
        "CREATE TABLE errand (id INTEGER PRIMARY KEY AUTOINCREMENT, terminal TEXT NOT NULL,"
        " message TEXT NOT NULL, content TEXT NOT NULL, not_after_ms INTEGER NOT NULL, holder TEXT NOT NULL,"
        " kind INTEGER NOT NULL)",
        "CREATE TABLE push (holder TEXT NOT NULL, kind INTEGER NOT NULL, command INTEGER NOT NULL,"
        " PRIMARY KEY (holder, kind)) WITHOUT ROWID",
        "CREATE TABLE presence (reference INTEGER PRIMARY KEY, secret BLOB NOT NULL)",
        "CREATE TABLE code (id TEXT PRIMARY KEY, at_ms INTEGER NOT NULL) WITHOUT ROWID",
        "CREATE TABLE link (subject TEXT NOT NULL, number INTEGER NOT NULL, line BLOB NOT NULL,"
        " PRIMARY KEY (subject, number)) WITHOUT ROWID",
        "CREATE TABLE opening (subject TEXT NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL,"
        " salt BLOB NOT NULL, data TEXT NOT NULL, PRIMARY KEY (subject, number, name)) WITHOUT ROWID",
        "CREATE TABLE covered (subject TEXT NOT NULL, number INTEGER NOT NULL, waybill INTEGER NOT NULL,"
        " sequences BLOB NOT NULL, PRIMARY KEY (subject, number)) WITHOUT ROWID",
        "CREATE TABLE chain (subject TEXT PRIMARY KEY, algorithm TEXT NOT NULL, anchored INTEGER NOT NULL)"
        " WITHOUT ROWID",
        "CREATE INDEX chain_news ON chain (algorithm, subject) WHERE NOT anchored",
        "CREATE TABLE anchor (number INTEGER PRIMARY KEY, body BLOB NOT NULL, published INTEGER NOT NULL)",
        "CREATE TABLE anchored (subject TEXT NOT NULL, anchor INTEGER NOT NULL, link INTEGER NOT NULL,"
        " leaf INTEGER NOT NULL, path BLOB NOT NULL, PRIMARY KEY (subject, anchor)) WITHOUT ROWID",
    ):
        connection.execute(statement)
    for table in ("event", "link"):
        for verb in ("DELETE", "UPDATE"):
            connection.execute(
                f"CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table}"
                " BEGIN SELECT raise(ABORT, 'append-only'); END"
            )


def _bound(connection: sqlite3.Connection) -> None:
    """Version 2.

    code_waiting: driver codes for vehicles whose terminal nobody knows yet, the newest of each kind. points:
    how many positions a waybill has. Links of capacity verdicts may be deleted when their time is over:
    whole chains, and nothing of a waybill's.
    """
    for statement in (
        "CREATE TABLE code_waiting (vehicle TEXT NOT NULL, terminal TEXT NOT NULL, kind INTEGER NOT NULL,"
        " rank BLOB NOT NULL, until_ms INTEGER NOT NULL, content BLOB NOT NULL,"
        " PRIMARY KEY (vehicle, terminal, kind)) WITHOUT ROWID",
        "ALTER TABLE waybill ADD COLUMN points INTEGER NOT NULL DEFAULT 0",
        "UPDATE waybill SET points = (SELECT count(*) FROM position WHERE waybill = waybill.id)",
        "CREATE INDEX waybill_typed ON waybill (terminal) WHERE document = ''",
        "CREATE INDEX scan_time ON scan (at_ms)",
        "CREATE TABLE verdict (subject TEXT PRIMARY KEY, at_ms INTEGER NOT NULL) WITHOUT ROWID",
        "CREATE INDEX verdict_time ON verdict (at_ms)",
        "DROP TRIGGER link_delete",
        "CREATE TRIGGER link_delete BEFORE DELETE ON link WHEN OLD.subject NOT LIKE 'capacity/%'"
        " BEGIN SELECT raise(ABORT, 'append-only'); END",
    ):
        connection.execute(statement)


# MIGRATIONS[n] brings version n to n + 1; version 0 is an empty file.
MIGRATIONS: Final[tuple[store_file.Step, ...]] = (_create, _bound)
