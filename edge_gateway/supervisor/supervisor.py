"""The process that holds the port and looks after the workers; see decision 41 for who does what.

SIGTERM ends all in order, SIGHUP has them read the configuration anew, SIGUSR1 replaces one after another.
"""

import asyncio
import logging
import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from .. import log
from ..config import Config, ConfigError
from ..control import Control
from ..folder import locked
from ..gateway import GatewayError, Ready
from ..log import event
from ..registry import Registry
from ..sd_notify import Notifier
from ..server import BACKLOG
from ..status import write_status
from ..workers import LeftoverError, check_leftovers
from .answers import Answers
from .child import Child, ChildError
from .plan import config_of

LOOK_S: Final = 1.0
_log = logging.getLogger(__name__)


def run(config: Config, ready: Ready, reload: Callable[[], Config]) -> None:
    """Runs until SIGTERM or SIGINT; the parameters are those of `gateway.run`.

    Raises GatewayError, RegistryError, OSError when it cannot start or go on.
    """
    asyncio.run(_Supervisor(config, reload).run(ready))


class _Supervisor:
    def __init__(self, config: Config, reload: Callable[[], Config]) -> None:
        self._config = config
        self._reload = reload
        self._notifier = Notifier()
        self._stop = asyncio.Event()
        self._started_s = time.time()
        self._listeners: list[socket.socket] = []
        self._ways: list[tuple[socket.socket, socket.socket]] = []  # to each worker: out of and into
        self._children: list[Child] = []
        self._replacing: asyncio.Task[None] | None = None
        self._where: tuple[str, int] = ("", 0)
        self._answers: Answers

    async def run(self, ready: Ready) -> None:
        loop, folder = asyncio.get_running_loop(), self._config.data_dir
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._take_over)
        loop.add_signal_handler(signal.SIGUSR1, self._replace)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(folder), ExitStack() as held:
            try:
                check_leftovers(self._config)
            except LeftoverError as error:
                raise GatewayError(str(error)) from error
            Registry(self._config.registry_path).close()  # made and brought up to date by one, not by all
            self._open(held)
            self._children = [self._child(index) for index in range(self._config.server.workers)]
            self._answers = Answers(self._children, self._config, self._about)
            control = Control(
                self._config.control_path,
                {"status": self._answers.status, "terminals": self._answers.terminals},
                {"frames": self._answers.frames},
            )
            await control.start()
            try:
                await self._serve(ready)
            finally:
                await control.stop()

    def _open(self, held: ExitStack) -> None:
        """A listener for each worker, held here for good: who connects while one is replaced, waits."""
        config, port = self._config.server, self._config.server.port
        for _ in range(config.workers):
            try:
                listener = held.enter_context(_listener(config.host, port))
            except OSError as error:
                reason = error.strerror or error
                raise OSError(
                    f"server.host, server.port: cannot listen on {config.host}:{port}: {reason}"
                ) from error
            self._listeners.append(listener)
            self._where = listener.getsockname()[:2]
            port = self._where[1]
            pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._ways.append((held.enter_context(pair[0]), held.enter_context(pair[1])))

    def _child(self, index: int) -> Child:
        def told() -> tuple[dict[str, Any], list[int]]:
            listener, inbox = self._listeners[index].fileno(), self._ways[index][0].fileno()
            ways = {other: way[1].fileno() for other, way in enumerate(self._ways) if other != index}
            line = {
                "config": config_of(self._config, index).model_dump_json(),
                "registry": str(self._config.registry_path),
                "index": index,
                "count": self._config.server.workers,
                "host": self._where[0],
                "port": self._where[1],
                "listener": listener,
                "inbox": inbox,
                "ways": ways,
            }
            return line, [listener, inbox, *ways.values()]

        return Child(index, told)

    async def _serve(self, ready: Ready) -> None:
        """Until it is to stop, or a worker does not come up. Everything is ended when this returns."""
        keeping = [asyncio.create_task(child.keep()) for child in self._children]
        telling = asyncio.create_task(self._tell_ready(ready))
        stopping = asyncio.create_task(self._stop.wait())
        try:
            while not stopping.done():
                self._look_after()
                done, _ = await asyncio.wait(
                    [stopping, *keeping], timeout=LOOK_S, return_when=asyncio.FIRST_COMPLETED
                )
                for task in done - {stopping}:
                    task.result()
        except ChildError as error:
            raise GatewayError(str(error)) from error
        finally:
            self._notifier.say("STOPPING=1")
            for task in filter(None, (telling, stopping, self._replacing)):
                task.cancel()
            await asyncio.gather(*[child.end() for child in self._children])
            for task in keeping:
                task.cancel()
            await asyncio.gather(*keeping, telling, stopping, return_exceptions=True)
            event(_log, logging.INFO, "every worker has ended")

    async def _tell_ready(self, ready: Ready) -> None:
        for child in self._children:
            await child.up.wait()
        host, port = self._where
        ports = {f"{name}_{c.index}": number for c in self._children for name, number in c.ports.items()}
        event(_log, logging.INFO, "listening", host=host, port=port, workers=len(self._children))
        ready(host, port, ports)
        self._notifier.say("READY=1", f"STATUS={len(self._children)} workers listen on {host}:{port}")

    def _look_after(self) -> None:
        self._notifier.say("WATCHDOG=1")
        now_s = asyncio.get_running_loop().time()
        for child in self._children:
            child.look_after(now_s)
        if self._config.server.status_file:
            write_status(Path(self._config.server.status_file), self._answers.sums())

    def _about(self) -> dict[str, Any]:
        return {
            "gateway": self._config.gateway.id,
            "pid": os.getpid(),
            "uptime_s": round(time.time() - self._started_s, 1),
            "workers": [
                {"index": child.index, "pid": child.pid, "up": child.up.is_set(), "starts": child.starts}
                for child in self._children
            ],
        }

    def _take_over(self) -> None:
        """SIGHUP: every worker takes what can be changed while it runs; later ones start with the new."""
        try:
            config = self._reload()
        except ConfigError as error:
            _log.error("the configuration is left as it is: %s", "; ".join(error.problems))
            return
        if (config.gateway, config.server) != (self._config.gateway, self._config.server):
            _log.warning("gateway.*, server.*: what changed there needs a restart")
            config = config.model_copy(
                update={"gateway": self._config.gateway, "server": self._config.server}
            )
        self._config = config
        log.configure(config.log.level, config.log.format)
        for child in self._children:
            child.say({"config": config_of(config, child.index).model_dump_json()})

    def _replace(self) -> None:
        """SIGUSR1; one round at a time."""
        if self._replacing is None or self._replacing.done():
            self._take_over()
            self._replacing = asyncio.create_task(self._replace_each())

    async def _replace_each(self) -> None:
        for child in self._children:
            try:
                await child.restart()
            except TimeoutError:
                _log.error("worker %d does not come up again: the others stay as they are", child.index)
                return
            event(_log, logging.INFO, "a worker was replaced", worker=child.index, pid=child.pid)


def _listener(host: str, port: int) -> socket.socket:
    """One of several on the port: the system spreads connections over them. Raises OSError."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener
