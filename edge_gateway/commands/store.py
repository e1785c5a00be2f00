"""Commands on the disk: one writer thread, many changes in one commit, told of after it; reads beside it.

Durable before anybody is told: a command that was taken is there after a power cut.
"""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..store_file import StoreError
from ..threads import BatchThread
from . import table
from .command import Command
from .schema import connect

COLUMNS: Final = 23  # of a command
LISTED_MAX: Final = 500  # rows of one answer
Told = Callable[[Exception | None], None]
Deliver = Callable[[list[tuple[Callable[..., None], Any]]], None]


@dataclass(frozen=True)
class Row:
    """A command as it was asked for and as it stands."""

    command: Command
    body: str
    file: str
    idempotency_key: str | None
    fingerprint: str
    asked_by: str


@dataclass(frozen=True)
class Audit:
    """One line that stays: who did what to which terminal."""

    at_ms: int
    who: str
    what: str
    terminal: str
    detail: str = ""


Change = tuple[Callable[[sqlite3.Connection], None], Told]


def _ignore(error: Exception | None) -> None:
    """Nobody waits for it."""


def _call_here(released: list[tuple[Callable[..., None], Any]]) -> None:
    for told, outcome in released:
        told(outcome)


class Store:
    """Changes from any thread; `told(None or the error)` follows each through `deliver`, after the commit."""

    def __init__(self, path: Path, deliver: Deliver = _call_here) -> None:
        """Opens or makes the file. Raises StoreError."""
        self._deliver = deliver
        self._writer = connect(path)
        self._reader = connect(path)
        self._reading = threading.Lock()
        row = self._reader.execute("SELECT max(seq) FROM sqlite_sequence WHERE name='command'").fetchone()
        self._next = int(row[0] or 0) + 1
        self._thread: BatchThread[Change] = BatchThread("commands", self._write, self._abandon)

    def number(self) -> int:
        """The name of the next command."""
        self._next += 1
        return self._next - 1

    def add(self, row: Row, audit: Audit, told: Told) -> None:
        """A new command and its audit line, in one commit."""

        def write(connection: sqlite3.Connection) -> None:
            command = row.command
            connection.execute(
                f"INSERT INTO command VALUES ({', '.join('?' * COLUMNS)})",
                (command.number, command.terminal, command.message_id, row.body, row.file,
                 row.idempotency_key, row.fingerprint, row.asked_by, command.created_ms,
                 command.not_after_ms, command.wants_upgrade_result, command.rollout, *_standing(command)),
            )  # fmt: skip
            _add_audit(connection, audit)

        self._thread.put((write, told))

    def save(self, command: Command, audit: Audit | None = None, told: Told = _ignore) -> None:
        """Where a command stands now."""
        standing = _standing(command)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE command SET state=?, done=?, attempts=?, result=?, error=?, serials=?, answered_by=?,"
                " answer_id=?, answer=?, answer_edition=?, changed_ms=? WHERE number=?",
                (*standing, command.number),
            )
            if audit:
                _add_audit(connection, audit)

        self._thread.put((write, told))

    def run(self, write: Callable[[sqlite3.Connection], None], told: Told = _ignore) -> None:
        """Any other change: files, roll-outs, audit lines."""
        self._thread.put((write, told))

    def note(self, audit: Audit, told: Told = _ignore) -> None:
        """An audit line of something that is no command."""
        self._thread.put((lambda connection: _add_audit(connection, audit), told))

    def open_commands(self) -> Iterator[Command]:
        """All that are not done, by number."""
        for row in self._rows("SELECT * FROM command WHERE done = 0 ORDER BY number", ()):
            yield row.command

    def get(self, number: int) -> Row | None:
        """The command of this number."""
        return next(iter(self._rows("SELECT * FROM command WHERE number = ?", (number,))), None)

    def by_key(self, asked_by: str, key: str) -> Row | None:
        """The command that was asked for with this idempotency key."""
        found = self._rows(
            "SELECT * FROM command WHERE asked_by = ? AND idempotency_key = ?", (asked_by, key)
        )
        return next(iter(found), None)

    def listed(
        self, terminal: str = "", state: str = "", rollout: int = 0, before: int = 0, limit: int = 100
    ) -> list[Row]:
        """Youngest first, those before number `before`; at most LISTED_MAX."""
        where = [
            (text, value)
            for text, value in (
                ("terminal = ?", terminal), ("state = ?", state), ("rollout = ?", rollout),
                ("number < ?", before),
            )
            if value
        ]  # fmt: skip
        condition = " AND ".join(text for text, _ in where) or "1"
        return self._rows(
            f"SELECT * FROM command WHERE {condition} ORDER BY number DESC LIMIT ?",
            (*(value for _, value in where), min(limit, LISTED_MAX)),
        )

    def audit(self, before: int = 0, limit: int = 100) -> list[dict[str, Any]]:
        """Audit lines, youngest first."""
        found = self.query(
            "SELECT number, at_ms, who, what, terminal, detail FROM audit WHERE number < ?"
            " ORDER BY number DESC LIMIT ?",
            (before or 2**62, min(limit, LISTED_MAX)),
        )
        names = ("number", "at_ms", "who", "what", "terminal", "detail")
        return [dict(zip(names, row, strict=True)) for row in found]

    def file(self, sha256: str) -> bytes | None:
        """The content of an uploaded file."""
        found = self.query("SELECT content FROM file WHERE sha256 = ?", (sha256,))
        return bytes(found[0][0]) if found else None

    def query(self, sql: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Rows of a reading statement. Raises StoreError."""
        try:
            with self._reading:
                return self._reader.execute(sql, values).fetchall()
        except (ValueError, OverflowError):  # no text, no number of 64 bits: nothing can stand under it
            return []
        except sqlite3.Error as error:
            raise StoreError(f"the commands cannot be read: {error}") from error

    def forget_before(self, changed_ms: int) -> None:
        """Deletes what was done before this time, and files that nothing needs; audit lines stay."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM command WHERE done = 1 AND changed_ms < ?", (changed_ms,))
            connection.execute(
                "DELETE FROM file WHERE created_ms < ? AND sha256 NOT IN (SELECT file FROM command)"
                " AND NOT EXISTS (SELECT 1 FROM rollout WHERE state = 'running')",
                (changed_ms,),
            )

        self.run(write)

    @property
    def died(self) -> bool:
        """Whether the writer met a bug: nothing is written any longer."""
        return self._thread.died

    def close(self) -> None:
        """Writes what was asked for, closes the file."""
        self._thread.close()
        self._writer.close()
        with self._reading:
            self._reader.close()

    def _rows(self, sql: str, values: tuple[Any, ...]) -> list[Row]:
        return [_row(found) for found in self.query(sql, values)]

    def _write(self, changes: list[Change]) -> None:
        outcomes: list[tuple[Callable[..., None], Any]] = []
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            for write, told in changes:
                outcomes.append((told, self._one(write)))
            self._writer.execute("COMMIT")
        except sqlite3.Error as error:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            outcomes = [(told, error) for _, told in changes]
        self._deliver(outcomes)

    def _one(self, write: Callable[[sqlite3.Connection], None]) -> Exception | None:
        """One change of a commit: when it cannot be written, be it for a rule of the schema or for a value
        that no column takes, nothing of it is, and the others are not touched."""
        self._writer.execute("SAVEPOINT one")
        problem: Exception | None = None
        try:
            write(self._writer)
        except (sqlite3.IntegrityError, sqlite3.InterfaceError, ValueError, OverflowError) as error:
            problem = error
            self._writer.execute("ROLLBACK TO one")
        self._writer.execute("RELEASE one")
        return problem

    def _abandon(self, changes: list[Change]) -> None:
        self._deliver([(told, StoreError("the commands' writer failed")) for _, told in changes])


def _standing(command: Command) -> tuple[Any, ...]:
    return (
        command.state, command.done, command.attempts, command.result, command.error,
        json.dumps(command.serials), command.answered_by, command.answer_id, command.answer,
        command.answer_edition, command.changed_ms,
    )  # fmt: skip


def _add_audit(connection: sqlite3.Connection, audit: Audit) -> None:
    connection.execute(
        "INSERT INTO audit (at_ms, who, what, terminal, detail) VALUES (?, ?, ?, ?, ?)",
        (audit.at_ms, audit.who, audit.what, audit.terminal, audit.detail),
    )


def _row(found: tuple[Any, ...]) -> Row:
    (number, terminal, message_id, body, file, key, fingerprint, asked_by, created_ms, not_after_ms,
     wants_upgrade_result, rollout, state, _done, attempts, result, error, serials, answered_by, answer_id,
     answer, answer_edition, changed_ms) = found  # fmt: skip
    command = Command(
        number, terminal, message_id, created_ms, not_after_ms, state, attempts, result, error, answered_by,
        answer_id, bytes(answer), answer_edition, changed_ms, bool(wants_upgrade_result), rollout,
        serials=tuple(json.loads(serials)),
    )  # fmt: skip
    assert state in table.TRANSITIONS, state
    return Row(command, body, file, key, fingerprint, asked_by)
