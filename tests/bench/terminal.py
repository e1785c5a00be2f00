"""The terminal under real MicroPython: time and heap from sentence to frame, and the least heap it starts in."""

import json
import os
import statistics
import subprocess
from pathlib import Path

from simulator.desk.build import ROOT, build, interpreter

from .figures import Figure

ROUNDS = 5
PROBE = Path(__file__).with_name("terminal_probe.py")
STEPS = {
    "sentence_rmc": "RMC sentence: check and parse",
    "sentence_gga": "GGA sentence: check and parse",
    "report": "position body, frame, answer",
    "whole": "RMC + GGA to frame and answer",
}


def probe(tree: Path) -> dict:
    """One run of the probe on the compiled terminal."""
    environment = os.environ | {"MICROPYPATH": str(tree)}
    command = [*interpreter(), "-X", "heapsize=96k", str(PROBE)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def figures() -> list[Figure]:
    """Medians of several runs; the compiled tree's size beside them."""
    tree = build()
    runs = [probe(tree) for _ in range(ROUNDS)]
    rows = []
    for step, what in STEPS.items():
        micros = statistics.median(run[step][0] for run in runs)
        allocated = max(run[step][1] for run in runs)
        rows.append(Figure("terminal, MicroPython", what, micros, "µs", note=f"{allocated} bytes allocated"))
    size = sum(path.stat().st_size for path in tree.rglob("*.mpy"))
    rows.append(Figure("terminal, MicroPython", "all compiled modules", size / 1024, "KiB", note=f"below {ROOT.name}/build"))
    return rows
