"""Positions a second from the terminals' bytes to the authority's store: gateway, journal, broker and
authority on the processors of this machine, the load beside them.

Counted from the first report to the last that stands in the store: while a load leaves nothing of the
processors, delivery gives way to the answers and the rest follows. Since the load works on the same
processors, a row also says what a position costs all the others together: how many a second fit on two of
their own.
"""

from __future__ import annotations

import json
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from .backlog import wait_until_delivering
from .durable import built, started
from .figures import Figure
from .processors import process_seconds
from .road import Road

SECONDS: Final = 6
ENDS_S: Final = 300.0
ROUNDS: Final = 3
PROCESSORS: Final = 2
# Connections, in flight on each, reports a second (0: as many as are answered).
SHAPES: Final = [(1000, 1, 0), (1000, 1, 40_000), (1000, 10, 0)]


def run(folder: Path, load: list[str], connections: int, depth: int, rate: int) -> dict[str, Any]:
    """One run, held to answered = journalled = delivered = stored once."""
    arguments = [connections, depth, SECONDS, 13_000_000_000, *([rate] if rate else [])]
    with Road(folder, [], max_age_ms=200) as road, road.read_store() as store:
        wait_until_delivering(road.port, store)
        with started([*load, str(road.port), *map(str, arguments)], pin=False) as process:
            began, first, before = time.monotonic(), store.counts().received, _seconds(road)
            result = json.loads(process.communicate(timeout=300)[0])
        answers = result["answers"] - result["failures"]
        while store.counts().received - first < answers and time.monotonic() < began + ENDS_S:
            time.sleep(0.05)
        taken_s, used = time.monotonic() - began, _seconds(road) - before
        road.settle(answers)
        counts = store.counts()
    shutil.rmtree(folder)
    return {
        "stored_per_s": answers / taken_s,
        "us": used / answers * 1e6,
        "answers_per_s": result["answers_per_s"],
        "after_s": taken_s - result["seconds"],
        "duplicated": counts.duplicated,
        "load_share": result["generator_processor_share"],
    }


def _seconds(road: Road) -> float:
    return sum(process_seconds(pid) for pid in road.pids().values())


def figures() -> list[Figure]:
    """Rows of each shape, medians."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        load = built(folder, "load") or [sys.executable, "-m", "tests.bench.load"]
        for shape in SHAPES:
            runs = [run(folder / f"{shape[0]}-{shape[1]}-{turn}", load, *shape) for turn in range(ROUNDS)]
            rows += _rows(*shape, {key: statistics.median(one[key] for one in runs) for key in runs[0]})
    return rows


def _rows(connections: int, depth: int, rate: int, found: dict[str, Any]) -> list[Figure]:
    group = "end to end"
    what = f"{connections:,} connections × {depth} in flight" + (f", {rate:,} a second" if rate else "")
    note = (
        f"{found['answers_per_s']:,.0f} answered a second for {SECONDS} s, the last stored"
        f" {found['after_s']:.1f} s later, duplicated {found['duplicated']:.0f}; the load took"
        f" {found['load_share']:.2f} of a processor"
    )
    return [
        Figure(group, f"{what}: stored", found["stored_per_s"], "positions/s", note=note),
        Figure(group, f"{what}: all processes but the load", found["us"], "µs/position"),
        Figure(group, f"{what}: fit on two processors", PROCESSORS / found["us"] * 1e6, "positions/s"),
    ]
