"""Waybills in the book: their rows, their events, their positions, the drivers' cards."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from . import life
from .book import Book

_COLUMNS: Final = (
    "id, number, serial, state, terminal, vehicle, driver, company, dangerous, document, route_sheet, held,"
    " aside, loaded_s, unloaded_s, load_place, unload_place, enterprise, location_due_s"
)
LISTED_MAX: Final = 500


@dataclass(frozen=True)
class Waybill:
    """id: 0 before it is written. terminal: identity. vehicle: `vehicle_key`. driver: identity number or
    empty. document: WLHY_YD1001 as far as it is known. held: why the gate holds it, [[code, subject,
    words]], empty when it may go. aside: codes that the company set aside. enterprise: see Order. places:
    (latitude, longitude) in micro-degrees or None."""

    number: str
    serial: str
    state: str = life.CREATED
    terminal: str = ""
    vehicle: str = ""
    driver: str = ""
    company: str = ""
    dangerous: bool = False
    document: Mapping[str, Any] | None = None
    route_sheet: Mapping[str, Any] | None = None
    held: Sequence[Sequence[str]] = ()
    aside: Sequence[str] = ()
    loaded_s: int | None = None
    unloaded_s: int | None = None
    load_place: tuple[int, int] | None = None
    unload_place: tuple[int, int] | None = None
    enterprise: str = ""
    location_due_s: int | None = None
    id: int = 0

    @property
    def key(self) -> str:
        """Number and serial as they name a waybill everywhere."""
        return waybill_key(self.number, self.serial)


def waybill_key(number: str, serial: str) -> str:
    """The name of a waybill."""
    return f"{number}/{serial}"


def find(book: Book, number: str, serial: str) -> Waybill | None:
    """The waybill of this name."""
    return _one(book, "number = ? AND serial = ?", number, serial)


def by_id(book: Book, row: int) -> Waybill:
    """The waybill of this row, which is there."""
    found = _one(book, "id = ?", row)
    assert found is not None, row
    return found


def reported(book: Book, terminal: str, number: str) -> Waybill | None:
    """The one that a terminal means by this number: its own that is not over; of several segments the
    first."""
    mine = _many(book, "number = ? AND terminal = ? ORDER BY serial", number, terminal)
    return next((each for each in mine if each.state not in life.OVER), mine[-1] if mine else None)


def numbered(book: Book, number: str) -> list[Waybill]:
    """Every one of this number, in order of serial."""
    return _many(book, "number = ? ORDER BY serial", number)


def followed(book: Book, since_s: int) -> set[str]:
    """Terminals whose positions matter: they carry a waybill, or unloaded one after `since_s`."""
    found = book.rows(
        "SELECT DISTINCT terminal FROM waybill WHERE loaded_s IS NOT NULL"
        " AND (unloaded_s IS NULL OR unloaded_s >= ?)",
        since_s,
    )
    return {row[0] for row in found}


def of_terminal(book: Book, terminal: str) -> list[Waybill]:
    """Those of a terminal that are not over, oldest first."""
    mine = _many(
        book, "terminal = ? AND state NOT IN (?, ?) ORDER BY id", terminal, life.PAID, life.CANCELLED
    )
    return [each for each in mine if each.state not in life.OVER]


def carrying_at(book: Book, terminal: str, second: int) -> Waybill | None:
    """The one that a terminal carried at that second."""
    return _one(
        book,
        "terminal = ?1 AND loaded_s <= ?2 AND (unloaded_s IS NULL OR ?2 <= unloaded_s)"
        " ORDER BY loaded_s DESC LIMIT 1",
        terminal,
        second,
    )


def due(book: Book, now_s: int) -> list[Waybill]:
    """Those whose location document is to be made now."""
    return _many(book, "location_due_s <= ? ORDER BY location_due_s, id LIMIT 50", now_s)


def listed(book: Book, state: str, before: int, limit: int) -> list[Waybill]:
    """Youngest first, those before row `before`."""
    return _many(
        book,
        "(?1 = '' OR state = ?1) AND (?2 = 0 OR id < ?2) ORDER BY id DESC LIMIT ?3",
        state,
        before,
        min(limit, LISTED_MAX),
    )


def save(book: Book, waybill: Waybill, now_ms: int) -> Waybill:
    """Writes it, new or changed; within a turn."""
    values = (
        waybill.number, waybill.serial, waybill.state, waybill.terminal, waybill.vehicle, waybill.driver,
        waybill.company, int(waybill.dangerous), _json(waybill.document), _json(waybill.route_sheet),
        _json(waybill.held), _json(waybill.aside), waybill.loaded_s, waybill.unloaded_s,
        _json(waybill.load_place), _json(waybill.unload_place), waybill.enterprise, waybill.location_due_s,
        now_ms,
    )  # fmt: skip
    if waybill.id:
        book.run(
            "UPDATE waybill SET number=?, serial=?, state=?, terminal=?, vehicle=?, driver=?, company=?,"
            " dangerous=?, document=?, route_sheet=?, held=?, aside=?, loaded_s=?, unloaded_s=?,"
            " load_place=?, unload_place=?, enterprise=?, location_due_s=?, changed_ms=? WHERE id=?",
            *values,
            waybill.id,
        )
        return waybill
    row = book.run(f"INSERT INTO waybill VALUES (NULL, {', '.join('?' * len(values))}, 0)", *values)
    return replace(waybill, id=row)


def note(book: Book, waybill: Waybill, name: str, at_ms: int, detail: Mapping[str, Any]) -> None:
    """An event of its life; within a turn."""
    book.run(
        "INSERT INTO event (waybill, name, state, at_ms, detail) VALUES (?, ?, ?, ?, ?)",
        waybill.id,
        name,
        waybill.state,
        at_ms,
        _json(detail),
    )


def events(book: Book, waybill: Waybill) -> list[dict[str, Any]]:
    """Its life so far."""
    found = book.rows(
        "SELECT name, state, at_ms, detail FROM event WHERE waybill = ? ORDER BY id", waybill.id
    )
    return [
        {"event": name, "state": state, "at_ms": at_ms, "detail": json.loads(detail or "{}")}
        for name, state, at_ms, detail in found
    ]


def typed_in(book: Book, terminal: str) -> int:
    """How many of a terminal no order tells of."""
    found = book.row("SELECT count(*) FROM waybill WHERE terminal = ? AND document = ''", terminal)
    return int(found[0]) if found else 0


def track_length(book: Book, waybill: Waybill) -> int:
    """How many positions it has."""
    found = book.row("SELECT points FROM waybill WHERE id = ?", waybill.id)
    return int(found[0]) if found else 0


def add_position(book: Book, waybill: Waybill, time_s: int, record: tuple[int, int, bytes]) -> bool:
    """record: its number (see `places`), edition, body. False for one that is there already, also out of
    another journal: a terminal that changed its worker may have sent it twice."""
    same = "SELECT 1 FROM position WHERE waybill = ? AND time_s = ? AND (sequence = ? OR body = ?)"
    if book.row(same, waybill.id, time_s, record[0], record[2]):
        return False
    book.run("INSERT INTO position VALUES (?, ?, ?, ?, ?)", waybill.id, time_s, *record)
    book.run("UPDATE waybill SET points = points + 1 WHERE id = ?", waybill.id)
    return True


def positions(book: Book, waybill: Waybill) -> list[tuple[int, bytes]]:
    """(edition, body) of its track, in the order of the terminal's clock."""
    return [
        (edition, bytes(body))
        for edition, body in book.rows(
            "SELECT edition, body FROM position WHERE waybill = ? ORDER BY time_s, sequence", waybill.id
        )
    ]


def _one(book: Book, where: str, *values: Any) -> Waybill | None:
    return next(iter(_many(book, where, *values)), None)


def _many(book: Book, where: str, *values: Any) -> list[Waybill]:
    return [_waybill(row) for row in book.rows(f"SELECT {_COLUMNS} FROM waybill WHERE {where}", *values)]


def _waybill(row: tuple[Any, ...]) -> Waybill:
    (number_id, number, serial, state, terminal, vehicle, driver, company, dangerous, document,
     route_sheet, held, aside, loaded_s, unloaded_s, load_place, unload_place, enterprise,
     location_due_s) = row  # fmt: skip
    return Waybill(
        number, serial, state, terminal, vehicle, driver, company, bool(dangerous), _value(document),
        _value(route_sheet), _value(held) or (), _value(aside) or (), loaded_s, unloaded_s,
        _place(load_place), _place(unload_place), enterprise, location_due_s, number_id,
    )  # fmt: skip


def _json(value: Any) -> str:
    return "" if not value else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _value(text: str) -> Any:
    return json.loads(text) if text else None


def _place(text: str) -> tuple[int, int] | None:
    value = _value(text)
    return (int(value[0]), int(value[1])) if value else None
