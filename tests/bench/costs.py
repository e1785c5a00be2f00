"""What a report costs as work grows: processor time for taking it in, journalling and delivering it, over
connections and load. Everything runs as it would: one gateway, live broker, live authority.

`python -m tests.bench costs`. 100 % is what one report in flight on each connection comes to; the other loads
are an even pace below it. After each cell: what was answered is journalled, delivered and stored once.
The parts are threads of the gateway: its loop reads, splits, checks and answers ("decode"), the journal's
writer, and delivery. What connections cost that say nothing is a row of its own and is taken off the others.
At little load a commit holds few reports and a batch goes out before it is full, so a report costs more: what
must not happen is that it costs more as work grows.
"""

from __future__ import annotations

import json
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final, NamedTuple

from .backlog import wait_until_delivering
from .durable import built, started
from .figures import Figure
from .processors import children_of, process_seconds, thread_seconds
from .road import Road

CONNECTIONS: Final = (100, 1000, 5000, 20_000)
FILES_BESIDE: Final = 200  # open files of the gateway that are no terminal's connection
LOADS: Final = (1.0, 0.5, 0.1, 0.01)  # the first tells what the others are parts of
SECONDS: Final = 3
MORE_SECONDS_PER: Final = 5000  # connections: each must have reported some times
EDGE_S: Final = 0.5  # of a run, where connections have only just come or are about to go
FIRST_PHONE: Final = 13_000_000_000
PARTS: Final = ("decode", "journal", "delivery")
OTHERS: Final = ("broker", "authority")


class Cell(NamedTuple):
    """One run. load: 0 for idle connections. us: processor microseconds a report of each part; of idle
    connections, a second."""

    connections: int
    load: float
    reports_per_s: float
    us: dict[str, float]


class Bench:
    """One gateway and what stands behind it, and the load's command."""

    def __init__(self, road: Road, command: list[str], connections: int) -> None:
        self._road = road
        self._command = command
        self._connections = connections
        self._seconds = SECONDS + connections // MORE_SECONDS_PER
        self._answered = 0
        self.full_per_s = 0.0

    def idle(self) -> Cell:
        """What connections cost that only are there."""
        used, _ = self._run(0)
        per_s = {part: used[part] * 1e6 for part in ("decode",)}
        return Cell(self._connections, 0.0, 0.0, per_s)

    def cell(self, load: float, idle: Cell) -> Cell:
        """One load. Raises RuntimeError when the books do not balance afterwards."""
        rate = [] if load == 1.0 else [FIRST_PHONE, max(1, int(self.full_per_s * load))]
        before = self._spent()
        used, result = self._run(1, *rate)
        while self._road.queued():  # what delivery costs belongs to these reports, so it must have ended
            time.sleep(0.1)
        all_of_it = self._spent()
        all_of_it.subtract(before)
        answers, per_s = result["answers"] - result["failures"], result["answers_per_s"]
        self.full_per_s = self.full_per_s or per_s
        self._answered += answers
        self._road.settle(self._answered)
        us = {part: used[part] / per_s * 1e6 for part in ("decode", "journal")}
        us["decode"] = max(0.0, us["decode"] - idle.us["decode"] / per_s)
        us |= {part: all_of_it[part] / answers * 1e6 for part in ("delivery", *OTHERS)}
        return Cell(self._connections, load, per_s, us)

    def _run(self, depth: int, *more: int) -> tuple[Counter[str], dict[str, Any]]:
        """(seconds that each part took in a second, what the load says), without the edges of the run."""
        arguments = [self._road.port, self._connections, depth, self._seconds, *more]
        with started([*self._command, *map(str, arguments)], pin=False) as process:
            time.sleep(EDGE_S)
            began, before = time.monotonic(), self._spent()
            time.sleep(self._seconds - 2 * EDGE_S)
            taken_s, used = time.monotonic() - began, self._spent()
            result = json.loads(process.communicate(timeout=120)[0])
        used.subtract(before)
        return Counter({part: seconds / taken_s for part, seconds in used.items()}), result

    def _spent(self) -> Counter[str]:
        """Seconds of each part so far. What is neither journal nor delivery is the loop's."""
        pids, spent = self._road.pids(), Counter[str]()
        for name, seconds in thread_seconds(pids["gateway"]).items():
            spent[next((part for part in ("journal", "delivery") if name.startswith(part)), "decode")] += (
                seconds
            )
        spent["delivery"] += sum(process_seconds(child) for child in children_of(pids["gateway"]))
        spent.update({name: process_seconds(pids[name]) for name in OTHERS})
        return spent


def cells(connections: tuple[int, ...] = CONNECTIONS, loads: tuple[float, ...] = LOADS) -> list[Cell]:
    """Every combination, and the idle connections first."""
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = built(folder, "load")
        if command is None:
            raise RuntimeError("costs over many connections need a C compiler for the load")
        for amount in sorted({min(wanted, _connections_max()) for wanted in connections}):
            with Road(folder / str(amount), []) as road:
                with road.read_store() as store:  # starting is no cost of a report
                    wait_until_delivering(road.port, store)
                bench = Bench(road, command, amount)
                found.append(idle := bench.idle())
                for load in loads:
                    found.append(bench.cell(load, idle))
                    print(f"  {found[-1]}", file=sys.stderr, flush=True)
            shutil.rmtree(folder / str(amount))
    return found


def _connections_max() -> int:
    """As many as this machine lets one process have; the load needs as many files as the gateway."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if hard == resource.RLIM_INFINITY else hard - FILES_BESIDE


def figures() -> list[Figure]:
    """A row for each cell; ratio: against the same load over the fewest connections."""
    rows, least = [], dict[float, float]()
    for cell in cells():
        what = f"{cell.connections:,} connections, "
        if not cell.load:
            what += "idle, a second"
            rows.append(Figure("costs", what, cell.us["decode"] / 1000, "ms"))
            continue
        total = sum(cell.us[part] for part in PARTS)
        what += f"{cell.load:.0%} load ({cell.reports_per_s:,.0f} reports/s)"
        parts = ", ".join(f"{name} {cell.us[name]:.1f}" for name in (*PARTS, *OTHERS))
        rows.append(
            Figure("costs", what, total, "µs/report", total / least.setdefault(cell.load, total), parts)
        )
    return rows
