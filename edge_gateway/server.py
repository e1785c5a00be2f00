"""The TCP server: accepts, bounds, takes over, looks after idle peers. Carries answers from the journal's
thread to the loop: one wake-up per commit, however many connections it releases.
"""

import asyncio
import logging
import os
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from .connection import Connection
from .journal import Journal
from .log import Throttle, event
from .registry import Registry
from .session import Session, SessionLimits

BACKLOG: Final = 4096  # a whole fleet comes back after a restart
LOOK_AFTER_S: Final = 0.25  # how often some connections are looked after …
LOOK_AFTER_SHARE: Final = 8  # … an eighth of them each time, so that no look takes long
LOOK_AFTER_MIN: Final = 64
GOODBYE_S: Final = 2.0  # at the end: for what is to be sent to peers that read slowly
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServerLimits:
    """What the server as a whole allows; `session` is what each connection may do."""

    max_connections: int = 20_000
    write_stall_ms: int = 20_000
    session: SessionLimits = field(default_factory=SessionLimits)


class Server:
    """`await start(host, port)`, then `await stop()`. Everything runs in the loop that started it."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, journal: Journal, registry: Registry, limits: ServerLimits
    ) -> None:
        self.journal = journal
        self.registry = registry
        self.counters: Counter[str] = Counter()
        self.touched: list[Connection] = []  # by the commit that is being told of
        self._loop = loop
        self._limits = limits
        self._connections: set[Connection] = set()
        self._online: dict[str, Connection] = {}  # identity → the connection that speaks for it
        self._to_look_after: list[Connection] = []
        self._throttle = Throttle()
        self._listener: asyncio.Server | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._stopping = False
        self._empty = asyncio.Event()  # set when the last connection of a stopping server is gone

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listens; gives the address, with the port that was chosen for 0. Raises OSError with the keys."""
        try:
            self._listener = await self._loop.create_server(
                lambda: Connection(self), host, port, backlog=BACKLOG, reuse_address=True
            )
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
            raise OSError(f"server.host, server.port: cannot listen on {host}:{port}: {reason}") from error
        self._look_after()
        address = self._listener.sockets[0].getsockname()
        return address[0], address[1]

    async def stop(self) -> None:
        """Takes nothing more, closes the journal and the registry, which answers what was taken, closes every
        connection."""
        self._stopping = True
        if self._timer:
            self._timer.cancel()
        if self._listener:
            self._listener.close()
        for connection in list(self._connections):
            connection.stop_reading()
        await asyncio.to_thread(self.journal.close)
        await asyncio.to_thread(self.registry.close)
        await asyncio.sleep(0)  # what the last commits released is called before this goes on
        for connection in list(self._connections):
            connection.close("the gateway stops")
        await self._last_connections()
        if self._listener:
            with suppress(TimeoutError):  # uvloop takes seconds over a connection that was cut
                await asyncio.wait_for(self._listener.wait_closed(), GOODBYE_S)

    def now_ms(self) -> int:
        """Monotonic milliseconds."""
        return int(self._loop.time() * 1000)

    def new_session(self) -> Session:
        """The core for a new connection."""
        return Session(self.registry, self._limits.session, self.counters, self.now_ms())

    def admits(self, connection: Connection) -> bool:
        """Takes a new connection in, unless there are too many."""
        if len(self._connections) >= self._limits.max_connections or self._stopping:
            self.counters["refused_connections"] += 1
            self.note(connection, "connection closed: too many connections")
            return False
        self._connections.add(connection)
        self.counters["connections_accepted"] += 1
        return True

    def take_over(self, connection: Connection, identity: str) -> None:
        """The newest authenticated connection speaks for a terminal; the one before is closed."""
        older = self._online.get(identity)
        self._online[identity] = connection
        if older is not None and older is not connection:
            older.close("taken over")
        event(_log, logging.DEBUG, "authenticated", terminal=identity, peer=connection.peer)

    def leave(self, connection: Connection, identity: str) -> None:
        """The connection does not speak for the terminal any longer."""
        if self._online.get(identity) is connection:
            del self._online[identity]

    def closing(self, connection: Connection, reason: str) -> None:
        """We end a connection: counts and logs why."""
        self.counters["closed: " + reason] += 1
        if not self._stopping:
            self.note(connection, f"connection closed: {reason}")

    def forget(self, connection: Connection) -> None:
        """A socket is gone."""
        self._connections.discard(connection)
        if connection.session.identity:
            self.leave(connection, connection.session.identity)
        if self._stopping and not self._connections:
            self._empty.set()

    def stats(self) -> dict[str, Any]:
        """Where the server stands: connections, terminals online, counters since the start."""
        return {
            "connections": len(self._connections),
            "online": len(self._online),
            "registered": len(self.registry),
            "counters": dict(sorted(self.counters.items())),
        }

    def note(self, connection: Connection, what: str, terminal: str = "") -> None:
        """Logs what a peer did or was done to, once a minute for each host."""
        host = connection.peer.rpartition(":")[0]
        if self._throttle.allows(host, what, self._loop.time()):
            terminal = terminal or connection.session.identity or "-"
            event(_log, logging.INFO, what, peer=connection.peer, terminal=terminal)

    def release(self, released: list[tuple[Callable[..., None], Any]]) -> None:
        """In the loop: calls everybody who waited for a commit, then writes once per connection."""
        for callback, outcome in released:
            try:
                callback(outcome)
            except Exception:  # a bug with one connection; the others wait for their answers
                _log.exception("what a commit released could not be told")
        touched, self.touched = self.touched, []
        for connection in touched:
            connection.write_released()

    async def _last_connections(self) -> None:
        """Returns when all are closed, or cut because their peers did not take what was left to say."""
        if self._connections:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), GOODBYE_S)
        for connection in list(self._connections):
            connection.abort()

    def _look_after(self) -> None:
        self._timer = self._loop.call_later(LOOK_AFTER_S, self._look_after)
        if not self._to_look_after:
            self._to_look_after = list(self._connections)
        count = max(LOOK_AFTER_MIN, len(self._connections) // LOOK_AFTER_SHARE)
        now_ms = self.now_ms()
        for connection in self._to_look_after[-count:]:
            connection.look_after(now_ms, self._limits.write_stall_ms)
        del self._to_look_after[-count:]


def deliver_to(
    loop: asyncio.AbstractEventLoop, server: Callable[[], Server]
) -> Callable[[list[tuple[Callable[..., None], Any]]], None]:
    """The `deliver` of journal and registry: from their thread to the server's loop, one call per commit."""

    def deliver(released: list[tuple[Callable[..., None], Any]]) -> None:
        loop.call_soon_threadsafe(lambda: server().release(released))

    return deliver
