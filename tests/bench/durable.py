"""Acknowledged, durable reports a second: the real gateway process, the journal on disk, a load beside it."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from .figures import Figure

HERE = Path(__file__).resolve().parent
SECONDS = 4
ROUNDS = 3
SHAPES = [(1000, 1), (1000, 10)]  # connections, reports in flight on each

CONFIG = """
[gateway]
id = "bench"
data_dir = "{folder}/data"
[server]
host = "127.0.0.1"
port = 0
max_connections = 20000
[mqtt]
enabled = false
[log]
level = "warning"
"""


def build_load(folder: Path) -> list[str]:
    """The command of the load: C where a compiler is, else Python."""
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler:
        program = folder / "load"
        subprocess.run([compiler, "-O2", "-o", str(program), str(HERE / "load.c")], check=True)
        return [str(program)]
    return [sys.executable, "-m", "tests.bench.load"]


class Gateway:
    """`edge-gateway run` as a user starts it, on one processor where there are two."""

    def __init__(self, folder: Path) -> None:
        path = folder / "gateway.toml"
        path.write_text(CONFIG.format(folder=folder), "utf-8")
        command = [str(Path(sys.executable).parent / "edge-gateway"), "run", str(path)]
        self.process = subprocess.Popen(pinned(0) + command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.port = json.loads(self.process.stdout.readline())["port"]

    def processor_s(self) -> float:
        """User and system seconds so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


def pinned(processor: int) -> list[str]:
    """A command prefix that keeps server and load apart where the machine has two processors."""
    if shutil.which("taskset") and len(os.sched_getaffinity(0)) > 1:
        return ["taskset", "-c", str(processor)]
    return []


def measure(load: list[str], connections: int, depth: int) -> dict:
    """One run against a fresh gateway: the load's figures and the gateway's processor share."""
    with tempfile.TemporaryDirectory() as name:
        gateway = Gateway(Path(name))
        try:
            command = [*pinned(1), *load, str(gateway.port), str(connections), str(depth), str(SECONDS)]
            before = gateway.processor_s()
            done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
            result = json.loads(done.stdout)
            result["gateway_processor_share"] = (gateway.processor_s() - before) / result["seconds"]
            return result
        finally:
            gateway.stop()


def figures() -> list[Figure]:
    """Rows for each shape: answers a second, p50, p99, and who was the limit."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        load = build_load(Path(name))
        runs: dict[tuple[int, int], list[dict]] = {shape: [] for shape in SHAPES}
        for _ in range(ROUNDS):
            for shape in SHAPES:
                runs[shape].append(measure(load, *shape))
    for (connections, depth), results in runs.items():
        middle = {key: statistics.median(r[key] for r in results) for key in results[0] if key != "generator"}
        what = f"{connections} connections × {depth} in flight"
        rows.append(Figure("durable answers", what, middle["answers_per_s"], "reports/s", note=limit_of(results[0], middle)))
        rows.append(Figure("durable answers", f"{what}, p50", middle["p50_ms"], "ms"))
        rows.append(Figure("durable answers", f"{what}, p99", middle["p99_ms"], "ms"))
        if middle["failures"]:
            rows.append(Figure("durable answers", f"{what}, refused", middle["failures"], "reports", note="look into it"))
    return rows


def limit_of(one: dict, middle: dict) -> str:
    """Who was busier: a load near 1.00 of its processor measures itself, not the gateway."""
    load, gateway = middle["generator_processor_share"], middle["gateway_processor_share"]
    who = "the gateway was the limit" if load < 0.9 else "THE LOAD WAS THE LIMIT"
    return f"{one['generator']} at {load:.2f} of a processor, gateway at {gateway:.2f}: {who}"
