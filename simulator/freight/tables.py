"""Indicators as tables for people: computed beside planted, and what each fault moved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .judged import Judged
from .plants import MOVES
from .sweeping import Moved
from .truth import ALL, SIZES


def indicators(judged: Judged) -> Table:
    """One row a value. Of the sizes the whole is told, not the unit that it is divided by."""
    table = _table("Indicators · 货运监测指标")
    for name, justify in (
        ("no.", "left"), ("indicator · 指标", "left"), ("value", "right"), ("computed", "right"),
        ("planted", "right"), ("", "left"),
    ):  # fmt: skip
        table.add_column(name, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    truth = judged.truth.fractions()
    for one in judged.report.indicators.values():
        found, planted = judged.computed[one.id], truth[one.id]
        value = "–" if one.value is None else f"{one.value} {one.unit.split(' ')[0]}"
        sign = Text("✓", "green") if found == planted else Text("✗", "bold red")
        table.add_row(one.id, one.chinese, value, _text(one.id, found), _text(one.id, planted), sign)
    return table


def verdict(judged: Judged) -> Text:
    """One line, or one for each difference."""
    wrong = judged.differences()
    if not wrong:
        return Text(
            f"All {judged.values} values are the planted truth, and so is every offender by name.",
            "bold green",
        )
    return Text("\n".join([f"{len(wrong)} differences from what was planted:", *wrong]), "bold red")


def faults() -> Table:
    """Every fault that can be planted."""
    table = _table("Faults · 可植入的问题")
    table.add_column("fault", no_wrap=True)
    table.add_column("moves the indicators")
    for fault, moves in MOVES.items():
        table.add_row(fault, names(moves))
    return table


def swept(found: Iterable[Moved]) -> Table:
    """What each fault moved."""
    table = _table("One fault each · 逐项植入")
    for name in ("fault", "moved", "declared", ""):
        table.add_column(name, no_wrap=not name)
    for one in found:
        sign = Text("✓", "green") if one.right else Text("✗", "bold red")
        table.add_row(one.fault, names(one.found), names(one.declared), sign)
    return table


def names(indicators_: Iterable[str]) -> str:
    """In the order of the notice; a dash for none."""
    chosen = set(indicators_)
    return ", ".join(each for each in ALL if each in chosen) or "–"


def tell(judged: Judged, console: Console) -> None:
    """The table, the verdict, where the report lies."""
    console.print(indicators(judged))
    console.print(verdict(judged), soft_wrap=True)
    show_files(console, [("Report", judged.page, "every offending document by name")])


def show_files(console: Console, files: Sequence[tuple[str, Path, str]]) -> None:
    """A line for each: name, path, words."""
    for name, path, words in files:
        line = f"{name:<7} {path}" + (f"  ({words})" if words else "")
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, show_edge=False)


def _text(name: str, fraction: tuple[int, int]) -> str:
    return str(fraction[0]) if name in SIZES else f"{fraction[0]}/{fraction[1]}"
