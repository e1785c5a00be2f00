"""The express lane: connections whose terminals say nothing but plain position reports have their sockets
read and answered in C (`_express.c`), without a step of Python for a read.

Where Linux and the C part are not, nobody boards, and everything goes as through `connection` alone. No rule
is here: whoever does anything else gets off, and its connection decides. See docs/decisions/0052.
"""

import asyncio
import logging
from time import time_ns
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ._hotpath import Batch, Passenger
    from .connection import Connection
    from .server import Server

NO_SOCKET: Final = -1  # of a connection that cannot board: TLS, datagrams
_log = logging.getLogger(__name__)


class ExpressLane:
    """Belongs to a server. Also the release of its batches: see `journal.group.tell`."""

    def __init__(self, server: "Server", loop: asyncio.AbstractEventLoop, held_max: int) -> None:
        """held_max: reports of one connection in the journal's hands."""
        self._server = server
        self._loop = loop
        self._lane = Express(server.journal, self, server.counters, held_max)

    @property
    def count(self) -> int:
        """Connections that are aboard."""
        return self._lane.count

    def begin(self) -> None:
        """Looks at its sockets from now on: one call of the loop for all that are ready."""
        self._loop.add_reader(self._lane.fileno(), self._run)

    def close(self) -> None:
        """Nobody is aboard any more, or will be."""
        if self._lane.fileno() >= 0:
            self._loop.remove_reader(self._lane.fileno())
            self._lane.close()

    def board(
        self, connection: "Connection", data: bytes, allowance: float, now_ms: int
    ) -> "Passenger | None":
        """Takes a read as the first one of a connection that is quiet: nothing of it is on its way, in either
        direction. None, and nothing is changed, when it is no read of plain reports or cannot be."""
        session, transport, server = connection.session, connection.transport, self._server
        if (
            transport is None
            or connection.fd == NO_SOCKET
            or session.intake.lane is None
            or not session.between
            or session.packages is not None
            or session.intake.count
            or session.out
            or connection.out
            or (server.taps and session.identity in server.taps)
        ):
            return None
        if connection.fd is None:
            connection.fd = _plain_socket(transport)
        if connection.fd == NO_SOCKET or transport.get_write_buffer_size():
            return None
        taken = self._lane.board(connection, connection.fd, allowance, data, now_ms, _now_ms())
        if taken is not None:
            transport.pause_reading()
        return taken

    def alight(self, passenger: "Passenger") -> None:
        """Its socket is the transport's again."""
        self._lane.alight(passenger)

    def many(self, batches: "list[Batch]", outcome: int) -> None:
        """After the commit: sends the answers."""
        server = self._server
        self._let_off_followed()
        for batch in batches:
            waited, leaving = self._lane.answer(batch, outcome, server.touched)
            now_ms = server.now_ms()
            for since_ms, answered in waited:
                server.latency.observe(now_ms - since_ms, answered)
            for connection, rest in leaving:
                connection.alight()
                connection.write(rest)

    def _run(self) -> None:
        self._let_off_followed()
        lane, server = self._lane, self._server
        while True:
            for connection, data in lane.run(int(server.loop_s() * 1000), _now_ms()):
                self._put_off(connection, data)
            if not lane.unserved:
                return

    @staticmethod
    def _put_off(connection: "Connection", data: bytes) -> None:
        connection.alight()
        try:
            if data:
                connection.data_received(data)
            else:
                connection.govern_reading()
        except Exception:  # a bug with one connection; the others go on
            _log.exception("what a connection said could not be worked on")
            connection.abort()

    def _let_off_followed(self) -> None:
        """Whose frames somebody follows goes where they are shown."""
        for identity in self._server.taps:
            self._server.let_off(identity)


def _plain_socket(transport: asyncio.Transport) -> int:
    """The descriptor, where bytes of the transport are bytes of its socket."""
    if transport.get_extra_info("sslcontext") is not None:
        return NO_SOCKET
    socket = transport.get_extra_info("socket")
    return NO_SOCKET if socket is None else int(socket.fileno())


def _now_ms() -> int:
    return time_ns() // 1_000_000


# CPython may have it. ImportError: it was not built, the system has no epoll, or DIANYUN_PURE is set.
try:
    from ._hotpath import Express
except ImportError:
    Express = None  # type: ignore


def express_for(server: "Server", loop: asyncio.AbstractEventLoop, held_max: int) -> ExpressLane | None:
    """The lane of a server, where there can be one."""
    return ExpressLane(server, loop, held_max) if Express is not None else None
