"""Opens a SQLite file of ours: durable, in autocommit mode, brought up to date; whatever is in it."""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

BUSY_MS: Final = 10_000  # commands of the line write and read beside a running gateway

Step = Callable[[sqlite3.Connection], None]


class StoreError(Exception):
    """The file cannot be used; the message names it and says what to do."""


def connect(path: Path, name: str, steps: Sequence[Step]) -> sqlite3.Connection:
    """The open file. name: for people. steps: steps[n] brings version n to n + 1; version 0 is an empty file.

    Raises StoreError for a file that cannot be opened, and for one that a newer program wrote.
    """
    try:
        connection = sqlite3.connect(
            path, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        _migrate(connection, f"the {name} {path}", steps)
    except sqlite3.Error as error:
        raise StoreError(f"the {name} {path} cannot be opened: {error}") from error
    return connection


def _migrate(connection: sqlite3.Connection, named: str, steps: Sequence[Step]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version > len(steps):
            raise StoreError(f"{named} has version {version}, this program knows {len(steps)}: upgrade it")
        for number in range(version, len(steps)):
            steps[number](connection)
            connection.execute(f"PRAGMA user_version={number + 1}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
