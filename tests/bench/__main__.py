"""`make bench`: every group in turn, a table on the screen, JSON in build/bench.

usage: python -m tests.bench [--full] [GROUP …]   with groups codec, line, terminal, durable, drain
"""

import sys
from collections.abc import Callable
from pathlib import Path

from . import codec, drain, durable, line, terminal
from .figures import Figure, keep, show

GROUPS: dict[str, Callable[[], list[Figure]]] = {
    "codec": codec.figures,
    "line": line.figures,
    "terminal": terminal.figures,
    "durable": durable.figures,
    "drain": drain.figures,
}
TARGET = Path("build/bench/bench.json")


def main(names: list[str]) -> None:
    """Runs the named groups, or all."""
    full = "--full" in names
    names = [name for name in names if name != "--full"]
    unknown = sorted(set(names) - set(GROUPS))
    if unknown:
        raise SystemExit(f"unknown group {unknown[0]!r}; there are: {', '.join(GROUPS)}")
    rows = []
    for name in names or GROUPS:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        rows += durable.figures(full) if name == "durable" else GROUPS[name]()
    show(rows)
    keep(rows, TARGET)
    print(f"\nAlso as JSON: {TARGET}")


main(sys.argv[1:])
