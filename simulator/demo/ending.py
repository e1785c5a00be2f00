"""What the demo says at its end: indicators beside what was planted, the ledger, and where files lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Console, Group
from rich.text import Text

from ..freight.tables import indicators, show_files
from ..ledger.report import show
from .demo import Outcome
from .story import screen

_QUIET: Final = 4  # modules of light around a symbol
_HALVES: Final = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def tell(outcome: Outcome, console: Console) -> None:
    """Prints all of it; files are named only when they are there."""
    if outcome.judged is not None:
        console.print(indicators(outcome.judged))
    if console.is_terminal and (shown := outcome.told.pictures.get("blue")):
        console.print(_symbol(screen.modules(shown)))
    show(outcome.ledger, console)
    files = [("Ledger", outcome.ledger_file, ""), ("Map", outcome.map_file, "open it in a browser")]
    pictures = outcome.told.pictures
    if pictures:
        first, *others = pictures
        files.append(("Screen", pictures[first], f"of the truck; beside it {', '.join(others)}"))
    if outcome.judged is not None:
        files.append(("Report", outcome.judged.page, "16 indicators with every offending document"))
    if outcome.told.evidence is not None:
        files.append(("Proof", outcome.told.evidence, "python -m protocols.evidence verify FILE"))
    files.append(("Logs", outcome.ledger_file.parent / "run", "gateway, broker, authority, terminals"))
    show_files(console, files)
    console.print("Next    README.md, section “Run the gateway”", highlight=False)


def _symbol(rows: Sequence[Sequence[bool]]) -> Group:
    """The code as the truck's screen showed it, two rows of modules in a line of text."""
    width = len(rows[0]) + 2 * _QUIET if rows else 0
    light = [False] * width
    padded = [light] * _QUIET + [[False] * _QUIET + list(row) + [False] * _QUIET for row in rows]
    padded += [light] * (_QUIET + len(padded) % 2)
    lines = (
        "".join(_HALVES[upper, lower] for upper, lower in zip(padded[at], padded[at + 1], strict=True))
        for at in range(0, len(padded) - 1, 2)
    )
    title = Text("Code · 滇运码", "bold")
    return Group(
        title, Text("\n".join(lines), "black on white"), Text("as the truck's screen showed it: blue")
    )
