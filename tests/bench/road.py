"""The gateway of a measurement, with what stands behind it: broker and authority, live, on this machine."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

from simulator.authority.store import Store
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
max_bytes_per_s = 0
[batch]
max_records = 1000
max_age_ms = {max_age_ms}
[mqtt]
host = "127.0.0.1"
port = {broker}
[log]
level = "warning"
"""
SETTLE_S = 120.0  # for what the journal holds to be delivered, once nobody reports


class Road:
    """A context: `port` and `pid` of the gateway, started by `prefix` (as taskset), on the journal in
    `folder`/data or a fresh one; ready_s: how long it took to listen. max_age_ms: of a batch.
    pure: without what is in C."""

    def __init__(self, folder: Path, prefix: list[str], max_age_ms: int = 1000, pure: bool = False) -> None:
        folder.mkdir(parents=True)
        self._environment = os.environ | ({"DIANYUN_PURE": "1"} if pure else {})
        self._max_age_ms = max_age_ms
        self._folder = folder
        self._prefix = prefix
        self._broker = Broker(folder / "broker")
        self.port = self.pid = 0
        self.ready_s = 0.0

    def __enter__(self) -> "Road":
        self._broker.start()
        self._authority = AuthorityProcess(self._folder, self._broker.port)
        self._authority.start()
        self._file = self._folder / "gateway.toml"
        values = {"folder": self._folder, "broker": self._broker.port, "max_age_ms": self._max_age_ms}
        self._file.write_text(CONFIG.format(**values), "utf-8")
        command = [*self._prefix, *_gateway("run", self._file)]
        began = time.perf_counter()
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=self._environment)
        assert self._process.stdout
        self.port = json.loads(self._process.stdout.readline())["port"]
        self.ready_s = time.perf_counter() - began
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
        with self.read_store() as store:
            stored = store.counts().received
        if not answered <= totals["journalled"] == totals["delivered"] == stored:
            raise RuntimeError(f"answered {answered}, {totals}, stored {stored}: not the same")

    def read_store(self) -> Store:
        """The authority's store, to read from. The caller closes it."""
        return self._authority.read()

    def queued(self) -> int:
        """Journalled and not delivered yet."""
        return int(self._totals()["queued"])

    def pids(self) -> dict[str, int]:
        """The processes by name."""
        return {"gateway": self.pid, "broker": self._broker.pid, "authority": self._authority.pid}

    def resident_kib(self) -> int:
        """Memory of the gateway's process."""
        lines = Path(f"/proc/{self.pid}/status").read_text("ascii").splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1])

    def _totals(self) -> dict:
        done = subprocess.run(
            _gateway("status", self._file, "--json"), capture_output=True, text=True, check=True, timeout=60
        )
        return json.loads(done.stdout)


def _gateway(verb: str, file: Path, *more: str) -> list[str]:
    return [str(Path(sys.executable).parent / "edge-gateway"), verb, str(file), *more]
