"""The door of one worker: accepts, reads until the first frame says who comes, and lets the owner have it.

Nothing is answered here and nothing judged: the owner's connection gets every byte from the first on.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from typing import Any, Final, cast

from ..connection import Connection
from ..server import GOODBYE_S, HANDSHAKE_S, Server
from ..transports import Datagrams
from ..transports.proxy import header_for, read_header
from ..transports.udp import Address
from .guest import Guest
from .owners import FIRST_BYTES_MAX, FirstWords, Share, owner_of
from .passing import Inbox, Outbox
from .pump import Half

READ_BYTES: Final = 4096
AGAIN_S: Final = 0.1  # after accept failed: no more open files are allowed for now
_log = logging.getLogger(__name__)


class Door:
    """`open()`, then `await close()`. listener: ours among those of the port. ways: to the other workers."""

    def __init__(
        self,
        server: Server,
        share: Share,
        listener: socket.socket,
        inbox: socket.socket,
        ways: Mapping[int, socket.socket],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._server = server
        self._share = share
        self._listener = listener
        self._way_in = inbox
        self._inbox: Inbox | None = None
        self._outboxes = {index: Outbox(self._loop, way) for index, way in ways.items()}
        self._tasks: set[asyncio.Task[None]] = set()
        self._tls: asyncio.Server | None = None
        self._datagrams: Datagrams | None = None
        self._guests = 0  # over TLS, who have not said who they are

    def open(self) -> None:
        """Accepts from now on."""
        self._listener.setblocking(False)
        self._inbox = Inbox(self._loop, self._way_in, self._take, self._take_datagram)
        self._begin(self._accept())

    async def open_tls(self, listener: socket.socket, context: ssl.SSLContext) -> None:
        """Accepts those that speak TLS, too: the handshake is ours, whoever owns the terminal."""
        self._tls = await self._loop.create_server(
            self._guest, sock=listener, ssl=context, ssl_handshake_timeout=HANDSHAKE_S
        )

    async def open_udp(self, bound: socket.socket, peers_max: int) -> None:
        """Takes datagrams, too."""
        self._datagrams = await self._server.take_datagrams(bound, peers_max, self._route)

    async def close(self) -> None:
        """Accepts no more; connections that have not said who they are end."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._inbox:
            self._inbox.close()
        for outbox in self._outboxes.values():
            outbox.close()
        self._listener.close()
        if self._tls:
            self._tls.close()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._tls.wait_closed(), GOODBYE_S)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self) -> None:
        while True:
            try:
                connection, peer = await self._loop.sock_accept(self._listener)
            except OSError as error:
                _log.warning("no connection can be accepted for now: %s", error)
                await asyncio.sleep(AGAIN_S)
                continue
            connection.setblocking(False)
            if len(self._tasks) > self._server.limits.max_connections:
                self._server.counters["refused_connections"] += 1
                connection.close()
                continue
            self._begin(self._hear(connection, peer[0]))

    async def _hear(self, connection: socket.socket, host: str) -> None:
        """Reads until it is known whose it is; who says nothing, or ends, is cut."""
        server = self._server
        words = FirstWords(server.house.lenient, server.is_balancer(host))
        identity: str | None = None
        try:
            async with asyncio.timeout(server.limits.session.unauthenticated_ms / 1000):
                while identity is None:
                    room = FIRST_BYTES_MAX - len(words.data)
                    chunk = await self._loop.sock_recv(connection, min(READ_BYTES, room))
                    if not chunk:
                        connection.close()
                        return
                    identity = words.hear(chunk)
        except (OSError, TimeoutError):
            server.counters["closed: it never said who it is"] += 1
            connection.close()
        except asyncio.CancelledError:
            connection.close()
            raise
        else:
            self._give(connection, words.data, identity)

    def _give(self, connection: socket.socket, first: bytes, identity: str) -> None:
        """To the owner; noise stays here, where it is counted and ended as anywhere."""
        owner = self._owner(identity)
        if owner == self._share.index:
            self._take(connection, first)
        elif self._outboxes[owner].put(connection, first):
            self._server.counters["passed_on"] += 1
        else:
            self._server.counters["refused_connections"] += 1
            connection.close()

    def _owner(self, identity: str | None) -> int:
        """The worker whose terminal it is; noise has nobody and stays here."""
        return owner_of(identity, self._share.count) if identity else self._share.index

    def _guest(self) -> Guest:
        words = FirstWords(self._server.house.lenient)
        return Guest(self._server, words, self._admit_guest, self._give_guest)

    def _admit_guest(self) -> bool:
        if self._guests >= self._server.limits.max_connections:
            self._server.counters["refused_connections"] += 1
            return False
        self._guests += 1
        return True

    def _give_guest(self, guest: Guest, identity: str | None) -> None:
        """To the owner, through a pair of sockets when that is another. identity None: nobody is left."""
        self._guests -= 1
        if identity is None or guest.transport is None:
            return
        owner = self._owner(identity)
        if owner == self._share.index:
            connection = Connection(self._server)
            connection.peer = guest.peer
            guest.transport.set_protocol(connection)
            connection.connection_made(guest.transport)
            if not guest.transport.is_closing():
                connection.data_received(guest.rest)
            return
        ours, theirs = socket.socketpair()
        if self._outboxes[owner].put(theirs, header_for(guest.peer)):
            self._server.counters["passed_on"] += 1
            ours.setblocking(False)
            near = Half()
            guest.transport.set_protocol(near)
            near.connection_made(guest.transport)
            self._begin(self._carry(near, ours, guest.rest))
        else:
            self._server.counters["refused_connections"] += 1
            ours.close()
            theirs.close()
            guest.transport.abort()

    async def _carry(self, near: Half, ours: socket.socket, first: bytes) -> None:
        _, far = await self._loop.create_unix_connection(Half, sock=ours)
        far.write(first)
        far.join(near)

    def _route(self, data: bytes, address: Address) -> bool:
        """A datagram from an address that nobody here knows: to its terminal's owner. Noise stays here."""
        identity = FirstWords(self._server.house.lenient).hear(data)
        owner = self._owner(identity)
        if owner == self._share.index:
            return False
        passed = self._outboxes[owner].put_datagram(data, address)
        self._server.counters["passed_on_datagrams" if passed else "dropped_datagrams"] += 1
        return True

    def _take_datagram(self, data: bytes, address: Address) -> None:
        if self._datagrams is not None:
            self._datagrams.take(data, address)

    def _take(self, connection: socket.socket, first: bytes) -> None:
        connection.setblocking(False)
        peer = ""
        if connection.family == socket.AF_UNIX:  # another worker speaks TLS for it, and says who it is
            header = read_header(first)
            assert header is not None, "a worker sends it whole"
            peer, first = header.peer or "?", first[header.size :]
        self._begin(self._connect(connection, first, peer))

    async def _connect(self, connection: socket.socket, first: bytes, peer: str) -> None:
        made = Connection(self._server)
        made.peer = peer
        arrival = Arrival(made, first)
        try:
            await self._loop.connect_accepted_socket(lambda: arrival, connection)
        except OSError:  # it has gone meanwhile
            connection.close()


class Arrival(asyncio.Protocol):
    """Stands in for a connection until it has been given what was read before."""

    def __init__(self, connection: Connection, first: bytes) -> None:
        self._connection = connection
        self._first = first

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is a transport now: the connection's, or that of who asks the balancer."""
        carrier = cast(asyncio.Transport, transport)
        carrier.set_protocol(self._connection)
        self._connection.connection_made(carrier)
        reader = carrier.get_protocol()
        if self._first and not carrier.is_closing() and isinstance(reader, asyncio.Protocol):
            reader.data_received(self._first)
