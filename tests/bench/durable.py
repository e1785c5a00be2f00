"""Acknowledged, durable reports a second: the real gateway process, the journal on disk, a load beside it.

Where a C compiler is, the load is C and the same load also drives an answerer in C that stores nothing: the
limit of this machine at this hour, of which the gateway's figure is given as a fraction.
"""

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
LOAD_BUSY = 0.9  # of its processor: above, the load measures itself

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


def built(folder: Path, name: str) -> list[str] | None:
    """The command of a C program of this folder, None where no compiler is."""
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if not compiler:
        return None
    subprocess.run([compiler, "-O2", "-o", str(folder / name), str(HERE / f"{name}.c")], check=True)
    return [str(folder / name)]


class Server:
    """A process that prints {"port": …} when it listens; on one processor where there are two."""

    def __init__(self, command: list[str]) -> None:
        self.process = subprocess.Popen([*pinned(0), *command], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.port = json.loads(self.process.stdout.readline())["port"]

    def processor_s(self) -> float:
        """User and system seconds so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


def gateway_command(folder: Path) -> list[str]:
    """`edge-gateway run` as a user starts it, on a fresh journal."""
    path = folder / "gateway.toml"
    path.write_text(CONFIG.format(folder=folder), "utf-8")
    return [str(Path(sys.executable).parent / "edge-gateway"), "run", str(path)]


def pinned(processor: int) -> list[str]:
    """A command prefix that keeps server and load apart where the machine has two processors."""
    if shutil.which("taskset") and len(os.sched_getaffinity(0)) > 1:
        return ["taskset", "-c", str(processor)]
    return []


def measure(server: Server, load: list[str], connections: int, depth: int) -> dict:
    """One run of the load: its figures and the server's processor share."""
    try:
        command = [*pinned(1), *load, str(server.port), str(connections), str(depth), str(SECONDS)]
        before = server.processor_s()
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
        result = json.loads(done.stdout)
        result["server_processor_share"] = (server.processor_s() - before) / result["seconds"]
        return result
    finally:
        server.stop()


def figures() -> list[Figure]:
    """Rows for each shape: answers a second, p50, p99, who was busier, and the limit where there is one."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        load = built(folder, "load") or [sys.executable, "-m", "tests.bench.load"]
        limit = built(folder, "limit")
        for shape in SHAPES:
            durable, bare = [], []
            for turn in range(ROUNDS):
                home = folder / f"{shape[1]}-{turn}"
                home.mkdir()
                durable.append(measure(Server(gateway_command(home)), load, *shape))
                shutil.rmtree(home)
                if limit:
                    bare.append(measure(Server(limit), load, *shape))
            rows += shape_rows(f"{shape[0]} connections × {shape[1]} in flight", durable, bare)
    return rows


def shape_rows(what: str, durable: list[dict], bare: list[dict]) -> list[Figure]:
    """The rows of one shape."""
    group = "answers"
    gateway = middle_of(durable)
    fraction = gateway["answers_per_s"] / middle_of(bare)["answers_per_s"] if bare else None
    rows = [
        Figure(group, f"{what}: durable", gateway["answers_per_s"], "reports/s", fraction, limit_of(durable)),
        Figure(group, f"{what}: durable, p50", gateway["p50_ms"], "ms"),
        Figure(group, f"{what}: durable, p99", gateway["p99_ms"], "ms"),
    ]
    if gateway["failures"]:
        rows.append(Figure(group, f"{what}: refused", gateway["failures"], "reports", note="look into it"))
    if bare:
        most = middle_of(bare)["answers_per_s"]
        rows.append(Figure(group, f"{what}: limit, stores nothing", most, "reports/s", 1.0, limit_of(bare)))
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
