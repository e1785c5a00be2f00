"""The process that holds the port and looks after the workers; see decision 41 for who does what.

SIGTERM ends all in order, SIGHUP has them read the configuration anew, SIGUSR1 replaces one after another.
"""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from .. import log
from ..config import Config, ConfigError
from ..folder import locked
from ..gateway import HINDERED_S, GatewayError, Ready
from ..leftovers import Leftovers
from ..log import Throttle, event
from ..media import MediaService
from ..metrics import machine_hindrances
from ..operations import Operations, has_commands
from ..registry import Registry
from ..sd_notify import Notifier
from ..status import write_status
from ..transports import context_of
from .child import Child, ChildError
from .crew import Crew
from .floor import SharedFloor
from .plan import config_of, house_config
from .sockets import Sockets

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
        self._throttle = Throttle()
        self._hindered_s = 0.0
        self._children: list[Child] = []
        self._replacing: asyncio.Task[None] | None = None
        self._leftovers: Leftovers
        self._sockets: Sockets
        self._crew: Crew
        self._floor: SharedFloor
        self._operations: Operations

    async def run(self, ready: Ready) -> None:
        loop, folder = asyncio.get_running_loop(), self._config.data_dir
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._take_over)
        loop.add_signal_handler(signal.SIGUSR1, self._replace)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        tls = self._config.tls
        if tls.enabled:  # here, so that its mistakes are told once and by their keys
            context_of(tls.certificate_file, tls.key_file, tls.client_ca_file)
        with locked(folder), ExitStack() as held:
            Registry(self._config.registry_path).close()  # made and brought up to date by one, not by all
            self._sockets = Sockets(self._config, held)
            self._children = [self._child(index) for index in range(self._config.server.workers)]
            self._crew = Crew([child.say for child in self._children])
            media = self._media()
            self._floor = SharedFloor(self._config, self._children, self._crew, media, self._about)
            self._operations = Operations(
                self._config, self._floor, self._floor.dead, self._floor.hindrances, {}
            )
            self._leftovers = Leftovers(self._config)
            try:
                ports = await self._operations.start()
                if media:
                    ports |= await media.start()
                self._leftovers.start()
                await self._serve(ready, ports)
            finally:
                await self._operations.stop()
                await self._leftovers.stop()
                if media:
                    await media.stop()
                await self._floor.close()

    def _media(self) -> MediaService | None:
        """The attachment server lives here; pictures are stored by the workers."""
        media = house_config(self._config).media
        if not (media.enabled and media.attachments):
            return None
        loop = asyncio.get_running_loop()

        def deliver(released: list[tuple[Callable[[bool], None], bool]]) -> None:
            loop.call_soon_threadsafe(lambda: [release(stored) for release, stored in released])

        return MediaService(media, self._config.media_dir, loop, deliver)

    def _child(self, index: int) -> Child:
        def told() -> tuple[dict[str, Any], list[int]]:
            files, ways = self._sockets.files(index), self._sockets.ways(index)
            line = {
                "config": config_of(self._config, index).model_dump_json(),
                "registry": str(self._config.registry_path),
                "index": index,
                "count": self._config.server.workers,
                "host": self._sockets.where[0],
                "port": self._sockets.where[1],
                "has_desk": has_commands(self._config),
                "files": files,
                "ways": ways,
            }
            return line, [*files.values(), *ways.values()]

        return Child(
            index,
            told,
            lambda said, blob: self._crew.heard(index, said, blob),
            lambda: self._crew.gone(index),
        )

    async def _serve(self, ready: Ready, ports: dict[str, int]) -> None:
        """Until it is to stop, or a worker does not come up. Everything is ended when this returns."""
        keeping = [asyncio.create_task(child.keep()) for child in self._children]
        telling = asyncio.create_task(self._tell_ready(ready, ports))
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

    async def _tell_ready(self, ready: Ready, ports: dict[str, int]) -> None:
        for child in self._children:
            await child.up.wait()
        host, port = self._sockets.where
        ports = ports | self._sockets.ports
        event(_log, logging.INFO, "listening", host=host, port=port, workers=len(self._children))
        ready(host, port, ports)
        self._notifier.say("READY=1", f"STATUS={len(self._children)} workers listen on {host}:{port}")

    def _look_after(self) -> None:
        self._notifier.say("WATCHDOG=1")
        now_s = asyncio.get_running_loop().time()
        for child in self._children:
            child.look_after(now_s)
        if self._config.server.status_file:
            write_status(Path(self._config.server.status_file), self._floor.stats())
        if now_s >= self._hindered_s:
            self._hindered_s = now_s + HINDERED_S
            for problem in self._operations.dead() + machine_hindrances(self._config.data_dir):
                if self._throttle.allows("supervisor", problem, now_s):
                    _log.warning("%s", problem)

    def _about(self) -> dict[str, Any]:
        return {
            "gateway": self._config.gateway.id,
            "pid": os.getpid(),
            "uptime_s": round(time.time() - self._started_s, 1),
            "commands": self._operations.stats(),
            "leftovers": self._leftovers.stats(),
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
