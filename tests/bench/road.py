"""The gateway of a measurement, with what stands behind it: broker and authority, live, on this machine."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

from simulator.authority_process import AuthorityProcess
from simulator.broker import Broker

CONFIG = """
[gateway]
id = "bench"
data_dir = "{folder}/data"
[server]
host = "127.0.0.1"
port = 0
max_connections = 20000
max_accepts_per_s = 0.0
[batch]
max_records = 1000
[mqtt]
host = "127.0.0.1"
port = {broker}
[log]
level = "warning"
"""
SETTLE_S = 120.0  # for what the journal holds to be delivered, once nobody reports


class Road:
    """A context: `port` and `pid` of the gateway, started by `prefix` (as taskset) on a fresh journal."""

    def __init__(self, folder: Path, prefix: list[str]) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._prefix = prefix
        self._broker = Broker(folder / "broker")
        self.port = self.pid = 0

    def __enter__(self) -> "Road":
        self._broker.start()
        self._authority = AuthorityProcess(self._folder, self._broker.port)
        self._authority.start()
        self._file = self._folder / "gateway.toml"
        self._file.write_text(CONFIG.format(folder=self._folder, broker=self._broker.port), "utf-8")
        command = [*self._prefix, *_gateway("run", self._file)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        self.port = json.loads(self._process.stdout.readline())["port"]
        self.pid = self._process.pid
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(30)
        self._authority.stop()
        self._broker.stop()

    def settle(self, answered: int) -> None:
        """Waits until all is delivered. Raises RuntimeError when the books do not balance. Journalled may be
        more than `answered`, when the load stopped before it heard, never less."""
        end = time.monotonic() + SETTLE_S
        while True:
            totals = self._totals()
            if not totals["queued"]:
                break
            if time.monotonic() > end:
                raise RuntimeError(f"not delivered in {SETTLE_S:.0f} s: {totals}")
            time.sleep(0.2)
        with self._authority.read() as store:
            stored = store.counts().received
        if not answered <= totals["journalled"] == totals["delivered"] == stored:
            raise RuntimeError(f"answered {answered}, {totals}, stored {stored}: not the same")

    def resident_kib(self) -> int:
        """Memory of the gateway's process."""
        lines = Path(f"/proc/{self.pid}/status").read_text("ascii").splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1])

    def _totals(self) -> dict:
        done = subprocess.run(
            _gateway("status", self._file, "--json"), capture_output=True, text=True, check=True, timeout=60
        )
        return json.loads(done.stdout)


def processor_s(pid: int) -> float:
    """User and system seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _gateway(verb: str, file: Path, *more: str) -> list[str]:
    return [str(Path(sys.executable).parent / "edge-gateway"), verb, str(file), *more]
