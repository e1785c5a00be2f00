"""Composes the gateway: configuration, journal, registry, server, delivery, status file; one process.

Starts them in the order in which they need each other and stops them the other way round.
"""

import asyncio
import fcntl
import gc
import logging
import os
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import IO, Any, Final

from .config import Config
from .delivery import Delivery
from .journal import Journal, JournalLimits
from .log import event
from .registry import Registry
from .server import Server, ServerLimits, deliver_to
from .session import SessionLimits
from .status import write_status

uvloop: ModuleType | None
try:
    import uvloop
except ImportError:  # no wheel for this machine: asyncio's own loop does, at 0.6 to 0.8 of the speed
    uvloop = None

FILES_BESIDE: Final = 64  # open files that are no terminal's connection
WATCH_S: Final = 0.5  # how often it is looked whether the journal's writer still lives
# The rows of one group are many objects that all die together: a collector that looks every 700 of them finds
# nothing and costs a pause each time.
GC_THRESHOLDS: Final = (20_000, 20, 50)
_log = logging.getLogger(__name__)


class GatewayError(Exception):
    """The gateway cannot start, or had to stop; the message says why."""


def run(config: Config, ready: Callable[[str, int], None]) -> None:
    """Runs until SIGTERM or SIGINT. `ready(host, port)` once it listens.

    Raises GatewayError, JournalError, RegistryError, OSError when it cannot start or go on.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop if uvloop else None) as runner:
        runner.run(_Gateway(config).run(ready))


class _Gateway:
    def __init__(self, config: Config) -> None:
        self._config = config
        self._stop = asyncio.Event()
        self._started_s = time.time()
        self._server: Server
        self._delivery: Delivery | None = None

    async def run(self, ready: Callable[[str, int], None]) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        config = self._config
        _allow_files(config.server.max_connections)
        config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(config.data_dir):
            deliver = deliver_to(loop, lambda: self._server)
            journal = Journal(
                config.journal_path,
                JournalLimits(config.journal.max_bytes, config.journal.max_waiting),
                deliver,
            )
            try:
                registry = Registry(
                    config.registry_path,
                    config.registration.mode == "closed",
                    deliver,
                    config.registration.max_terminals,
                )
                self._server = Server(loop, journal, registry, _limits(config))
                await self._serve(ready)
            finally:
                journal.close()

    async def _serve(self, ready: Callable[[str, int], None]) -> None:
        config, server = self._config, self._server
        try:
            host, port = await server.start(config.server.host, config.server.port)
            if config.mqtt.enabled:
                self._delivery = Delivery(config, server.journal)
                self._delivery.start()
            _settle()
            event(
                _log, logging.INFO, "listening", host=host, port=port, journalled=server.journal.last_sequence
            )
            ready(host, port)
            await self._watch()
        finally:
            if self._delivery:
                await asyncio.to_thread(self._delivery.stop)
            await server.stop()
            self._write_status()
            event(_log, logging.INFO, "stopped", queued=server.journal.stats()["queued"])

    async def _watch(self) -> None:
        """Until it is to stop: writes the status file, and stops by itself when the journal's writer died."""
        interval_s, due_s = self._config.server.status_interval_s, 0.0
        while not self._stop.is_set():
            if self._server.journal.died:
                raise GatewayError("the journal's writer failed, nothing can be acknowledged; see the log")
            if time.monotonic() >= due_s:
                self._write_status()
                due_s = time.monotonic() + interval_s
            try:
                await asyncio.wait_for(self._stop.wait(), min(interval_s, WATCH_S))
            except TimeoutError:
                continue

    def _write_status(self) -> None:
        if self._config.server.status_file:
            write_status(Path(self._config.server.status_file), self._stats())

    def _stats(self) -> dict[str, Any]:
        return {
            "gateway": self._config.gateway.id,
            "pid": os.getpid(),
            "uptime_s": round(time.time() - self._started_s, 1),
            "journal": self._server.journal.stats(),
            "server": self._server.stats(),
            "delivery": self._delivery.stats() if self._delivery else None,
        }


def _limits(config: Config) -> ServerLimits:
    server = config.server
    session = SessionLimits(
        unauthenticated_ms=int(server.unauthenticated_timeout_s * 1000),
        idle_ms=int(server.idle_timeout_s * 1000),
        strikes=server.strikes,
    )
    return ServerLimits(server.max_connections, int(server.write_stall_timeout_s * 1000), session)


def _allow_files(connections: int) -> None:
    """Raises the limit of open files where the system lets us: mostly it is 1,024 for old programs' sake."""
    wanted = connections + FILES_BESIDE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < connections:
        _log.warning("%d open files are allowed: too few for %d connections", allowed, connections)


def _settle() -> None:
    """What is there now stays: the collector need not look at it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


class _locked:
    """Keeps a second gateway off the same data. The system takes the lock back when we die."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IO[str]

    def __enter__(self) -> None:
        self._file = (self._folder / "lock").open("a")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise GatewayError(f"gateway.data_dir: another gateway uses {self._folder}") from error

    def __exit__(self, *_: object) -> None:
        self._file.close()
