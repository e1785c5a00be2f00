"""The ledger for people (a rich table) and for programs (JSON). Shows it; changes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .ledger import Account, Ledger, Missing

SCHEMA: Final = "dianyun.ledger/1"
ROWS_SHOWN: Final = 12  # terminals in the table; those with something wrong come first
MISSING_SHOWN: Final = 20
_COLUMNS: Final = ("emitted", "acknowledged", "journalled", "delivered", "received", "lost", "duplicated")
_BAD: Final = frozenset({"lost", "duplicated"})


def as_json(ledger: Ledger, seed: int | None = None, **more: Any) -> dict[str, Any]:
    """The total's figures, the seed, `more`, each terminal's figures, and the lost reports by name."""
    return {
        "schema": SCHEMA,
        "seed": seed,
        **ledger.total.as_dict(),
        "queued": ledger.queued,
        "rejected": ledger.rejected,
        "drained": ledger.total.drained,
        **more,
        "terminals": {name: account.as_dict() for name, account in ledger.accounts.items()},
        "missing": [_missing_as_dict(missing) for missing in ledger.total.missing],
    }


def write_json(path: Path, document: dict[str, Any]) -> None:
    """Writes the document, making the folder when it is absent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def show(ledger: Ledger, console: Console) -> None:
    """The table, what is missing by name, and the verdict in one line."""
    console.print(_table(ledger))
    for missing in ledger.total.missing[:MISSING_SHOWN]:
        console.print(f"  [red]lost[/red] {describe(missing)}")
    left_out = len(ledger.total.missing) - MISSING_SHOWN
    if left_out > 0:
        console.print(f"  … and {left_out} more; all of them are in the JSON")
    console.print(verdict(ledger))


def verdict(ledger: Ledger) -> Text:
    """One line: whether everything arrived once, and if not, what is wrong."""
    total = ledger.total
    if total.drained and not ledger.rejected:
        return Text(f"Every one of {total.emitted} reports arrived exactly once.", style="bold green")
    faults = [
        f"{count} {name}"
        for name, count in (
            ("lost", total.lost),
            ("duplicated", total.duplicated),
            ("stored but never emitted", total.phantom),
            ("emitted twice with the same content", total.repeated),
            ("sequence numbers given twice", total.reused),
            ("still held by terminals", total.held),
            ("still queued at the gateway", ledger.queued),
            ("rejected by the authority", ledger.rejected),
        )
        if count
    ]
    return Text(
        "The ledger does not balance: " + ", ".join(faults or ["see the columns"]) + ".", style="bold red"
    )


def describe(missing: Missing) -> str:
    """A lost report in words: terminal, sequence, the device's time, how far it is known to have come."""
    how = "acknowledged" if missing.acknowledged else "never acknowledged"
    if missing.record_id:
        return f"terminal {missing.terminal}, message 0x{missing.message_id:04X}, {how}"
    return f"terminal {missing.terminal}, report {missing.sequence}, device time {missing.time}, {how}"


def _table(ledger: Ledger) -> Table:
    # Narrow enough for eighty columns: no edges, and the divider of one space is the padding.
    table = Table(
        title="Ledger · 台账", caption=_caption(ledger), title_style="bold", title_justify="left",
        caption_justify="left", box=SIMPLE_HEAD, show_edge=False, padding=0,
    )  # fmt: skip
    table.add_column("terminal", no_wrap=True)
    for name in _COLUMNS:
        table.add_column(name, justify="right", style="red" if name in _BAD else "")
    shown = _worth_showing(ledger)
    for account in shown:
        table.add_row(account.name, *_cells(account))
    left_out = [account for account in ledger.accounts.values() if account not in shown]
    if left_out:
        bad = sum(not account.drained for account in left_out)
        table.add_row(
            f"{len(left_out)} more", f"{bad} bad" if bad else "all ✓", style="red" if bad else "dim"
        )
    table.add_section()
    table.add_row("total", *_cells(ledger.total), style="bold")
    return table


def _caption(ledger: Ledger) -> str:
    again = ledger.total.redelivered
    return f"redelivered (harmless) {again} · queued {ledger.queued} · rejected {ledger.rejected}"


def _cells(account: Account) -> list[str]:
    figures = account.as_dict()
    return [str(figures[name]) for name in _COLUMNS]


def _worth_showing(ledger: Ledger) -> list[Account]:
    """Accounts with something wrong before the others, in the order of their names otherwise."""
    return sorted(ledger.accounts.values(), key=lambda a: (a.drained, a.name))[:ROWS_SHOWN]


def _missing_as_dict(missing: Missing) -> dict[str, Any]:
    document = {
        "terminal": missing.terminal,
        "sequence": missing.sequence,
        "device_time": missing.time,
        "acknowledged": missing.acknowledged,
    }
    if missing.record_id:
        document |= {"message_id": f"0x{missing.message_id:04X}", "record_id": missing.record_id}
    return document
