"""The file of the commands: how it is laid out and brought up to date. Versions live in `user_version`."""

import sqlite3
from pathlib import Path
from typing import Final

from .. import store_file


def connect(path: Path) -> sqlite3.Connection:
    """A connection in autocommit mode, durable, the file brought up to date. Raises StoreError."""
    return store_file.connect(path, "commands file", MIGRATIONS)


def _create(connection: sqlite3.Connection) -> None:
    """Version 1.

    command: one row each; body: the JSON as it was asked for; file: SHA-256 of what stands in field
    `file_field`. audit: append-only, the triggers see to it. token: SHA-256 of the secret part.
    """
    for statement in (
        "CREATE TABLE command (number INTEGER PRIMARY KEY AUTOINCREMENT, terminal TEXT NOT NULL,"
        " message_id INTEGER NOT NULL, body TEXT NOT NULL, file TEXT NOT NULL, idempotency_key TEXT,"
        " fingerprint TEXT NOT NULL, asked_by TEXT NOT NULL, created_ms INTEGER NOT NULL,"
        " not_after_ms INTEGER NOT NULL, wants_upgrade_result INTEGER NOT NULL, rollout INTEGER NOT NULL,"
        " state TEXT NOT NULL, done INTEGER NOT NULL, attempts INTEGER NOT NULL, result INTEGER,"
        " error TEXT NOT NULL, serials TEXT NOT NULL, answered_by INTEGER, answer_id INTEGER NOT NULL,"
        " answer BLOB NOT NULL, answer_edition INTEGER NOT NULL, changed_ms INTEGER NOT NULL)",
        "CREATE UNIQUE INDEX command_key ON command (asked_by, idempotency_key)",
        "CREATE INDEX command_terminal ON command (terminal, number)",
        "CREATE INDEX command_open ON command (number) WHERE done = 0",
        "CREATE INDEX command_rollout ON command (rollout) WHERE rollout > 0",
        "CREATE TABLE file (sha256 TEXT PRIMARY KEY, created_ms INTEGER NOT NULL, content BLOB NOT NULL)",
        "CREATE TABLE rollout (number INTEGER PRIMARY KEY AUTOINCREMENT, plan TEXT NOT NULL,"
        " ring INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, asked_by TEXT NOT NULL,"
        " created_ms INTEGER NOT NULL)",
        "CREATE TABLE audit (number INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL,"
        " who TEXT NOT NULL, what TEXT NOT NULL, terminal TEXT NOT NULL, detail TEXT NOT NULL)",
        "CREATE TRIGGER audit_stays BEFORE DELETE ON audit BEGIN SELECT raise(ABORT, 'append-only'); END",
        "CREATE TRIGGER audit_is BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'append-only'); END",
        "CREATE TABLE token (name TEXT PRIMARY KEY, digest BLOB NOT NULL, scopes TEXT NOT NULL,"
        " created_ms INTEGER NOT NULL, not_after_ms INTEGER, revoked_ms INTEGER)",
    ):
        connection.execute(statement)


# MIGRATIONS[n] brings version n to n + 1; version 0 is an empty file.
MIGRATIONS: Final[tuple[store_file.Step, ...]] = (_create,)
