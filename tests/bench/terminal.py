"""The terminal under real MicroPython: time and heap from sentence to frame, and how much heap it needs."""

import json
import statistics
import tempfile
from pathlib import Path

from simulator.desk.build import PART, build
from simulator.desk.desk import Desk
from tests.firmware.platform_server import PlatformServer
from tests.firmware.test_desk import drive
from tests.portable.interpreters import ROOT, run_micropython

from . import terminal_heap
from .figures import Figure

ROUNDS = 5
HEAPS_KIB = range(92, 59, -4)
REPORTS = 30
PATIENCE_S = 20
PROBE = Path(__file__).with_name("terminal_probe.py")
STEPS = {
    "sentence_rmc": "RMC sentence: check and parse",
    "sentence_gga": "GGA sentence: check and parse",
    "report": "position body, frame, answer",
    "whole": "RMC + GGA to frame and answer",
}


def figures() -> list[Figure]:
    """Medians of several runs, the least heap that the whole program runs in, its size."""
    group = "terminal, MicroPython"
    runs = [probe() for _ in range(ROUNDS)]
    rows = []
    for step, what in STEPS.items():
        micros = statistics.median(run[step][0] for run in runs)
        allocated = max(run[step][1] for run in runs)
        rows.append(Figure(group, what, micros, "µs", note=f"{allocated} bytes allocated"))
    sizes = {path.stem: path.stat().st_size / 1024 for path in build().glob("*.mpy")}
    resident = sum(size for name, size in sizes.items() if name.startswith(PART))
    note = "online, 30 reports acknowledged; the next smaller of 4 KiB steps fails"
    rows.append(Figure(group, "least heap without screen, code in flash", least_heap_kib(), "KiB", note=note))
    rows.append(
        Figure(group, "resident program, compiled", resident, "KiB", note="without vehicle and screen")
    )
    rows.append(Figure(group, "resident program and all pages, compiled", sum(sizes.values()), "KiB"))
    return rows + terminal_heap.figures(group)


def probe() -> dict:
    """One run of the probe on the portable sources."""
    done = run_micropython("-X", "heapsize=1m", PROBE, path=ROOT)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return json.loads(done.stdout)


def least_heap_kib() -> int:
    """The smallest heap, in steps, in which the compiled terminal works, its code in mapped flash."""
    least = 0
    for kib in HEAPS_KIB:
        if not works_in(kib):
            break
        least = kib
    return least


def works_in(kib: int) -> bool:
    """Whether the terminal goes online and brings its reports in a heap of `kib` KiB."""
    with tempfile.TemporaryDirectory() as name, PlatformServer() as platform:
        desk = Desk(Path(name), [("127.0.0.1", platform.port)], "13800138000", heap=f"{kib}k", interval_s=1)
        try:
            desk.start()
            if not desk.wait_until(lambda: desk.state == "online" or not desk.running, PATIENCE_S):
                return False
            desk.feed(drive(1000, REPORTS))
            done = lambda: len(desk.acknowledged) >= REPORTS or not desk.running  # noqa: E731
            return desk.wait_until(done, PATIENCE_S) and len(desk.acknowledged) >= REPORTS
        finally:
            desk.stop()
