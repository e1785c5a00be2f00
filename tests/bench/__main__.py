"""`make bench`: every group in turn, a table on the screen, JSON in build/bench.

usage: python -m tests.bench [--full] [GROUP …]   with the groups below; `restart RECORDS` and
`indicators WAYBILLS` for another size; --full: the longest runs of durable and indicators
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

from . import (
    abuse,
    capacity,
    codec,
    costs,
    durable,
    endtoend,
    envelopes,
    indicators,
    line,
    restart,
    terminal,
    workers,
)
from .figures import Figure, keep, show

GROUPS: dict[str, Callable[[], list[Figure]]] = {
    "codec": codec.figures,
    "line": line.figures,
    "terminal": terminal.figures,
    "durable": durable.figures,
    "endtoend": endtoend.figures,
    "restart": restart.figures,
    "costs": costs.figures,
    "envelopes": envelopes.figures,
    "capacity": capacity.figures,
    "indicators": indicators.figures,
    "workers": workers.figures,
    "abuse": abuse.figures,
}
TARGET = Path("build/bench/bench.json")


def measured(name: str, full: bool, records: list[int]) -> list[Figure]:
    """The rows of one group."""
    if name == "durable":
        return durable.figures(full)
    if name == "indicators":
        return indicators.figures(full, *records[:1])
    return restart.figures(*records[:1]) if name == "restart" else GROUPS[name]()


def main(names: list[str]) -> None:
    """Runs the named groups, or all."""
    full = "--full" in names
    records = [int(name) for name in names if name.isdigit()]
    names = [name for name in names if name != "--full" and not name.isdigit()]
    unknown = sorted(set(names) - set(GROUPS))
    if unknown:
        raise SystemExit(f"unknown group {unknown[0]!r}; there are: {', '.join(GROUPS)}")
    rows = []
    for name in names or GROUPS:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        began = time.monotonic()
        rows += measured(name, full, records)
        print(f"measured {name} in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    show(rows)
    keep(rows, TARGET)
    print(f"\nAlso as JSON: {TARGET}")


main(sys.argv[1:])
