"""The journal's file: how it is opened, laid out and brought up to date.

Version numbers live in `PRAGMA user_version`. A migration is one function per step and runs in one
transaction with its version number, so a crash leaves the old layout or the new one.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

PAGE_BYTES: Final = 8192  # a group of a hundred records in one page
BUSY_MS: Final = 10_000  # `status` may look at the file while the gateway writes


class JournalError(Exception):
    """The journal cannot do what was asked; the message says what to do about it."""


def connect(path: Path, durable: bool = True) -> sqlite3.Connection:
    """A connection in autocommit mode. `durable`: commits return after the fsync (the writer's).

    Raises JournalError when the file cannot be opened or is no database.
    """
    try:
        connection = sqlite3.connect(
            path, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False, cached_statements=64
        )
        connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        connection.execute("PRAGMA cache_size=-16000")  # KiB
    except sqlite3.Error as error:
        raise JournalError(f"cannot open the journal {path}: {error}") from error
    return connection


def _create(connection: sqlite3.Connection) -> None:
    """Version 1.

    record_group: contiguous runs of records. cursor: how far each destination has confirmed.
    terminal_state: what is known of a terminal through sequence `through`; meta.state_through: every record
    up to there is in terminal_state, later ones are read again from their groups at start.
    dead_letter: what the monitoring system refused, for people to look at. damaged_group: groups whose
    bytes are not what was written, kept as they are for people; confirmed: where the cursor was then.
    """
    for statement in (
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
        "CREATE TABLE record_group (first_sequence INTEGER PRIMARY KEY, count INTEGER NOT NULL,"
        " contents BLOB NOT NULL, records BLOB NOT NULL)",
        "CREATE TABLE cursor (destination TEXT PRIMARY KEY, confirmed INTEGER NOT NULL) WITHOUT ROWID",
        "CREATE TABLE terminal_state (id INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE,"
        " through INTEGER NOT NULL, journalled INTEGER NOT NULL, duplicates INTEGER NOT NULL,"
        " next_slot INTEGER NOT NULL, ids BLOB NOT NULL)",
        "CREATE TABLE dead_letter (sequence INTEGER PRIMARY KEY, identity TEXT NOT NULL,"
        " reason TEXT NOT NULL, rejected_ms INTEGER NOT NULL, contents BLOB NOT NULL, records BLOB NOT NULL)",
        "CREATE TABLE damaged_group (first_sequence INTEGER PRIMARY KEY, count INTEGER NOT NULL,"
        " confirmed INTEGER NOT NULL, found_ms INTEGER NOT NULL, problem TEXT NOT NULL,"
        " contents BLOB NOT NULL, records BLOB NOT NULL)",
        "INSERT INTO cursor VALUES ('', 0)",
        "INSERT INTO meta VALUES ('state_through', 0)",
    ):
        connection.execute(statement)


def _add_destinations(connection: sqlite3.Connection) -> None:
    """Version 2.

    cursor.active: named by the configuration of the last start; the others hold nothing back. cursor.lost:
    records given up for this destination. delivered_ahead: what it confirmed beyond its cursor. rejection:
    which records it refused (their copies are in dead_letter, once for all).
    """
    for statement in (
        "ALTER TABLE cursor ADD COLUMN active INTEGER NOT NULL DEFAULT 1",
        "ALTER TABLE cursor ADD COLUMN lost INTEGER NOT NULL DEFAULT 0",
        "CREATE TABLE delivered_ahead (destination TEXT NOT NULL, first INTEGER NOT NULL,"
        " last INTEGER NOT NULL, PRIMARY KEY (destination, first)) WITHOUT ROWID",
        "CREATE TABLE rejection (destination TEXT NOT NULL, sequence INTEGER NOT NULL,"
        " PRIMARY KEY (destination, sequence)) WITHOUT ROWID",
        "INSERT INTO rejection SELECT '', sequence FROM dead_letter",
    ):
        connection.execute(statement)


# MIGRATIONS[n] brings version n to n + 1; version 0 is an empty file.
MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (_create, _add_destinations)


def migrate(
    connection: sqlite3.Connection, steps: tuple[Callable[[sqlite3.Connection], None], ...] = MIGRATIONS
) -> int:
    """Brings the file to the newest version, gives the version it had.

    Raises JournalError for a file that a newer program wrote, and for one that is damaged.
    """
    try:
        found = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if found > len(steps):
            raise JournalError(
                f"the journal has version {found}, this program knows {len(steps)}: upgrade it"
            )
        for version in range(found, len(steps)):
            with transaction(connection):
                steps[version](connection)
                connection.execute(f"PRAGMA user_version={version + 1}")
    except sqlite3.Error as error:
        raise JournalError(f"the journal cannot be read or brought up to date: {error}") from error
    return found


class transaction:
    """BEGIN IMMEDIATE … COMMIT, or ROLLBACK when anything is raised."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:  # something was raised, here or in the block
                self._connection.execute("ROLLBACK")
