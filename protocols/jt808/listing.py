"""Prints an explained frame, or the catalog: in colour on a terminal, as plain aligned columns in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from .catalog import catalog_row
from .definitions.types import Message
from .explain import Listing
from .rows import Row

_BYTES_A_LINE = 8
_HEX_WIDTH = 3 * _BYTES_A_LINE - 1
_STYLES = ("dim", "cyan", "bold", "default", "green")


def print_listing(listing: Listing, out: TextIO | None = None) -> None:
    """Writes the listing to `out` (standard output)."""
    console = Console(file=out or sys.stdout, soft_wrap=True, highlight=False)
    console.print(Text(listing.title, "bold"))
    for fact in listing.facts:
        console.print(Text(fact, "dim"))
    widths = _widths(listing.rows + listing.decrypted)
    _print_rows(console, listing.rows, widths)
    if listing.decrypted:
        console.print(Text("decrypted body", "bold"))
        _print_rows(console, listing.decrypted, widths)
    for problem in listing.problems:
        console.print(Text(f"wrong: {problem}", "bold red"))


def _print_rows(console: Console, rows: list[Row], widths: tuple[int, ...]) -> None:
    for row in rows:
        for line in _lines(row):
            console.print(_styled(line, widths, row))


def print_catalog(messages: Iterable[Message], out: TextIO | None = None) -> None:
    """Writes a table of messages to `out` (standard output)."""
    console = Console(file=out or sys.stdout, soft_wrap=True, highlight=False)
    titles = ("id", "message", "名称", "sent", "answered by", "editions", "standard")
    rows = [titles, *((*catalog_row(message), message.standard) for message in messages)]
    widths = [max(cell_len(row[column]) for row in rows) for column in range(len(titles))]
    for number, row in enumerate(rows):
        cells = [cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)]
        console.print(Text("  ".join(cells).rstrip(), "default" if number else "bold"))


def _lines(row: Row) -> list[tuple[str, ...]]:
    """The cells of a row; long data goes on below."""
    pieces = [
        row.data[at : at + _BYTES_A_LINE].hex(" ") for at in range(0, len(row.data), _BYTES_A_LINE)
    ] or [""]
    offset = f"{row.offset:04d}" if row.offset >= 0 else ""
    first = (offset, pieces[0], "  " * row.depth + row.name, row.chinese, row.text)
    rest = [
        (f"{row.offset + _BYTES_A_LINE * number:04d}", piece, "", "", "")
        for number, piece in enumerate(pieces[1:], 1)
    ]
    return [first, *rest]


def _widths(rows: list[Row]) -> tuple[int, ...]:
    names = max((cell_len("  " * row.depth + row.name) for row in rows), default=0)
    chinese = max((cell_len(row.chinese) for row in rows), default=0)
    return (4, _HEX_WIDTH, names, chinese, 0)


def _styled(cells: tuple[str, ...], widths: tuple[int, ...], row: Row) -> Text:
    line = Text()
    for cell, width, style in zip(cells, widths, _STYLES, strict=True):
        padding = " " * max(width - cell_len(cell), 0)
        line.append(cell + padding + "  ", "bold red" if row.wrong else style)
    line.rstrip()
    return line
