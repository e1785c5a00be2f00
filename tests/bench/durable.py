"""Acknowledged, durable reports a second: the real gateway process, the journal on disk, delivery to a live
broker and authority, a load beside it.

Where a C compiler is, the load is C and the same load also drives an answerer in C that stores nothing: the
limit of this machine at this hour, of which the gateway's figure is given as a fraction. A row says what an
answer costs in processor time, delivery included, which other work on the machine changes less.
"""

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .figures import Figure
from .processors import process_seconds
from .road import Road

HERE = Path(__file__).resolve().parent
SECONDS = 3
# Connections, reports in flight on each, rounds; and those that only `--full` measures.
SHAPES = [(1000, 1, 3), (1000, 10, 3), (10_000, 1, 3)]
MORE_SHAPES = [(100, 1, 3), (100, 10, 3), (10_000, 10, 3)]
LOAD_BUSY = 0.9  # of its processor: above, the load measures itself
FLATTERED = "; the limit is higher than its load could show, which flatters this fraction"
PACED = (10_000, 5000)  # connections, reports a second on all of them
FILES_BESIDE = 200  # open files of load and gateway that are no connection
# Connections that say nothing, and then a little: as many as a process may have files, where that is fewer.
_files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
IDLE = 20_000 if _files == resource.RLIM_INFINITY else min(20_000, _files - FILES_BESIDE)


def built(folder: Path, name: str) -> list[str] | None:
    """The command of a C program of this folder, None where no compiler is."""
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if not compiler:
        return None
    subprocess.run([compiler, "-O2", "-o", str(folder / name), str(HERE / f"{name}.c")], check=True)
    return [str(folder / name)]


class Limit:
    """The answerer in C."""

    def __init__(self, command: list[str]) -> None:
        self.process = subprocess.Popen([*pinned(0), *command], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.port = json.loads(self.process.stdout.readline())["port"]
        self.pid = self.process.pid

    def stop(self) -> None:
        """Ends it."""
        self.process.terminate()
        self.process.wait(20)


def pinned(processor: int) -> list[str]:
    """A command prefix that keeps server and load apart where the machine has two processors."""
    if shutil.which("taskset") and len(os.sched_getaffinity(0)) > 1:
        return ["taskset", "-c", str(processor)]
    return []


def measure(port: int, pid: int, load: list[str], *arguments: object) -> dict:
    """One run of the load: its figures, and what the server took of its processor."""
    with started([*load, str(port), *map(str, arguments)]) as process:
        before = process_seconds(pid)
        result = json.loads(process.communicate(timeout=300)[0])
        used = process_seconds(pid) - before
    result["server_processor_share"] = used / result["seconds"]
    result["us_an_answer"] = used / max(1, result["answers"]) * 1e6
    return result


def started(command: list[str], pin: bool = True) -> "subprocess.Popen[str]":
    """A load whose terminals have all authenticated. Raises RuntimeError when they cannot."""
    process = subprocess.Popen(
        [*(pinned(1) if pin else []), *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr
    line = process.stderr.readline().strip()
    if line != "ready":
        process.kill()
        raise RuntimeError(f"the load did not begin: {line} {process.communicate()[1]}")
    return process


def figures(full: bool = False) -> list[Figure]:
    """Rows for each shape: answers a second, p50, p99, who was busier, and the limit where there is one."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        load = built(folder, "load") or [sys.executable, "-m", "tests.bench.load"]
        limit = built(folder, "limit")
        for connections, depth, rounds in SHAPES + (MORE_SHAPES if full else []):
            durable, pure, bare = [], [], []
            for _ in range(rounds):  # they take turns, so that what else the machine does hits all alike
                durable.append(on_the_road(folder / "road", load, connections, depth))
                pure.append(on_the_road(folder / "road", load, connections, depth, pure=True))
                if limit:
                    bare.append(without_a_road(limit, load, connections, depth))
            what = f"{connections:,} connections × {depth} in flight"
            rows += told([*shape_rows(what, durable, bare), pure_row(what, pure, bare)])
        if limit:  # the load in Python has neither a pace nor 10,000 connections in it
            rows += told(paced_rows(folder / "paced", load))
            rows += told(idle_rows(folder / "idle", load))
    return rows


def told(rows: list[Figure]) -> list[Figure]:
    """The rows, said at once as well: the whole group takes minutes."""
    for row in rows:
        ratio = "" if row.ratio is None else f" ({row.ratio:.2f})"
        print(f"  {row.what}: {row.value:,.2f} {row.unit}{ratio} {row.note}", file=sys.stderr, flush=True)
    return rows


def on_the_road(folder: Path, load: list[str], connections: int, depth: int, pure: bool = False) -> dict:
    """One run against a gateway that delivers, held to answered = journalled = delivered = stored."""
    with Road(folder, pinned(0), pure=pure) as road:
        result = measure(road.port, road.pid, load, connections, depth, SECONDS)
        road.settle(result["answers"] - result["failures"])
    shutil.rmtree(folder)
    return result


def without_a_road(limit: list[str], load: list[str], connections: int, depth: int) -> dict:
    """One run against the answerer that stores nothing."""
    server = Limit(limit)
    try:
        return measure(server.port, server.pid, load, connections, depth, SECONDS)
    finally:
        server.stop()


def paced_rows(folder: Path, load: list[str]) -> list[Figure]:
    """How long an answer takes under an even load, from when its report was due."""
    connections, rate = PACED
    with Road(folder, pinned(0)) as road:
        result = measure(road.port, road.pid, load, connections, 1, 6, 13_000_000_000, rate)
        road.settle(result["answers"] - result["failures"])
    shutil.rmtree(folder)
    what = f"{rate:,} reports/s over {connections:,} connections"
    note = f"{limit_of([result])}; {result['late']} were due before the answer to the one before"
    return [
        Figure("answers", f"{what}: p50", result["p50_ms"], "ms", note=note),
        Figure("answers", f"{what}: p99", result["p99_ms"], "ms"),
    ]


def idle_rows(folder: Path, load: list[str]) -> list[Figure]:
    """What a connection costs that has authenticated and says nothing, and what it has cost at most once each
    has reported: the names of its last reports, and everything that was in the writer's hands at a time."""
    with Road(folder, pinned(0)) as road:
        before = road.resident_kib()
        with started([*load, str(road.port), str(IDLE), "0", "4"]) as process:
            idle = road.resident_kib() - before
            process.communicate(timeout=60)
    shutil.rmtree(folder)
    with Road(folder, pinned(0)) as road:
        before = road.resident_kib()
        once = [*load, str(road.port), str(IDLE), "1", "6", "13000000000", str(IDLE // 5)]
        with started(once) as process:
            while process.poll() is None:
                reported = road.resident_kib() - before
                time.sleep(0.1)
            result = json.loads(process.communicate()[0])
        road.settle(result["answers"] - result["failures"])
    shutil.rmtree(folder)
    what = f"memory of a connection, of {IDLE:,}"
    return [
        Figure("answers", f"{what}: authenticated", idle / IDLE, "KiB"),
        Figure(
            "answers",
            f"{what}: has reported",
            reported / IDLE,
            "KiB",
            note="of the gateway's process; delivery has its own",
        ),
    ]


def pure_row(what: str, pure: list[dict], bare: list[dict]) -> Figure:
    """The row of the gateway without what is in C."""
    middle = middle_of(pure)
    fraction = middle["answers_per_s"] / middle_of(bare)["answers_per_s"] if bare else None
    name = f"{what}: durable, DIANYUN_PURE=1"
    note = limit_of(pure) + flattery_of(bare)
    return Figure("answers", name, middle["answers_per_s"], "reports/s", fraction, note)


def shape_rows(what: str, durable: list[dict], bare: list[dict]) -> list[Figure]:
    """The rows of one shape."""
    group = "answers"
    gateway = middle_of(durable)
    fraction = gateway["answers_per_s"] / middle_of(bare)["answers_per_s"] if bare else None
    rows = [
        Figure(
            group,
            f"{what}: durable",
            gateway["answers_per_s"],
            "reports/s",
            fraction,
            limit_of(durable) + flattery_of(bare),
        ),
        Figure(group, f"{what}: durable, p50", gateway["p50_ms"], "ms"),
        Figure(group, f"{what}: durable, p99", gateway["p99_ms"], "ms"),
    ]
    if gateway["failures"]:
        rows.append(Figure(group, f"{what}: refused", gateway["failures"], "reports", note="look into it"))
    if bare:
        most = middle_of(bare)
        cost = most["us_an_answer"] / gateway["us_an_answer"]
        rows += [
            Figure(
                group,
                f"{what}: limit, stores nothing",
                most["answers_per_s"],
                "reports/s",
                1.0,
                limit_of(bare),
            ),
            Figure(group, f"{what}: processor time of an answer", gateway["us_an_answer"], "µs", cost),
        ]
    return rows


def middle_of(results: list[dict]) -> dict:
    """The median of each figure."""
    return {key: statistics.median(each[key] for each in results) for key in results[0] if key != "generator"}


def limit_of(results: list[dict]) -> str:
    """Who was busier, so that nobody takes the load's speed for the server's."""
    middle = middle_of(results)
    load, server = middle["generator_processor_share"], middle["server_processor_share"]
    warning = "; THE LOAD WAS THE LIMIT" if load >= LOAD_BUSY else ""
    return f"{results[0]['generator']} load used {load:.2f} of a processor, the server {server:.2f}{warning}"


def flattery_of(bare: list[dict]) -> str:
    """What to say of a fraction of a limit at which the load was at its own; processor times are true."""
    busy = bare and middle_of(bare)["generator_processor_share"] >= LOAD_BUSY
    return FLATTERED if busy else ""
