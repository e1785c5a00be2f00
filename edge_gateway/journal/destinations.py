"""How far each monitoring system has confirmed: one durable cursor for each, in the journal's own file.

For whoever works on the journal: the writer owns a `Cursors`; groups are deleted only behind `floor`, the
slowest active cursor. What a destination confirmed beyond its cursor (live reports go before a backlog) is
kept as spans, so that it is not sent again after a start. Nothing else of the journal knows of several
destinations. Decides nothing about giving up: delivery does, and says so with `CutLoose`.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from .chores import Chore, Told
from .store import Store

DEFAULT: Final = ""
NAME_LENGTH_MAX: Final = 64
Span = tuple[int, int]  # first and last sequence


class Position(NamedTuple):
    """Where one destination stands. Everything through `confirmed`, and within `ahead` (ascending spans
    behind it), is delivered, rejected, set aside as damaged, or counted in `lost`."""

    confirmed: int
    ahead: tuple[Span, ...] = ()
    lost: int = 0


class Cursors:
    """The positions of the active destinations. Written by the journal's writer alone, read anywhere."""

    def __init__(self) -> None:
        self.positions: dict[str, Position] = {}

    @property
    def floor(self) -> int:
        """The slowest cursor: what is behind it nobody needs any more."""
        return min(position.confirmed for position in self.positions.values())

    def load(self, connection: sqlite3.Connection, names: Sequence[str], kept_after: int) -> list[str]:
        """Makes `names` the active destinations; kept_after: the sequence before the first kept record, where
        a new one begins. Gives a line for each name that was away and lost records, for the log."""
        connection.execute("UPDATE cursor SET active = 0")
        lines = []
        for name in names:
            row = connection.execute(
                "SELECT confirmed, lost FROM cursor WHERE destination = ?", (name,)
            ).fetchone()
            confirmed, lost = row or (kept_after, 0)
            ahead = _ahead_of(connection, name)
            missed = max(0, kept_after - confirmed - _covered(ahead, kept_after))
            if missed:
                lines.append(f"{missed} records were deleted while destination {name!r} was not configured")
            cursor, ahead = _joined(max(confirmed, kept_after), ahead)
            self.positions[name] = position = Position(cursor, ahead, lost + missed)
            _save(connection, name, position)
        return lines

    def apply(self, chores: Iterable[Chore]) -> dict[str, Position]:
        """The positions as they are once `chores` are written."""
        positions = dict(self.positions)
        for chore in chores:
            if isinstance(chore, Confirm) and chore.destination in positions:
                positions[chore.destination] = chore.after(positions[chore.destination])
        return positions


class Confirm(Chore):
    """`destination` has proof for every record through `sequence`, and of those within `ahead`."""

    def __init__(
        self, sequence: int, destination: str = DEFAULT, ahead: Sequence[Span] = (), told: Told = None
    ) -> None:
        super().__init__(told)
        self.sequence = sequence
        self.destination = destination
        self.ahead = tuple(ahead)

    def after(self, before: Position) -> Position:
        """The position that this makes of one; a cursor never goes back."""
        if self.sequence < before.confirmed:
            return before
        return before._replace(confirmed=self.sequence, ahead=self.ahead)

    def write(self, store: Store) -> None:
        confirmed, lost = store.connection.execute(
            "SELECT confirmed, lost FROM cursor WHERE destination = ?", (self.destination,)
        ).fetchone()
        before = Position(confirmed, _ahead_of(store.connection, self.destination), lost)
        _save(store.connection, self.destination, self.after(before))


class CutLoose(Confirm):
    """The same, but `lost` of the records in between are given up, for the quota of the destination."""

    def __init__(
        self, sequence: int, destination: str, ahead: Sequence[Span], lost: int, told: Told = None
    ) -> None:
        super().__init__(sequence, destination, ahead, told)
        self.lost = lost

    def after(self, before: Position) -> Position:
        if self.sequence <= before.confirmed:
            return before
        return Position(self.sequence, self.ahead, before.lost + self.lost)


class Reject(Chore):
    """`destination` refused these records: (sequence, reason). `kept`: how many copies were new."""

    def __init__(self, entries: list[tuple[int, str]], destination: str = DEFAULT, told: Told = None) -> None:
        super().__init__(told)
        self.entries = entries
        self.destination = destination
        self.kept = 0

    def write(self, store: Store) -> None:
        self.kept = sum(store.reject(sequence, reason) for sequence, reason in self.entries)
        store.connection.executemany(
            "INSERT OR IGNORE INTO rejection SELECT ?, sequence FROM dead_letter WHERE sequence = ?",
            [(self.destination, sequence) for sequence, _ in self.entries],
        )


def read_destinations(connection: sqlite3.Connection, journalled: int) -> dict[str, dict[str, Any]]:
    """What the file says of each destination: active, confirmed, queued (neither confirmed nor delivered
    ahead), rejected, lost. In the words of one destination journalled = delivered + queued + rejected + lost
    + what is damaged."""
    found = {}
    for name, confirmed, active, lost in connection.execute(
        "SELECT destination, confirmed, active, lost FROM cursor ORDER BY destination"
    ):
        ahead = _ahead_of(connection, name)
        (rejected,) = connection.execute(
            "SELECT count(*) FROM rejection WHERE destination = ?", (name,)
        ).fetchone()
        found[name] = {
            "active": bool(active),
            "confirmed": confirmed,
            "queued": journalled - confirmed - _covered(ahead, journalled),
            "rejected": rejected,
            "lost": lost,
        }
    return found


def _ahead_of(connection: sqlite3.Connection, name: str) -> tuple[Span, ...]:
    rows = connection.execute(
        "SELECT first, last FROM delivered_ahead WHERE destination = ? ORDER BY first", (name,)
    )
    return tuple(rows.fetchall())


def _covered(ahead: Iterable[Span], through: int) -> int:
    return sum(max(0, min(last, through) - first + 1) for first, last in ahead)


def _joined(cursor: int, ahead: Iterable[Span]) -> tuple[int, tuple[Span, ...]]:
    """The cursor moved over the spans that it touches, and those that are left."""
    left = []
    for first, last in ahead:
        if first <= cursor + 1:
            cursor = max(cursor, last)
        else:
            left.append((first, last))
    return cursor, tuple(left)


def _save(connection: sqlite3.Connection, name: str, position: Position) -> None:
    connection.execute(
        "INSERT INTO cursor (destination, confirmed, active, lost) VALUES (?1, ?2, 1, ?3)"
        " ON CONFLICT (destination) DO UPDATE SET confirmed = ?2, active = 1, lost = ?3",
        (name, position.confirmed, position.lost),
    )
    connection.execute("DELETE FROM delivered_ahead WHERE destination = ?", (name,))
    connection.executemany(
        "INSERT INTO delivered_ahead VALUES (?, ?, ?)", [(name, *span) for span in position.ahead]
    )
