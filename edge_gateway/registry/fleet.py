"""Vehicles, drivers and groups: what the fleet company says about itself. Beside the terminals in their file.

Read from the file when asked, for a person reads them, not a frame; written through the registry's thread.
"""

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from .registry import Registry
from .schema import connect

TEXT_MAX: Final = 200  # characters of one value
ROWS_MAX: Final = 200_000  # of one table
LISTED_MAX: Final = 1000


class FleetError(Exception):
    """A value cannot be kept. `column`: which one; `kind`: bad, unknown or full."""

    def __init__(self, message: str, column: str = "", kind: str = "bad") -> None:
        super().__init__(message)
        self.column = column
        self.kind = kind


@dataclass(frozen=True)
class Table:
    """One kind of thing: its columns in order, the key's columns first."""

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]


TABLES: Final = {
    "groups": Table("fleet_group", ("name",), ("name", "note")),
    "vehicles": Table(
        "vehicle",
        ("plate", "plate_colour"),
        ("plate", "plate_colour", "vin", "terminal", "group_name", "note"),
    ),
    "drivers": Table("driver", ("qualification",), ("qualification", "name", "phone", "group_name", "note")),
}


class Fleet:
    """`put` and `remove` through the registry's writer; `listed` and `get` at once, from the file."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._reader = connect(registry.path)
        self._rows_at_most: dict[str, int] = {}  # by kind: counting a table for each row would take its time

    def close(self) -> None:
        """Ends reading."""
        self._reader.close()

    def run(self, write: Callable[[sqlite3.Connection], None], answer: Callable[[bool], None]) -> None:
        """Any change of the file, behind those before it."""
        self._registry.run(write, answer)

    def put(self, kind: str, values: dict[str, Any], answer: Callable[[bool], None]) -> dict[str, Any]:
        """Keeps one thing, over what was there under its key. Gives it as it is kept. Raises FleetError."""
        table, row = TABLES[kind], checked(kind, values)
        self._count_one_more(kind, tuple(row[name] for name in table.key))
        marks = ", ".join("?" * len(table.columns))
        sql = f"INSERT OR REPLACE INTO {table.name} ({', '.join(table.columns)}) VALUES ({marks})"
        held = tuple(row[name] for name in table.columns)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(sql, held)

        self._registry.run(write, answer)
        return row

    def remove(self, kind: str, key: Iterable[Any], answer: Callable[[bool], None]) -> None:
        """Forgets one thing. Raises FleetError when it is not there."""
        table, values = TABLES[kind], tuple(key)
        if self.get(kind, *values) is None:
            raise FleetError(f"there is no such one among the {kind}", kind="unknown")
        where = " AND ".join(f"{name} = ?" for name in table.key)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(f"DELETE FROM {table.name} WHERE {where}", values)

        self._registry.run(write, answer)

    def get(self, kind: str, *key: Any) -> dict[str, Any] | None:
        """The thing under this key."""
        table = TABLES[kind]
        where = " AND ".join(f"{name} = ?" for name in table.key)
        found = self._rows(f"SELECT {', '.join(table.columns)} FROM {table.name} WHERE {where}", key)
        return dict(zip(table.columns, found[0], strict=True)) if found else None

    def listed(self, kind: str, offset: int = 0, limit: int = LISTED_MAX) -> list[dict[str, Any]]:
        """Things by their keys."""
        table = TABLES[kind]
        sql = (
            f"SELECT {', '.join(table.columns)} FROM {table.name} ORDER BY {', '.join(table.key)}"
            " LIMIT ? OFFSET ?"
        )
        return [dict(zip(table.columns, row, strict=True)) for row in self._rows(sql, (limit, offset))]

    def _count_one_more(self, kind: str, key: tuple[Any, ...]) -> None:
        """As if every row were new; the table is counted when that says it is full. Raises FleetError."""
        at_most = self._rows_at_most.get(kind, ROWS_MAX)
        if at_most >= ROWS_MAX:
            at_most = int(self._rows(f"SELECT count(*) FROM {TABLES[kind].name}", ())[0][0])
        if at_most >= ROWS_MAX and self.get(kind, *key) is None:
            raise FleetError(f"there are {ROWS_MAX} {kind} already", kind="full")
        self._rows_at_most[kind] = min(ROWS_MAX, at_most + 1)

    def _rows(self, sql: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        return self._reader.execute(sql, values).fetchall()


def checked(kind: str, values: dict[str, Any]) -> dict[str, Any]:
    """All columns of a thing, what is missing empty. Raises FleetError, naming the column."""
    table = TABLES[kind]
    for name in values:
        if name not in table.columns:
            raise FleetError(f"no such column; known: {', '.join(table.columns)}", str(name))
    row: dict[str, Any] = {}
    for name in table.columns:
        value = values.get(name, 0 if name == "plate_colour" else "")
        if name == "plate_colour":
            if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 255:
                raise FleetError(f"is a number of 0…255, not {value!r}", name)
        elif not isinstance(value, str) or len(value) > TEXT_MAX or not value.isprintable():
            raise FleetError(f"is text of at most {TEXT_MAX} characters in one line, not {value!r}", name)
        elif name in table.key and not value:
            raise FleetError("must not be empty", name)
        row[name] = value
    if row.get("terminal"):
        row["terminal"] = row["terminal"].lstrip("0")
    return row
