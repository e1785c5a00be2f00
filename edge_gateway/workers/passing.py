"""What goes from one worker to another: connections, the socket itself with what was read from it so far,
and datagrams with the address that they came from.

One pair of datagram sockets leads to each worker. The supervisor holds both ends for good, so what is
on its way to a worker that died is there for its successor.
"""

import asyncio
import json
import logging
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from ..transports.udp import Address

WAITING_MAX: Final = 4096  # connections that wait until the other worker takes them
TAKEN_AT_ONCE: Final = 64  # arrivals between two looks at everything else
AGAIN_S: Final = 0.1  # after the system refused for another reason than "full"
MESSAGE_BYTES_MAX: Final = 72 * 1024  # a datagram of UDP with its address, or what a stranger may say first
_CONNECTION, _DATAGRAM = b"C", b"D"
_log = logging.getLogger(__name__)
Arrived = Callable[[socket.socket, bytes], None]
ArrivedDatagram = Callable[[bytes, Address], None]


class Outbox:
    """Leads to one other worker. Whoever is put in is no longer ours."""

    def __init__(self, loop: asyncio.AbstractEventLoop, way: socket.socket) -> None:
        way.setblocking(False)
        self._loop = loop
        self._way = way
        self._waiting: deque[tuple[socket.socket, bytes]] = deque()

    def put(self, connection: socket.socket, first: bytes) -> bool:
        """Passes it on, in order; False, and nothing done, when too many wait already."""
        if len(self._waiting) >= WAITING_MAX:
            return False
        self._waiting.append((connection, first))
        if len(self._waiting) == 1:
            self._pass_on()
        return True

    def put_datagram(self, data: bytes, address: Address) -> bool:
        """Passes it on at once, or not at all: a terminal that speaks UDP says it again."""
        message = _DATAGRAM + json.dumps(address).encode() + b"\n" + data
        try:
            self._way.send(message)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Those that wait are cut; their terminals come again."""
        self._loop.remove_writer(self._way)
        while self._waiting:
            self._waiting.popleft()[0].close()
        self._way.close()

    def _pass_on(self) -> None:
        self._loop.remove_writer(self._way)
        while self._waiting:
            connection, first = self._waiting[0]
            try:
                socket.send_fds(self._way, [_CONNECTION + first], [connection.fileno()])
            except BlockingIOError:
                self._loop.add_writer(self._way, self._pass_on)
                return
            except OSError as error:  # such as too many open files on their way
                _log.warning("a connection cannot be passed on yet: %s", error)
                self._loop.call_later(AGAIN_S, self._try_again)
                return
            self._waiting.popleft()
            connection.close()

    def _try_again(self) -> None:
        if self._way.fileno() >= 0:
            self._pass_on()


class Inbox:
    """Gives each connection that arrives to `arrived`, with the bytes that were read from it, and each
    datagram to `arrived_datagram`."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        way: socket.socket,
        arrived: Arrived,
        arrived_datagram: ArrivedDatagram,
    ) -> None:
        way.setblocking(False)
        self._loop = loop
        self._way = way
        self._arrived = arrived
        self._arrived_datagram = arrived_datagram
        loop.add_reader(way, self._take)

    def close(self) -> None:
        """What has not been taken waits for the successor."""
        self._loop.remove_reader(self._way)
        self._way.close()

    def _take(self) -> None:
        with suppress(BlockingIOError):
            for _ in range(TAKEN_AT_ONCE):
                message, files, _, _ = socket.recv_fds(self._way, MESSAGE_BYTES_MAX, 1)
                if files:
                    self._arrived(socket.socket(fileno=files[0]), message[1:])
                elif message.startswith(_DATAGRAM):
                    address, _, data = message[1:].partition(b"\n")
                    self._arrived_datagram(data, tuple(json.loads(address)))
                # Else it was a connection that the system closed: we had no room for another open file.
