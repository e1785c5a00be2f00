"""The virtual authority as a process of its own, with its store on disk where others may read it."""

from __future__ import annotations

import sys
from pathlib import Path

from .authority.store import Store
from .children import Child
from .ready import start_until_ready


class AuthorityProcess:
    """`start()`, then it stores the broker's batches in `database`. `kill` and `start` again keep the store.

    folder: gets the database and the log. broker_port: MQTT on loopback.
    """

    def __init__(self, folder: Path, broker_port: int) -> None:
        self.database = folder / "authority.sqlite"
        self.log_file = folder / "authority.log"
        self._broker = f"127.0.0.1:{broker_port}"
        self._child: Child | None = None

    @property
    def running(self) -> bool:
        """Whether the process runs."""
        return self._child is not None and self._child.running

    def start(self) -> None:
        """Starts it and returns when it is subscribed. Raises NotReady with the end of its log."""
        if self.running:
            return
        command = [sys.executable, "-m", "simulator.authority", "--broker", self._broker]
        command += ["--database", str(self.database)]
        self._child = start_until_ready("the authority", command, self.log_file)

    def kill(self) -> None:
        """SIGKILL."""
        if self._child is not None:
            self._child.kill()

    def stop(self) -> None:
        """SIGTERM and wait."""
        if self._child is not None:
            self._child.stop()

    def read(self) -> Store:
        """The store, to read from while the process runs. The caller closes it."""
        return Store(self.database, read_only=True)
