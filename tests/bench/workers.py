"""Answers a second of one process and of two, in turns: what a second worker brings on this machine."""

import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from simulator.gateway_process import GatewayProcess

from .durable import built, measure
from .figures import Figure

NUMBERS = (1, 2)
ROUNDS = 3
SECONDS = 3
SHAPES = ((200, 1), (200, 10))  # connections, reports in flight


def figures() -> list[Figure]:
    """Per shape one row for each number of workers, the ratio to one process. Journal FULL, no broker."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        load = built(Path(name), "load") or [sys.executable, "-m", "tests.bench.load"]
        for connections, depth in SHAPES:
            found: dict[int, list[float]] = {number: [] for number in NUMBERS}
            for _ in range(ROUNDS):
                for number in NUMBERS:
                    found[number].append(answers(Path(name) / "gateway", load, number, connections, depth))
            base = statistics.median(found[1])
            for number in NUMBERS:
                value = statistics.median(found[number])
                what = f"{number} worker(s), {connections} connections × {depth} in flight"
                note = "the load has its share of the same processors"
                rows.append(Figure("workers", what, value, "answers/s", value / base, note))
    return rows


def answers(folder: Path, load: list[str], workers: int, connections: int, depth: int) -> float:
    """A second, of a gateway that is made anew."""
    sections = {"mqtt": {"enabled": False}, "server": {"workers": workers}}
    gateway = GatewayProcess(folder, 1, sections=sections)
    gateway.start()
    try:
        result = measure(gateway.port, gateway.pid, load, connections, depth, SECONDS)
    finally:
        gateway.stop()
        shutil.rmtree(folder)
    if result["failures"]:
        raise RuntimeError(f"{result['failures']} reports were refused")
    return float(result["answers_per_s"])
