"""What the demo says at its end: indicators beside what was planted, the ledger, and where files lie."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..ledger.report import show
from .demo import Outcome
from .story.quarter import Judged


def tell(outcome: Outcome, console: Console) -> None:
    """Prints all of it; files are named only when they are there."""
    if outcome.judged is not None:
        console.print(_indicators(outcome.judged))
    show(outcome.ledger, console)
    files = [("Ledger", outcome.ledger_file, ""), ("Map", outcome.map_file, "open it in a browser")]
    pictures = outcome.told.pictures
    if pictures:
        files.append(("Screen", next(iter(pictures.values())), f"the truck's; also {', '.join(pictures)}"))
    if outcome.judged is not None:
        files.append(("Report", outcome.judged.page, "16 indicators with every offending document"))
    if outcome.told.evidence is not None:
        files.append(("Proof", outcome.told.evidence, "python -m protocols.evidence verify FILE"))
    files.append(("Logs", outcome.ledger_file.parent / "run", "gateway, broker, authority, terminals"))
    for name, path, words in files:
        console.print(
            f"{name:<7} {path}" + (f"  ({words})" if words else ""), highlight=False, soft_wrap=True
        )
    console.print("Next    README.md, section “Run the gateway”", highlight=False)


def _indicators(judged: Judged) -> Table:
    table = Table(title="Indicators · 货运监测指标", title_justify="left")
    table.add_column("no.")
    table.add_column("name")
    table.add_column("value", justify="right")
    table.add_column("of", justify="right")
    table.add_column("planted", justify="right")
    for one in judged.report.indicators.values():
        planted = judged.truth[one.id]
        found = (one.numerator, one.denominator)
        value = "–" if one.value is None else str(one.value)
        right = Text("equal", "green") if found == planted else Text(f"{planted[0]}/{planted[1]}", "bold red")
        table.add_row(one.id, one.chinese, value, f"{one.numerator}/{one.denominator}", right)
    return table
