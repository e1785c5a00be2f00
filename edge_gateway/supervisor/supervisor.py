"""The process that holds the port and looks after the workers; see decision 41 for who does what.

SIGTERM ends all in order, SIGHUP has them read the configuration anew, SIGUSR1 replaces one after another.
"""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .. import log
from ..commands import CommandService
from ..config import Config
from ..folder import locked
from ..freight import cursor_names
from ..gateway import HINDERED_S, GatewayError, Ready
from ..leftovers import Leftovers
from ..log import Throttle, event
from ..media import MediaService
from ..metrics import machine_hindrances
from ..operations import Operations, has_commands
from ..registry import Registry
from ..reload import (
    OF_TERMINALS,
    QUOTA,
    NeedsRestartError,
    Outcome,
    Part,
    Reloader,
    merged,
    read_anew,
    tell_of,
)
from ..sd_notify import Notifier
from ..status import write_status
from ..transports import context_of
from .child import Child, ChildError
from .crew import Crew
from .floor import SharedFloor
from .plan import config_of, house_config
from .sockets import Sockets

if TYPE_CHECKING:
    from ..freight.service import FreightService

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
        self._reloading = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._reloader: Reloader
        self._leftovers: Leftovers
        self._sockets: Sockets
        self._crew: Crew
        self._floor: SharedFloor
        self._operations: Operations

    async def run(self, ready: Ready) -> None:
        loop, folder = asyncio.get_running_loop(), self._config.data_dir
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up)
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
            self._leftovers = Leftovers(self._config)
            self._operations = Operations(
                self._config,
                self._floor,
                self._floor.dead,
                self._floor.hindrances,
                {"reload": self._asked_to_reload},
                make_freight=self._freight,
            )
            try:
                ports = await self._operations.start()
                self._reloader = Reloader(self._config, self._parts(media))
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

    def _freight(self, commands: CommandService) -> "FreightService":
        """One for the house: it follows the journal of every worker, and those of workers of before."""
        from ..freight.service import FreightService  # noqa: PLC0415 - much to load, and mostly off
        from ..freight.sources import JournalFile, WorkersEar  # noqa: PLC0415

        sources = [
            JournalFile(path, path.parent.name, WorkersEar(partial(self._crew.do, index)))
            for index, path in enumerate(self._config.journal_paths)
        ]
        return FreightService(
            self._config, [*sources, *self._leftovers.sources()], self._floor.roll, commands
        )

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
                "cursors": cursor_names(self._config),
                "files": files,
                "ways": ways,
            }
            return line, [*files.values(), *ways.values()]

        return Child(
            index,
            told,
            lambda said, blob: self._hear(index, said, blob),
            lambda: self._crew.gone(index),
        )

    def _hear(self, index: int, said: dict[str, Any], blob: bytes) -> None:
        if "files" in said:
            self._begin(self._order_files(self._children[index], said["files"], said["of"]))
        else:
            self._crew.heard(index, said, blob)

    async def _order_files(self, child: Child, number: int, files: list[Any]) -> None:
        """Files of an alarm that a worker's terminal reported."""
        problem = ""
        try:
            await self._operations.order_files(*files)
        except OSError as error:
            problem = str(error) or "the disk"
        child.say({"ordered": number, "problem": problem})

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

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
            "freight": self._operations.freight_stats(),
            "leftovers": self._leftovers.stats(),
            "workers": [
                {"index": child.index, "pid": child.pid, "up": child.up.is_set(), "starts": child.starts}
                for child in self._children
            ],
        }

    def _parts(self, media: MediaService | None) -> list[Part]:
        async def take_quota(new: Config) -> None:
            if media:
                media.set_quota(house_config(new).media)

        return [
            Part(OF_TERMINALS, self._tell_workers),
            Part(QUOTA, take_quota),
            *self._operations.parts(),
        ]

    async def _asked_to_reload(self, question: dict[str, Any]) -> dict[str, Any]:
        """Reads the file anew; every worker takes what can be changed while it runs. Raises ValueError when
        it cannot be used."""
        del question
        config = read_anew(self._reload)
        async with self._reloading:
            outcome = await self._reloader.take(config)
        tell_of(outcome)
        return outcome._asdict()

    async def _tell_workers(self, new: Config) -> None:
        # Whoever starts from now on starts with it.
        config = self._config = merged(self._config, new, OF_TERMINALS)
        log.configure(config.log.level, config.log.format)
        said = [
            self._crew.do(child.index, "reload", config_of(config, child.index).model_dump_json())
            for child in self._children
            if child.up.is_set()
        ]
        problems, waiting = [], False
        for answer in await asyncio.gather(*said, return_exceptions=True):
            if isinstance(answer, BaseException):
                problems.append(str(answer))
            else:
                outcome = Outcome(*answer)
                problems += outcome.problems
                waiting |= bool(outcome.restart)
        if problems:
            raise ValueError("; ".join(dict.fromkeys(problems)))
        if waiting:
            raise NeedsRestartError

    def _hang_up(self) -> None:
        """SIGHUP."""
        self._begin(self._reload_and_tell())

    async def _reload_and_tell(self) -> None:
        try:
            await self._asked_to_reload({})
        except ValueError as error:
            _log.error("the configuration is left as it is: %s", error)

    def _replace(self) -> None:
        """SIGUSR1; one round at a time."""
        if self._replacing is None or self._replacing.done():
            self._replacing = asyncio.create_task(self._replace_each())

    async def _replace_each(self) -> None:
        """With the configuration as it is now, but for what all must agree about."""
        try:
            config = read_anew(self._reload)
        except ValueError as error:
            _log.error("the configuration is left as it is: %s", error)
        else:
            pinned = {name: getattr(self._config, name) for name in ("gateway", "server")}
            self._config = config.model_copy(update=pinned)
        for child in self._children:
            try:
                await child.restart()
            except TimeoutError:
                _log.error("worker %d does not come up again: the others stay as they are", child.index)
                return
            event(_log, logging.INFO, "a worker was replaced", worker=child.index, pid=child.pid)
