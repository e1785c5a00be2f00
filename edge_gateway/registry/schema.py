"""The registry's file: how it is opened, laid out and brought up to date, and terminals as its rows."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from .terminal import Device, Terminal

BUSY_S: Final = 10.0  # the command line writes beside a running gateway


class RegistryError(Exception):
    """The registry cannot be opened or read; the message names the file."""


def connect(path: Path) -> sqlite3.Connection:
    """A durable connection, the file brought up to date. Raises RegistryError, sqlite3.Error."""
    connection = sqlite3.connect(path, check_same_thread=False, timeout=BUSY_S)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > len(MIGRATIONS):
        raise RegistryError(
            f"the registry {path} has version {version}, this program knows {len(MIGRATIONS)}: upgrade it"
        )
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        for number in range(version, len(MIGRATIONS)):
            MIGRATIONS[number](connection)
            connection.execute(f"PRAGMA user_version={number + 1}")
    return connection


def _terminals(connection: sqlite3.Connection) -> None:
    """Version 1: terminals and their codes."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS terminal (identity TEXT PRIMARY KEY, edition INTEGER NOT NULL,"
        " bound INTEGER NOT NULL, province INTEGER, city INTEGER, maker BLOB, model BLOB,"
        " terminal_id BLOB, plate_colour INTEGER, plate BLOB, in_use INTEGER NOT NULL,"
        " codes BLOB NOT NULL) WITHOUT ROWID"
    )


def _fleet(connection: sqlite3.Connection) -> None:
    """Version 2: onboarding, groups, vehicles, drivers."""
    for statement in (
        "ALTER TABLE terminal ADD COLUMN status TEXT NOT NULL DEFAULT 'approved'",
        "ALTER TABLE terminal ADD COLUMN group_name TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE terminal ADD COLUMN note TEXT NOT NULL DEFAULT ''",
        "CREATE TABLE fleet_group (name TEXT PRIMARY KEY, note TEXT NOT NULL) WITHOUT ROWID",
        "CREATE TABLE vehicle (plate TEXT NOT NULL, plate_colour INTEGER NOT NULL, vin TEXT NOT NULL,"
        " terminal TEXT NOT NULL, group_name TEXT NOT NULL, note TEXT NOT NULL,"
        " PRIMARY KEY (plate, plate_colour)) WITHOUT ROWID",
        "CREATE TABLE driver (qualification TEXT PRIMARY KEY, name TEXT NOT NULL, phone TEXT NOT NULL,"
        " group_name TEXT NOT NULL, note TEXT NOT NULL) WITHOUT ROWID",
    ):
        connection.execute(statement)


# MIGRATIONS[n] brings version n to n + 1; version 0 is an empty file.
MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (_terminals, _fleet)
_COLUMNS: Final = (
    "identity, edition, bound, province, city, maker, model, terminal_id, plate_colour, plate, in_use, codes,"
    " status, group_name, note"
)


def load(connection: sqlite3.Connection) -> dict[str, Terminal]:
    """Every terminal by its identity."""
    terminals = map(_terminal_of, connection.execute(f"SELECT {_COLUMNS} FROM terminal"))
    return {terminal.identity: terminal for terminal in terminals}


def find(connection: sqlite3.Connection, identity: str) -> Terminal | None:
    """One terminal."""
    row = connection.execute(f"SELECT {_COLUMNS} FROM terminal WHERE identity = ?", (identity,)).fetchone()
    return _terminal_of(row) if row else None


def _terminal_of(row: tuple[Any, ...]) -> Terminal:
    identity, edition, bound, *device, in_use, codes, status, group, note = row
    digests = [codes[at : at + 32] for at in range(0, len(codes), 32)]
    return Terminal(
        identity, edition, Device(*device) if bound else None, digests, bool(in_use), status, group, note
    )


def save(connection: sqlite3.Connection, terminal: Terminal) -> None:
    """Writes one terminal over what was there."""
    device = terminal.device or Device(0, 0, b"", b"", b"", 0, b"")
    connection.execute(
        f"INSERT OR REPLACE INTO terminal ({_COLUMNS}) VALUES ({', '.join('?' * 15)})",
        (
            terminal.identity, terminal.edition, terminal.device is not None, device.province, device.city,
            device.maker, device.model, device.terminal_id, device.plate_colour, device.plate,
            terminal.in_use, b"".join(terminal.codes), terminal.status, terminal.group, terminal.note,
        ),
    )  # fmt: skip


def remove(connection: sqlite3.Connection, identity: str) -> None:
    """Deletes one terminal."""
    connection.execute("DELETE FROM terminal WHERE identity = ?", (identity,))
