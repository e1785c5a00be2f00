"""Composes the gateway: configuration, journal, registry, server, delivery, status file; one process.

Starts them in the order in which they need each other and stops them the other way round.
"""

import asyncio
import gc
import logging
import math
import os
import resource
import signal
import ssl
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from .alarms import alarm_cursors, follower_of
from .commands import CommandService
from .config import Config
from .control.server import Answer
from .delivery import destination_names
from .delivery.apart import DeliveryKeeper
from .delivery.settings import read_by, settings_of
from .floor import OwnFloor
from .folder import locked
from .freight import cursor_names
from .journal import Journal, JournalLimits
from .leftovers import Leftovers
from .log import Throttle, event
from .media import MediaService
from .media.follower import AlarmFollower
from .metrics import hindrances, machine_hindrances
from .operations import Operations
from .registry import Registry
from .reload import Outcome, Reloader, read_anew, tell_of
from .reload_parts import OwnParts
from .sd_notify import Notifier
from .server import Server, ServerLimits, deliver_to
from .session import SessionLimits
from .session.house import house_of, package_limits_of
from .status import write_status
from .transports import context_of, networks_of
from .workers import Post

if TYPE_CHECKING:
    from .freight.service import FreightService

uvloop: ModuleType | None
try:
    import uvloop
except ImportError:  # no wheel for this machine: asyncio's own loop does, at 0.6 to 0.8 of the speed
    uvloop = None

FILES_BESIDE: Final = 64  # open files that are no terminal's connection
WATCH_S: Final = 0.5  # how often it is looked whether everything still lives
HINDERED_S: Final = 10.0  # how often disk, clock and brokers are looked at
# The rows of one group are many objects that all die together: a collector that looks every 700 of them finds
# nothing and costs a pause each time.
GC_THRESHOLDS: Final = (20_000, 20, 50)
_log = logging.getLogger(__name__)


class GatewayError(Exception):
    """The gateway cannot start, or had to stop; the message says why."""


Ready = Callable[[str, int, dict[str, int]], None]


def run(
    config: Config, ready: Ready, reload: Callable[[], Config] | None = None, post: Post | None = None
) -> None:
    """Runs until SIGTERM or SIGINT. `ready(host, port, further ports by name)` once it listens; `reload`
    reads the configuration anew at SIGHUP and raises ConfigError when it cannot. `post`: our place when we
    are one worker of several.

    Raises GatewayError, JournalError, RegistryError, OSError when it cannot start or go on.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop if uvloop else None) as runner:
        runner.run(_Gateway(config, reload, post).run(ready))


class _Gateway:
    def __init__(self, config: Config, reload: Callable[[], Config] | None, post: Post | None) -> None:
        self._config = config
        self._reload = reload
        self._post = post
        self._registry_path = post.registry_path if post else config.registry_path
        self._notifier = Notifier({} if post else os.environ)  # the supervisor speaks for its workers
        self._operations: Operations | None = None
        self._throttle = Throttle()
        self._stop = asyncio.Event()
        self._started_s = time.time()
        self._server: Server
        self._delivery: DeliveryKeeper | None = None
        self._leftovers = None if post else Leftovers(config)
        self._cursors = alarm_cursors(config, post is not None)
        self._alarms: AlarmFollower | None = None
        self._tls: ssl.SSLContext | None = None
        self._reloader: Reloader | None = None
        self._reloading = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, ready: Ready) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        if self._reload:
            loop.add_signal_handler(signal.SIGHUP, self._hang_up)
        config, post = self._config, self._post
        if post:
            await post.begin(self._stop.set, self._take_over)
        _allow_files(config.server.max_connections)
        config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(config.data_dir):
            deliver = deliver_to(loop, lambda: self._server)
            journal = Journal(
                config.journal_path,
                JournalLimits(config.journal.max_bytes, config.journal.max_waiting),
                deliver,
                loop.call_soon,
                destinations=(
                    *destination_names(config),
                    *(post.cursors if post else cursor_names(config)),
                    *self._cursors,
                ),
            )
            try:
                registry = Registry(
                    self._registry_path,
                    deliver=deliver,
                    max_terminals=config.registration.max_terminals,
                    mode=config.registration.mode,
                    owns=post.share.owns if post else None,
                )
                self._server = Server(loop, journal, registry, _limits(config))
                self._server.house = house_of(config.sessions, registry, config.media.enabled)
                if config.media.enabled:
                    self._server.media = MediaService(config.media, config.media_dir, loop, deliver)
                await self._serve(ready)
            finally:
                journal.close()

    async def _serve(self, ready: Ready) -> None:
        config, server = self._config, self._server
        try:
            floor = OwnFloor(config, server, self._stats)
            answers: dict[str, Answer] = {
                "snapshot": floor.snapshot,
                "position": floor.position,
                "reload": self._asked_to_reload,
            }
            self._operations = Operations(
                config,
                floor,
                self._dead,
                self._hindrances,
                answers,
                make_freight=partial(_freight, config, server, self._leftovers),
            )
            ports = await self._operations.start()
            if server.media:
                ports |= await server.media.start()
            if self._post:
                host, port = self._post.host, self._post.port
                server.begin()
                await self._post.open_door(config, server, floor.roll)
            else:
                host, port = await server.start(config.server.host, config.server.port)
                ports |= await self._start_others(server)
            if config.mqtt.enabled:
                self._delivery = DeliveryKeeper(
                    read_by(settings_of(config), config.sessions, self._registry_path),
                    server.journal,
                    config.delivery.nice,
                    config.delivery.least_rate,
                    (config.log.level, config.log.format),
                )
                self._delivery.start()
            tls = self._post.tls if self._post else self._tls
            own = OwnParts(
                config, server, self._delivery, tls=tls, limits_of=_limits, registry=self._registry_path
            )
            self._reloader = Reloader(config, [*own.parts(), *self._operations.parts()])
            self._start_followers(server, self._operations)
            _settle()
            event(
                _log, logging.INFO, "listening", host=host, port=port, journalled=server.journal.last_sequence
            )
            ready(host, port, ports)
            self._notifier.say("READY=1", f"STATUS=listening on {host}:{port}")
            await self._watch()
        finally:
            await self._end()

    async def _end(self) -> None:
        self._notifier.say("STOPPING=1")
        server = self._server
        if self._alarms:
            await asyncio.to_thread(self._alarms.stop)
        if self._operations:
            await self._operations.stop()
        if self._leftovers:
            await self._leftovers.stop()
        if self._delivery:
            await asyncio.to_thread(self._delivery.stop)
        if self._post:
            await self._post.close_door()
        await server.stop()
        if server.media:
            await server.media.stop()
        self._write_status()
        event(_log, logging.INFO, "stopped", queued=server.journal.stats()["queued"])

    def _start_followers(self, server: Server, operations: Operations) -> None:
        """Who reads journals beside the delivery process."""
        if self._cursors:
            give = self._post.order_files if self._post else operations.order_files
            self._alarms = follower_of(self._config, server.journal, self._registry_path, give)
            self._alarms.start()
        if self._leftovers:
            self._leftovers.start()

    async def _start_others(self, server: Server) -> dict[str, int]:
        """Listens for TLS and datagrams where that is wanted; gives the ports by name."""
        config, ports = self._config, {}
        if config.tls.enabled:
            self._tls = context_of(
                config.tls.certificate_file, config.tls.key_file, config.tls.client_ca_file
            )
            ports["tls"] = await server.start_tls(config.server.host, config.tls.port, self._tls)
        if config.udp.enabled:
            ports["udp"] = await server.start_udp(config.server.host, config.udp.port, config.udp.max_peers)
        return ports

    def _dead(self) -> list[str]:
        """Parts without which terminals are not served, or what they say does not get on."""
        server = self._server
        found = []
        if server.journal.died:
            found.append("the journal's writer failed, nothing can be acknowledged")
        if server.registry.died:
            found.append("the registry's writer failed, nobody can register")
        if server.media and server.media.store.died:
            found.append("the media store's writer failed, no picture can be stored")
        return found + (self._delivery.dead() if self._delivery else [])

    def _hindrances(self) -> list[str]:
        return hindrances(self._stats(), self._config.journal.max_bytes) + machine_hindrances(
            self._config.data_dir
        )

    async def _watch(self) -> None:
        """Until it is to stop: writes the status file, tells what hinders it, and stops by itself when a part
        died that terminals need: a start mends that, and what is on the disk is safe meanwhile."""
        interval_s, due_s, hindered_s = self._config.server.status_interval_s, 0.0, 0.0
        while not self._stop.is_set():
            if dead := self._dead():
                raise GatewayError("; ".join(dead) + "; see the log")
            self._notifier.say("WATCHDOG=1")
            if time.monotonic() >= hindered_s:
                hindered_s = time.monotonic() + HINDERED_S
                self._tell_of(await asyncio.to_thread(self._hindrances))
                self._tell_of(self._operations.dead() if self._operations else [])
            if time.monotonic() >= due_s:
                self._write_status()
                due_s = time.monotonic() + interval_s
            try:
                await asyncio.wait_for(self._stop.wait(), min(interval_s, WATCH_S))
            except TimeoutError:
                continue

    def _tell_of(self, problems: list[str]) -> None:
        """Each once a minute."""
        for problem in problems:
            if self._throttle.allows("gateway", problem, time.monotonic()):
                _log.warning("%s", problem)

    def _write_status(self) -> None:
        if self._post:
            self._post.lifeline.say({"stats": self._stats()})
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
            "commands": self._operations.stats() if self._operations else None,
            "freight": self._operations.freight_stats() if self._operations else None,
            "media": self._server.media.stats() if self._server.media else None,
            "leftovers": self._leftovers.stats() if self._leftovers else {},
        }

    def _hang_up(self) -> None:
        """SIGHUP."""
        task = asyncio.get_running_loop().create_task(self._reload_and_tell())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reload_and_tell(self) -> None:
        try:
            await self._asked_to_reload({})
        except ValueError as error:
            _log.error("the configuration is left as it is: %s", error)

    async def _asked_to_reload(self, question: dict[str, Any]) -> dict[str, Any]:
        """Reads the file anew. Raises ValueError when it cannot be used."""
        del question
        if self._reload is None:
            raise ValueError("a worker is told by its supervisor")
        return (await self._take_over(read_anew(self._reload)))._asdict()

    async def _take_over(self, config: Config) -> Outcome:
        """Takes over what can be changed while it runs, and names what cannot."""
        if self._reloader is None:
            raise ValueError("the gateway still starts")
        async with self._reloading:
            outcome = await self._reloader.take(config)
        tell_of(outcome)
        return outcome


def _freight(
    config: Config, server: Server, leftovers: Leftovers | None, commands: CommandService
) -> "FreightService":
    from .freight.service import FreightService  # noqa: PLC0415 - much to load, and mostly off
    from .freight.sources import OwnJournal  # noqa: PLC0415

    sources = [OwnJournal(server.journal), *(leftovers.sources() if leftovers else ())]
    return FreightService(config, sources, server.registry, commands)


def _limits(config: Config) -> ServerLimits:
    server = config.server
    session = SessionLimits(
        unauthenticated_ms=int(server.unauthenticated_timeout_s * 1000),
        idle_ms=int(server.idle_timeout_s * 1000),
        strikes=server.strikes,
        packages=package_limits_of(config.sessions),
    )
    return ServerLimits(
        server.max_connections,
        int(server.write_stall_timeout_s * 1000),
        server.max_accepts_per_s,
        server.max_bytes_per_s or math.inf,
        networks_of(server.proxy_from),
        session,
    )


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
