"""The virtual authority as a process of its own, with its files on disk where others may read them.

`AuthorityProcess` stores positions only; `HouseProcess` is the whole service, with documents, codes and
the API.
"""

from __future__ import annotations

import sys
from pathlib import Path

from .authority.books import BOOKS, POSITIONS
from .authority.store import Store
from .broker import free_port
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

    @property
    def pid(self) -> int:
        """Its process id. Raises RuntimeError before `start`."""
        if self._child is None:
            raise RuntimeError("the authority was not started")
        return self._child.pid

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


class HouseProcess:
    """The whole authority: `start()`, then `port` is its API's, on loopback. The folder `data` has its files.

    folder: gets `data` and the log. broker_port: MQTT on loopback. options: of `fleet-sim authority run`.
    """

    def __init__(self, folder: Path, broker_port: int, options: tuple[str, ...] = ()) -> None:
        self.data = folder / "data"
        self.log_file = folder / "authority.log"
        self.port = free_port()
        self._broker, self._options = f"127.0.0.1:{broker_port}", options
        self._child: Child | None = None

    @property
    def books(self) -> Path:
        """Registers, documents, codes."""
        return self.data / BOOKS

    @property
    def positions(self) -> Path:
        """The positions' store."""
        return self.data / POSITIONS

    @property
    def database(self) -> Path:
        """The positions' store, as AuthorityProcess has it."""
        return self.positions

    @property
    def running(self) -> bool:
        """Whether the process runs."""
        return self._child is not None and self._child.running

    def read(self) -> Store:
        """The positions' store, to read from while the process runs. The caller closes it."""
        return Store(self.positions, read_only=True)

    def start(self) -> None:
        """Starts it and returns when it is subscribed. Raises NotReady with the end of its log."""
        if self.running:
            return
        command = [sys.executable, "-m", "simulator.cli", "authority", "run", "--broker", self._broker]
        command += ["--data", str(self.data), "--port", str(self.port), *self._options]
        self._child = start_until_ready("the authority", command, self.log_file)

    def kill(self) -> None:
        """SIGKILL."""
        if self._child is not None:
            self._child.kill()

    def stop(self) -> None:
        """SIGTERM and wait."""
        if self._child is not None:
            self._child.stop()
