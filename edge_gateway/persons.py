"""One person's data in a stopped gateway's files: found, given out, deleted.

A person is looked for by an identity or licence number, which is what every file has. What is deleted is
overwritten in the file, not only unlinked. The journal is not touched: its records leave by delivery.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from protocols.guomi import choose
from protocols.monitoring.records import MESSAGE

from .commands.schema import connect as connect_commands
from .config import Config
from .freight.book import Book
from .freight.kept import SENT, SUPERSEDED, WAITING
from .freight.life import OVER
from .freight.registers import Registers, trust_of
from .freight.revisions import remember_all
from .freight.schema import connect as connect_freight
from .journal.reader import Reader
from .registry.schema import connect as connect_registry

ROWS: Final = 1000
BYTES: Final = 4 << 20
NUMBER_MIN: Final = 6  # digits or letters; less would be found in others' data
_OF_TRIPS: Final = "(driver = ?1 OR instr(document, ?1) OR instr(route_sheet, ?1))"
_TRIPS: Final = f"SELECT id FROM waybill WHERE {_OF_TRIPS}"
_REPLACED: Final = f"instr(body, ?1) AND state = '{SUPERSEDED}'"
# What each table knows of a person; ? is the number.
FOUND: Final[dict[str, dict[str, str]]] = {
    "registry": {"driver": "SELECT * FROM driver WHERE qualification = ?"},
    "freight": {
        "waybill": f"SELECT * FROM waybill WHERE {_OF_TRIPS}",
        "document": "SELECT * FROM document WHERE instr(body, ?)",
        "card": "SELECT * FROM card WHERE driver = ?",
        "opening": "SELECT * FROM opening WHERE instr(data, ?)",
        "position": f"SELECT * FROM position WHERE waybill IN ({_TRIPS})",
    },
    "commands": {
        "command": "SELECT * FROM command WHERE instr(body, ?1) OR instr(answer, CAST(?1 AS BLOB))",
    },
}
# In this order: positions are found by their waybills.
DELETED: Final[dict[str, dict[str, str]]] = {
    "registry": {"driver": "DELETE FROM driver WHERE qualification = ?"},
    "freight": {
        "position": f"DELETE FROM position WHERE waybill IN ({_TRIPS})",
        # What says which positions a link of evidence covers: without them it says nothing.
        "covered": f"DELETE FROM covered WHERE waybill IN ({_TRIPS})",
        "card": "DELETE FROM card WHERE driver = ?",
        "opening": "DELETE FROM opening WHERE instr(data, ?)",
        # Revisions that a later one replaced before it was sent: nobody counts them.
        "lane": f"DELETE FROM lane WHERE document IN (SELECT id FROM document WHERE {_REPLACED})",
        "document": f"DELETE FROM document WHERE {_REPLACED}",
    },
    "commands": {
        "command": "UPDATE command SET body = '{}', answer = x''"
        " WHERE done = 1 AND (instr(body, ?1) OR instr(answer, CAST(?1 AS BLOB)))",
    },
}
DELETED_DOCUMENTS: Final[dict[str, str]] = {
    "lane": "DELETE FROM lane WHERE document IN (SELECT id FROM document WHERE instr(body, ?))",
    "document": "DELETE FROM document WHERE instr(body, ?)",
    "waybill": f"UPDATE waybill SET driver = '', document = '{{}}', route_sheet = '' WHERE {_OF_TRIPS}",
}
_OVER: Final = ", ".join(f"'{state}'" for state in sorted(OVER))
# What must end before anything is deleted.
OPEN: Final[dict[str, dict[str, str]]] = {
    "freight": {
        "a waybill is not over": f"SELECT number FROM waybill WHERE {_OF_TRIPS}"
        f" AND (state NOT IN ({_OVER}) OR location_due_s IS NOT NULL)",
        "a document is on its way": "SELECT reference FROM document"
        f" WHERE instr(body, ?) AND state IN ('{WAITING}', '{SENT}')",
        "a card is in a reader": "SELECT terminal FROM card WHERE driver = ? AND out_s IS NULL",
    },
    "commands": {
        "a command is not done": "SELECT number FROM command WHERE done = 0 AND instr(body, ?)",
    },
}


class PersonError(Exception):
    """It cannot be done now; the text says why, without any personal data."""


@dataclass
class Forgotten:
    """deleted: table → rows. kept: table → rows that stay, by duty or because the journal delivers them;
    `registers`: 1 where the authority's signed registers name the person."""

    deleted: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)


def export(config: Config, number: str) -> dict[str, list[dict[str, Any]]]:
    """Table → rows, bytes as hex; `journal`: messages still kept. Raises PersonError, sqlite3.Error."""
    _check(number)
    found: dict[str, list[dict[str, Any]]] = {}
    for name, connection in _files(config):
        with closing(connection):
            for table, query in FOUND[name].items():
                found[table] = _rows(connection, query, number)
    found["registers"] = _in_registers(config, number)
    found["journal"] = list(_in_journals(config, number))
    return found


def forget(config: Config, number: str, documents: bool) -> Forgotten:
    """Deletes what the files hold. documents: waybills and documents too, when no duty to keep them is left.

    Raises PersonError while something with this person is not over: then nothing was deleted. sqlite3.Error.
    """
    _check(number)
    for name, connection in _files(config):
        with closing(connection):
            for what, query in OPEN.get(name, {}).items():
                if open_ones := connection.execute(query, (number,)).fetchall():
                    raise PersonError(f"{what}: {', '.join(str(row[0]) for row in open_ones[:5])}")
    done = Forgotten()
    for name, connection in _files(config):
        if name == "freight" and documents:
            with closing(Book(config.freight_path)) as book, book.turn():
                remember_all(book, "instr(body, ?)", number)
        with closing(connection), _erasing(connection):
            steps = DELETED[name] | (DELETED_DOCUMENTS if documents and name == "freight" else {})
            for table, statement in steps.items():
                done.deleted[table] = connection.execute(statement, (number,)).rowcount
            if name == "freight" and not documents:
                for table in ("document", "waybill"):
                    done.kept[table] = len(_rows(connection, FOUND[name][table], number))
    done.kept["registers"] = len(_in_registers(config, number))
    done.kept["journal"] = sum(1 for _ in _in_journals(config, number))
    return done


def _in_registers(config: Config, number: str) -> list[dict[str, Any]]:
    """What the kept snapshot says of a driver: the authority's, here by the duty to verify."""
    if not config.freight_path.exists():
        return []
    with closing(Book(config.freight_path)) as book:
        snapshot = Registers(book, choose(), trust_of(config.freight.trust_file)).snapshot
    if snapshot is None:
        return []
    known = snapshot.driver_by_identity.get(number) or snapshot.driver_by_qualification.get(number)
    return [{"name": known.name, "identity": known.identity, "papers": len(known.papers)}] if known else []


def _check(number: str) -> None:
    if len(number) < NUMBER_MIN or not (number.isascii() and number.isalnum()):
        raise PersonError(f"a number of {NUMBER_MIN} or more digits and letters is wanted")


def _files(config: Config) -> Iterator[tuple[str, sqlite3.Connection]]:
    """Those that are there."""
    for name, path, connect in (
        ("registry", config.registry_path, connect_registry),
        ("freight", config.freight_path, connect_freight),
        ("commands", config.commands_path, connect_commands),
    ):
        if path.exists():
            yield name, connect(path)


@contextmanager
def _erasing(connection: sqlite3.Connection) -> Iterator[None]:
    """One commit; what it deletes is overwritten, in the file and in the log beside it."""
    connection.isolation_level = None
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _rows(connection: sqlite3.Connection, query: str, number: str) -> list[dict[str, Any]]:
    cursor = connection.execute(query, (number,))
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, map(_plain, row), strict=True)) for row in cursor]


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value


def _in_journals(config: Config, number: str) -> Iterator[dict[str, Any]]:
    for path in [*config.journal_paths, *config.old_journal_paths]:
        if path.exists():
            yield from _in_journal(path, number.encode())


def _in_journal(path: Path, number: bytes) -> Iterator[dict[str, Any]]:
    reader, after = Reader(path), 0
    try:
        while records := reader.read_after(after, ROWS, BYTES):
            for record in records:
                if record.kind == MESSAGE and number in record.body:
                    yield {
                        "sequence": record.sequence,
                        "message_id": f"0x{record.message_id:04X}",
                        "body": record.body.hex(),
                    }
            after = records[-1].sequence
    finally:
        reader.close()


def as_lines(found: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    """JSON lines, each with its table."""
    for table, rows in found.items():
        for row in rows:
            yield json.dumps({"table": table, **row}, ensure_ascii=False)
