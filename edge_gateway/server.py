"""The TCP server: accepts, bounds, takes over, looks after idle peers. Carries answers from the journal's
thread to the loop: one wake-up per commit, however many connections it releases.
"""

import asyncio
import logging
import math
import os
import socket
import ssl
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from .connection import HELD_REPORTS, Connection
from .express import express_for
from .journal import STORED, Journal
from .log import Throttle, event
from .media import MediaService
from .metrics.latency import Latency
from .registry import Registry
from .session import Answered, House, Session, SessionLimits, Uplink
from .transports import Datagrams, Pace, ProxyDoor, Spending
from .transports.proxy import Networks, is_within
from .transports.udp import Route
from .turn import Ticket, hand_out, write_out

BACKLOG: Final = 4096  # a whole fleet comes back after a restart
LOOK_AFTER_S: Final = 0.25  # how often some connections are looked after …
LOOK_AFTER_SHARE: Final = 8  # … an eighth of them each time, so that no look takes long
LOOK_AFTER_MIN: Final = 64
BURST_S: Final = 4.0  # a connection is looked after every two seconds
HANDSHAKE_S: Final = 10.0  # for TLS
GOODBYE_S: Final = 2.0  # at the end: for what is to be sent to peers that read slowly
_log = logging.getLogger(__name__)
Send = Callable[[int, bytes, int | None], list[int]]
Tap = Callable[[str, bytes], None]  # "up" or "down", and the bytes as they came


@dataclass(frozen=True)
class ServerLimits:
    """What the server as a whole allows; `session` is what each connection may do.

    accepts_per_s: more connections wait for their turn, 0: none waits. bytes_per_s: of one connection in the
    long run. proxies: whose PROXY header is believed, and demanded.
    """

    max_connections: int = 20_000
    write_stall_ms: int = 20_000
    accepts_per_s: float = 0
    bytes_per_s: float = math.inf
    proxies: Networks = ()
    session: SessionLimits = field(default_factory=SessionLimits)

    @property
    def burst_bytes(self) -> float:
        """What a connection may send at once: what it earns between two looks and some more."""
        return BURST_S * self.bytes_per_s


class Listener(Protocol):
    """Who is told which terminals are there and what they answer. Called in the loop, must be quick."""

    def online(self, identity: str, edition: int, send: Send) -> None:
        """A connection speaks for this terminal from now on; `send` is its `Connection.send`."""

    def offline(self, identity: str) -> None:
        """No connection speaks for this terminal."""

    def edition_seen(self, identity: str, edition: int) -> None:
        """The connection that speaks for it speaks this edition from now on."""

    def answered(self, identity: str, message_id: int, serial: int, result: int) -> None:
        """A 0x0001."""

    def uplink(
        self, identity: str, message_id: int, reply_serial: int | None, body: bytes, edition: int
    ) -> None:
        """Another message that may answer a command."""


class Server:
    """`await start(host, port)`, then `await stop()`. Everything runs in the loop that started it."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, journal: Journal, registry: Registry, limits: ServerLimits
    ) -> None:
        self.journal = journal
        self.registry = registry
        self.counters: Counter[str] = Counter()
        self.listener: Listener | None = None
        self.latency = Latency()
        self.taps: dict[str, list[Tap]] = {}  # identity → who follows its frames; mostly empty
        self.touched: list[Connection] = []  # by the commit that is being told of
        self.releases = _Releases(self)
        self.loop_s = loop.time
        self.house = House()  # what sessions share: profiles, keys, budget
        self.media: MediaService | None = None
        self.express = express_for(self, loop, HELD_REPORTS)
        self._loop = loop
        self.limits = limits
        self._pace = Pace(limits.accepts_per_s, max(1.0, limits.accepts_per_s), int(loop.time() * 1000))
        self.spending = Spending(limits.bytes_per_s, limits.burst_bytes)
        self._waiting: deque[Connection] = deque()  # for their turn; those that went are passed over
        self._datagrams: Datagrams | None = None
        self._connections: set[Connection] = set()
        self._online: dict[str, Connection] = {}  # identity → the connection that speaks for it
        self._to_look_after: list[Connection] = []
        self._throttle = Throttle()
        self._listeners: list[asyncio.Server] = []
        self._timer: asyncio.TimerHandle | None = None
        self._stopping = False
        self._empty = asyncio.Event()  # set when the last connection of a stopping server is gone

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listens; gives the address, with the port that was chosen for 0. Raises OSError with the keys."""
        address = await self._listen("server.host, server.port", host, port, None)
        self.begin()
        return address

    def begin(self) -> None:
        """Looks after connections from now on, whoever accepts them."""
        if self.express is not None:
            self.express.begin()
        self._look_after()

    def set_limits(self, limits: ServerLimits) -> None:
        """Other limits, for connections that come from now on; what terminals saved up begins anew."""
        self.limits = limits
        self._pace = Pace(limits.accepts_per_s, max(1.0, limits.accepts_per_s), self.now_ms())
        self.spending = Spending(limits.bytes_per_s, limits.burst_bytes)

    async def start_tls(self, host: str, port: int, context: ssl.SSLContext) -> int:
        """Listens for TLS as well; gives the port. Raises OSError with the keys."""
        return (await self._listen("server.host, tls.port", host, port, context))[1]

    async def start_udp(self, host: str, port: int, peers_max: int) -> int:
        """Takes datagrams as well; gives the port. Raises OSError with the keys."""
        datagrams = self._datagrams = Datagrams(lambda: Connection(self), peers_max, self.counters)
        try:
            transport, _ = await self._loop.create_datagram_endpoint(lambda: datagrams, (host, port))
        except OSError as error:
            raise _cannot_listen("server.host, udp.port", host, port, error) from error
        return int(transport.get_extra_info("sockname")[1])

    async def take_datagrams(self, bound: socket.socket, peers_max: int, route: Route) -> Datagrams:
        """The same over a socket that is bound already; `route` may pass a datagram on to somebody else."""
        datagrams = self._datagrams = Datagrams(lambda: Connection(self), peers_max, self.counters, route)
        await self._loop.create_datagram_endpoint(lambda: datagrams, sock=bound)
        return datagrams

    async def _listen(
        self, keys: str, host: str, port: int, context: ssl.SSLContext | None
    ) -> tuple[str, int]:
        try:
            listener = await self._loop.create_server(
                lambda: Connection(self),
                host,
                port,
                backlog=BACKLOG,
                reuse_address=True,
                ssl=context,
                ssl_handshake_timeout=HANDSHAKE_S if context else None,
            )
        except OSError as error:
            raise _cannot_listen(keys, host, port, error) from error
        self._listeners.append(listener)
        address = listener.sockets[0].getsockname()
        return address[0], address[1]

    async def stop(self) -> None:
        """Takes nothing more, closes the journal and the registry, which answers what was taken, closes every
        connection."""
        self._stopping = True
        if self._timer:
            self._timer.cancel()
        for listener in self._listeners:
            listener.close()
        for connection in list(self._connections):
            connection.stop_reading()
        await asyncio.to_thread(self.journal.close)
        await asyncio.to_thread(self.registry.close)
        await asyncio.sleep(0)  # what the last commits released is called before this goes on
        for connection in list(self._connections):
            connection.close("the gateway stops")
        await self._last_connections()
        if self.express is not None:
            self.express.close()
        if self._datagrams is not None:
            self._datagrams.close()
        for listener in self._listeners:
            with suppress(TimeoutError):  # uvloop takes seconds over a connection that was cut
                await asyncio.wait_for(listener.wait_closed(), GOODBYE_S)

    def now_ms(self) -> int:
        """Monotonic milliseconds."""
        return int(self._loop.time() * 1000)

    def new_session(self) -> Session:
        """The core for a new connection."""
        return Session(self.registry, self.limits.session, self.counters, self.now_ms(), self.house)

    def admits(self, connection: Connection) -> bool:
        """Takes a new connection in, unless there are too many."""
        if len(self._connections) >= self.limits.max_connections or self._stopping:
            self.counters["refused_connections"] += 1
            self.note(connection, "connection closed: too many connections")
            return False
        self._connections.add(connection)
        self.counters["connections_accepted"] += 1
        if self._waiting or not self._pace.allows(self.now_ms()):
            self.counters["connections_waited"] += 1
            self._waiting.append(connection)
            connection.wait()
        return True

    def is_balancer(self, host: str) -> bool:
        """Whether a PROXY header is believed, and demanded, from there."""
        return bool(self.limits.proxies) and is_within(host, self.limits.proxies)

    def ask_balancer(self, connection: Connection, transport: asyncio.Transport, peer: Any) -> None:
        """Lets a connection wait until the balancer has said who it is."""
        host = f"{peer[0]}:{peer[1]}"

        def refused(why: str) -> None:
            self.counters["refused_proxy_headers"] += 1
            if self._throttle.allows(peer[0], "proxy", self._loop.time()):
                event(_log, logging.WARNING, "connection closed: no PROXY header", peer=host, why=why)

        door = ProxyDoor(self._loop, connection, refused)
        transport.set_protocol(door)
        door.connection_made(transport)

    def take_over(self, connection: Connection, identity: str, edition: int) -> None:
        """The newest authenticated connection speaks for a terminal; the one before is closed."""
        older = self._online.get(identity)
        self._online[identity] = connection
        if older is not None and older is not connection:
            older.close("taken over")
        if self.listener is not None:
            self.listener.online(identity, edition, connection.send)
        event(_log, logging.DEBUG, "authenticated", terminal=identity, peer=connection.peer)

    def learn_edition(self, connection: Connection, identity: str, edition: int) -> None:
        """What the terminal sends fits this edition only: kept, and told to who writes bodies for it."""
        self.registry.remember_edition(identity, edition)
        if self.listener is not None and self._online.get(identity) is connection:
            self.listener.edition_seen(identity, edition)

    def leave(self, connection: Connection, identity: str) -> None:
        """The connection does not speak for the terminal any longer."""
        if self._online.get(identity) is connection:
            del self._online[identity]
            if self.listener is not None:
                self.listener.offline(identity)

    def let_off(self, identity: str) -> None:
        """The terminal's connection leaves the express lane, if it is there."""
        connection = self._online.get(identity)
        if connection is not None:
            connection.alight()

    def disconnect(self, identity: str, reason: str) -> bool:
        """Ends the connection that speaks for a terminal; gives whether there was one."""
        connection = self._online.get(identity)
        if connection is None:
            return False
        connection.close(reason)
        self.leave(connection, identity)
        return True

    def tell(self, connection: Connection, answer: Answered | Uplink) -> None:
        """What a terminal answered, to whoever asked."""
        identity = connection.speaks_for
        if self.listener is None or identity is None or self._online.get(identity) is not connection:
            return
        if isinstance(answer, Answered):
            self.listener.answered(identity, answer.message_id, answer.serial, answer.result)
        else:
            self.listener.uplink(
                identity, answer.message_id, answer.reply_serial, answer.body, answer.edition
            )

    def tap(self, connection: Connection, direction: str, data: bytes) -> None:
        """Bytes of a connection, to those who follow its terminal."""
        for tap in self.taps.get(connection.session.identity or "", ()):
            tap(direction, data)

    def editions(self) -> dict[int, int]:
        """How many terminals of each edition are online."""
        return dict(Counter(connection.session.edition for connection in self._online.values()))

    def online(self) -> dict[str, str]:
        """The terminals that are online, and from where."""
        return {identity: connection.peer for identity, connection in self._online.items()}

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
        left_out = self._throttle.permit(host, what, self._loop.time())
        if left_out is not None:
            terminal = terminal or connection.session.identity or "-"
            more = {"left_out": left_out} if left_out else {}
            event(_log, logging.INFO, what, peer=connection.peer, terminal=terminal, **more)

    def release(self, released: list[tuple[Callable[..., None], Any]]) -> None:
        """In the loop: calls everybody who waited for a commit, then writes once per connection."""
        for callback, outcome in released:
            try:
                callback(outcome)
            except Exception:  # a bug with one connection; the others wait for their answers
                _log.exception("what a commit released could not be told")
        touched, self.touched = self.touched, []
        if self.taps:
            for connection in touched:
                self.tap(connection, "down", connection.out)
        while touched:
            try:
                write_out(touched)
                return
            except Exception:  # a bug with one connection; the others get theirs
                _log.exception("the answers of a connection could not be sent")
                # Its own are taken from it before they are sent.
                touched = [connection for connection in touched if connection.out]

    async def _last_connections(self) -> None:
        """Returns when all are closed, or cut because their peers did not take what was left to say."""
        if self._connections:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), GOODBYE_S)
        for connection in list(self._connections):
            connection.abort()

    def _let_in(self) -> None:
        connection = self._waiting.popleft()
        if connection in self._connections:
            connection.let_in()

    def _look_after(self) -> None:
        self._timer = self._loop.call_later(LOOK_AFTER_S, self._look_after)
        if not self._to_look_after:
            self._to_look_after = list(self._connections)
        while self._waiting and self._pace.allows(self.now_ms()):
            self._let_in()
        count = max(LOOK_AFTER_MIN, len(self._connections) // LOOK_AFTER_SHARE)
        now_ms = self.now_ms()
        for connection in self._to_look_after[-count:]:
            connection.look_after(now_ms, self.limits.write_stall_ms)
        del self._to_look_after[-count:]


class _Releases:
    """What the journal calls after a commit: the answers may go, and do once everybody is told."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def __call__(self, ticket: Ticket, outcome: int) -> None:
        """One submission's."""
        connection, answers, count, since_ms = ticket
        if outcome != STORED:
            answers = connection.session.refused(answers)
        self._hand_out([(None, 0, b"", count, self, (connection, answers, count, since_ms))])

    def many(self, submissions: list[Any], outcome: int) -> None:
        """Those of many submissions."""
        if outcome == STORED:
            self._hand_out(submissions)
            return
        for submission in submissions:
            self(submission[5], outcome)

    def _hand_out(self, submissions: list[Any]) -> None:
        server = self._server
        now_ms = server.now_ms()
        for since_ms, answered in hand_out(submissions, server.touched):
            server.latency.observe(now_ms - since_ms, answered)


def _cannot_listen(keys: str, host: str, port: int, error: OSError) -> OSError:
    reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
    return OSError(f"{keys}: cannot listen on {host}:{port}: {reason}")


def deliver_to(
    loop: asyncio.AbstractEventLoop, server: Callable[[], Server]
) -> Callable[[list[tuple[Callable[..., None], Any]]], None]:
    """The `deliver` of journal and registry: from their thread to the server's loop, one call per commit."""

    def deliver(released: list[tuple[Callable[..., None], Any]]) -> None:
        loop.call_soon_threadsafe(lambda: server().release(released))

    return deliver
