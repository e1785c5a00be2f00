"""The file of the commands: how it is laid out and brought up to date. Versions live in `user_version`."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

BUSY_MS = 10_000  # `edge-gateway token` writes beside a running gateway


class StoreError(Exception):
    """The file cannot be used; the message names it and says what to do."""


def connect(path: Path) -> sqlite3.Connection:
    """A connection in autocommit mode, durable, the file brought up to date. Raises StoreError."""
    try:
        connection = sqlite3.connect(
            path, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        _migrate(connection, path)
    except sqlite3.Error as error:
        raise StoreError(f"the commands {path} cannot be opened: {error}") from error
    return connection


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
MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (_create,)


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version > len(MIGRATIONS):
            raise StoreError(
                f"the commands {path} have version {version}, this program knows {len(MIGRATIONS)}:"
                " upgrade it"
            )
        for number in range(version, len(MIGRATIONS)):
            MIGRATIONS[number](connection)
            connection.execute(f"PRAGMA user_version={number + 1}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
