"""Terminals, vehicles, drivers and groups as CSV, out and in. A bad row is named with its row and column and
loses no other row. UTF-8, with the mark that spreadsheets want in front when it is written."""

import csv
import io
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple, Protocol

from .fleet import TABLES, Fleet, FleetError, checked
from .schema import RegistryError
from .terminal import APPROVED, STATUSES, Terminal

TERMINAL_COLUMNS: Final = (
    "identity", "status", "group", "note", "edition", "maker", "model", "terminal_id", "plate_colour",
    "plate",
)  # fmt: skip
IMPORTED_COLUMNS: Final = ("identity", "status", "group", "note")  # the others are what the device said
ROWS_MAX: Final = 100_000
ERRORS_MAX: Final = 1000  # named ones; more are counted
IDENTITY_DIGITS: Final = 20
SPREADSHEET_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class RowError(NamedTuple):
    """row: as a spreadsheet counts, the head is 1; 0 when it is the terminal that is named in `detail`.
    column: "" when the row as a whole is bad."""

    row: int
    column: str
    detail: str


class Listing(Protocol):
    """Where rows of terminals go."""

    def get(self, identity: str) -> Terminal | None:
        """As it is known now."""

    def enlist(
        self, identity: str, status: str, group: str, note: str, answer: Callable[[bool], None]
    ) -> object:
        """Takes one; may raise RegistryError."""


class Imported(NamedTuple):
    """How many rows were taken, and what is wrong with the others."""

    taken: int
    refused: int
    errors: list[RowError]


def export_terminals(terminals: Iterable[Terminal]) -> str:
    """Every terminal, a row each; codes are not there, for nobody has them."""
    rows = (terminal_as_row(terminal) for terminal in terminals)
    return _written(TERMINAL_COLUMNS, rows)


def export_fleet(
    fleet: Fleet, kind: str, show: Callable[[dict[str, Any]], dict[str, Any]] = lambda row: row
) -> str:
    """Every vehicle, driver or group. show: what of a row may be seen."""
    rows: list[dict[str, Any]] = []
    offset = 0
    while part := fleet.listed(kind, offset):
        rows += map(show, part)
        offset += len(part)
    return _written(TABLES[kind].columns, rows)


def import_terminals(text: str, registry: Listing, answer: Callable[[bool], None]) -> Imported:
    """Puts the rows on the list of terminals."""

    def take(row: dict[str, str]) -> None:
        identity = check_identity(row.get("identity", ""))
        status = row.get("status") or APPROVED
        if status not in STATUSES:
            raise FleetError(f"is one of {', '.join(STATUSES)}, not {status!r}", "status")
        for name in ("group", "note"):
            checked("groups", {"name": "x", "note": row.get(name, "")})
        known = registry.get(identity)
        held = {"group": known.group, "note": known.note} if known else {"group": "", "note": ""}
        registry.enlist(
            identity, status, row.get("group", held["group"]), row.get("note", held["note"]), answer
        )

    return _taken(text, TERMINAL_COLUMNS, ("identity",), take)


def import_fleet(text: str, fleet: Fleet, kind: str, answer: Callable[[bool], None]) -> Imported:
    """Keeps the rows as vehicles, drivers or groups."""

    def take(row: dict[str, str]) -> None:
        values: dict[str, Any] = dict(row)
        if "plate_colour" in values:
            if not values["plate_colour"].isdecimal():
                raise FleetError(f"is a number of 0…255, not {values['plate_colour']!r}", "plate_colour")
            values["plate_colour"] = int(values["plate_colour"])
        fleet.put(kind, values, answer)

    table = TABLES[kind]
    return _taken(text, table.columns, table.key, take)


def terminal_as_row(terminal: Terminal) -> dict[str, Any]:
    """What is known of a terminal, as text."""
    device = terminal.device
    said = {
        "maker": _text(device.maker), "model": _text(device.model), "terminal_id": _text(device.terminal_id),
        "plate_colour": device.plate_colour, "plate": _text(device.plate),
    } if device else dict.fromkeys(TERMINAL_COLUMNS[5:], "")  # fmt: skip
    return {
        "identity": terminal.identity,
        "status": terminal.status,
        "group": terminal.group,
        "note": terminal.note,
        "edition": terminal.edition,
        **said,
    }


def check_identity(text: str) -> str:
    """The identity in phone digits: without leading zeros. Raises FleetError."""
    if not (text.isascii() and text.isdecimal()) or len(text) > IDENTITY_DIGITS or not text.strip("0"):
        raise FleetError(f"is the phone's digits, 1 to {IDENTITY_DIGITS}, not {text!r}", "identity")
    return text.lstrip("0")


def _written(columns: tuple[str, ...], rows: Iterable[dict[str, Any]]) -> str:
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.DictWriter(out, columns, extrasaction="ignore")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _harmless(value) for name, value in row.items()})
    return out.getvalue()


def _harmless(value: Any) -> Any:
    """A terminal chooses some of the text: a spreadsheet must not take it for a formula."""
    if isinstance(value, str) and value.startswith(SPREADSHEET_FORMULA):
        return "'" + value
    return value


def _taken(
    text: str, columns: tuple[str, ...], needed: tuple[str, ...], take: Callable[[dict[str, str]], None]
) -> Imported:
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    errors, taken, refused = _head_errors(reader.fieldnames or (), columns, needed), 0, 0
    if errors:
        return Imported(0, 0, errors)
    rows = enumerate(reader, 2)
    while True:
        try:
            number, row = next(rows)
        except StopIteration:
            return Imported(taken, refused, errors)
        except csv.Error as error:  # the rest cannot be told apart
            return Imported(taken, refused + 1, [*errors, RowError(reader.line_num, "", str(error))])
        problem = _problem_of(number, row, take) if number <= ROWS_MAX else RowError(
            number, "", f"{ROWS_MAX} rows at most"
        )  # fmt: skip
        if problem is None:
            taken += 1
            continue
        refused += 1
        if len(errors) < ERRORS_MAX:
            errors.append(problem)


def _problem_of(number: int, row: dict[Any, Any], take: Callable[[dict[str, str]], None]) -> RowError | None:
    if None in row:
        return RowError(number, "", f"{len(row[None])} values more than the head has columns")
    values = {name: (value or "").strip().removeprefix("'") for name, value in row.items()}
    try:
        take(values)
    except FleetError as error:
        return RowError(number, error.column, str(error))
    except RegistryError as error:
        return RowError(number, "", str(error))
    return None


def _head_errors(head: Iterable[str], columns: tuple[str, ...], needed: tuple[str, ...]) -> list[RowError]:
    names = list(head)
    errors = [
        RowError(1, name, f"no such column; known: {', '.join(columns)}")
        for name in names
        if name not in columns
    ]
    return errors + [RowError(1, name, "is missing") for name in needed if name not in names]


def _text(raw: bytes) -> str:
    """Bytes of a device as text; what is no GBK as hex."""
    try:
        text = raw.decode("gb18030")
    except UnicodeDecodeError:
        return raw.hex()
    return text if text.isprintable() else raw.hex()
