"""The list of what is stored, as a SQLite file: rows in and out, nothing else."""

import sqlite3
from pathlib import Path
from typing import Final, NamedTuple

VERSION: Final = 1
PICTURE: Final = "picture"  # by 0x0801
ATTACHMENT: Final = "attachment"  # by T/JSATL 12
_COLUMNS: Final = (
    "number, identity, kind, digest, size, received_ms, media_id, type, format, event, channel, position,"
    " name, alarm"
)


class MediaError(OSError):
    """The store cannot be opened; the message names the file."""


class Item(NamedTuple):
    """One entry of the list.

    number: its name for the API, in order of arrival. digest: SHA-256 of the content, hex. received_ms: UTC.
    media_id, format, event, channel: of the 0x0801, 0 for attachments. type: 0 picture, 1 sound, 2 film,
    3 text, 4 other. position: the 28 bytes of a 0x0200 that came with it, or b"". name: of an attachment, as
    its terminal calls it. alarm: the number of the alarm that it belongs to, "" for none.
    """

    number: int
    identity: str
    kind: str
    digest: str
    size: int
    received_ms: int
    media_id: int
    type: int
    format: int
    event: int
    channel: int
    position: bytes
    name: str
    alarm: str


def connect(path: Path) -> sqlite3.Connection:
    """Opens or makes the file. Raises MediaError."""
    try:
        connection = sqlite3.connect(path, check_same_thread=False)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise MediaError(f"{path} has version {version}, this program knows {VERSION}: upgrade it")
        with connection:
            _make(connection)
    except sqlite3.Error as error:
        raise MediaError(f"{path} cannot be opened: {error}") from error
    return connection


def _make(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS media (number INTEGER PRIMARY KEY AUTOINCREMENT, identity TEXT NOT NULL,"
        " kind TEXT NOT NULL, digest TEXT NOT NULL, size INTEGER NOT NULL, received_ms INTEGER NOT NULL,"
        " media_id INTEGER NOT NULL, type INTEGER NOT NULL, format INTEGER NOT NULL, event INTEGER NOT NULL,"
        " channel INTEGER NOT NULL, position BLOB NOT NULL, name TEXT NOT NULL, alarm TEXT NOT NULL,"
        " UNIQUE (identity, kind, digest, media_id, position, name, alarm))"
    )
    connection.execute("CREATE INDEX IF NOT EXISTS media_digest ON media (digest)")
    connection.execute("CREATE INDEX IF NOT EXISTS media_identity ON media (identity, number)")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS alarm_order (alarm TEXT PRIMARY KEY, identity TEXT NOT NULL,"
        " ordered_ms INTEGER NOT NULL) WITHOUT ROWID"
    )
    connection.execute(
        "CREATE TABLE IF NOT EXISTS alarm_number (identity TEXT NOT NULL, named BLOB NOT NULL,"
        " alarm TEXT NOT NULL, PRIMARY KEY (identity, named)) WITHOUT ROWID"
    )
    connection.execute(f"PRAGMA user_version={VERSION}")


def insert(connection: sqlite3.Connection, row: tuple[object, ...]) -> bool:
    """Adds an entry (all of Item but its number); False when the very same one is there."""
    marks = ", ".join("?" * len(row))
    columns = _COLUMNS.removeprefix("number, ")
    done = connection.execute(f"INSERT OR IGNORE INTO media ({columns}) VALUES ({marks})", row)
    return done.rowcount > 0


def has_digest(connection: sqlite3.Connection, digest: str) -> bool:
    """Whether any entry has this content."""
    found = connection.execute("SELECT 1 FROM media WHERE digest = ? LIMIT 1", (digest,)).fetchone()
    return found is not None


def has_entry(connection: sqlite3.Connection, row: tuple[object, ...]) -> bool:
    """Whether the very same entry is there, whenever it came."""
    identity, kind, digest, _, _, media_id, _, _, _, _, position, name, alarm = row
    found = connection.execute(
        "SELECT 1 FROM media WHERE identity = ? AND kind = ? AND digest = ? AND media_id = ? AND position = ?"
        " AND name = ? AND alarm = ?",
        (identity, kind, digest, media_id, position, name, alarm),
    ).fetchone()
    return found is not None


def digests(connection: sqlite3.Connection) -> dict[str, int]:
    """Every content that is listed, with its size."""
    return dict(connection.execute("SELECT DISTINCT digest, size FROM media"))


def count(connection: sqlite3.Connection) -> int:
    """How many entries there are."""
    return int(connection.execute("SELECT count(*) FROM media").fetchone()[0])


def oldest(connection: sqlite3.Connection) -> tuple[int, str, int] | None:
    """(number, digest, size) of the entry that came first."""
    found = connection.execute("SELECT number, digest, size FROM media ORDER BY number LIMIT 1").fetchone()
    return tuple(found) if found else None


def delete(connection: sqlite3.Connection, number: int) -> None:
    """Takes one entry off the list."""
    connection.execute("DELETE FROM media WHERE number = ?", (number,))


def listed(connection: sqlite3.Connection, identity: str, after: int, limit: int) -> list[Item]:
    """Entries behind the number `after`, of one terminal or, for "", of all."""
    where, values = ("identity = ? AND ", [identity]) if identity else ("", [])
    query = f"SELECT {_COLUMNS} FROM media WHERE {where}number > ? ORDER BY number LIMIT ?"
    return [Item(*row) for row in connection.execute(query, [*values, after, limit])]


def one(connection: sqlite3.Connection, number: int) -> Item | None:
    """The entry of this number."""
    found = connection.execute(f"SELECT {_COLUMNS} FROM media WHERE number = ?", (number,)).fetchone()
    return Item(*found) if found else None
