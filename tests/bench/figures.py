"""Rows of figures: how they are timed, shown and kept. Knows nothing of what is measured."""

import gc
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass
class Figure:
    """One row: `what` was measured, `value` in `unit`, `ratio` to the first row of its group (1.0 there)."""

    group: str
    what: str
    value: float
    unit: str
    ratio: float | None = None
    note: str = ""


def ns_per_call(function: Callable[[], object], budget_s: float = 0.2) -> float:
    """Nanoseconds a call of `function`, over about `budget_s` seconds."""
    calls, elapsed = 1, 0.0
    while elapsed < budget_s / 5:
        calls *= 4
        elapsed = _timed(function, calls)
    calls = max(1, int(calls * budget_s / elapsed))
    return _timed(function, calls) / calls * 1e9


def _timed(function: Callable[[], object], calls: int) -> float:
    gc.disable()
    start = time.perf_counter()
    for _ in range(calls):
        function()
    elapsed = time.perf_counter() - start
    gc.enable()
    return elapsed


def interleaved(functions: dict[str, Callable[[], object]], rounds: int = 7) -> dict[str, float]:
    """Median ns a call of each function, the functions taking turns so that drift hits all alike."""
    taken: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            taken[name].append(ns_per_call(function))
    return {name: statistics.median(values) for name, values in taken.items()}


def show(figures: list[Figure]) -> None:
    """The table for people."""
    table = Table(title="Dianyun Edge · figures of this run", title_justify="left")
    for column in ("group", "what"):
        table.add_column(column)
    for column in ("value", "unit", "ratio"):
        table.add_column(column, justify="right")
    table.add_column("note")
    group = ""
    for figure in figures:
        if group and figure.group != group:
            table.add_section()
        group = figure.group
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        table.add_row(figure.group, figure.what, _short(figure.value), figure.unit, ratio, figure.note)
    console = Console()
    Console(width=max(console.width, 140) if not console.is_terminal else None).print(table)


def keep(figures: list[Figure], path: Path) -> None:
    """The same as JSON, for programs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps([asdict(figure) for figure in figures], ensure_ascii=False, indent=1) + "\n", "utf-8"
    )


def _short(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"
