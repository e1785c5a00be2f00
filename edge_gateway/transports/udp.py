"""Terminals over UDP: one datagram holds whole frames. Every address is a connection of its own.

A terminal that comes back from another address (a mobile network renews them) authenticates again there and
takes over, as over TCP; a datagram alone moves nobody, for its sender can be made up. Answers go where the
question came from, and are never much longer. The table is bounded: for a new address the oldest stranger is
forgotten.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from ..connection import Connection

Address = tuple[Any, ...]
# Of a datagram from an address that is not known: whether it was passed on to whom it is meant for.
Route = Callable[[bytes, Address], bool]

DATAGRAM_BYTES: Final = 1400  # of what is sent, unless one frame is longer: larger ones are cut up on the way
_BETWEEN_FRAMES: Final = b"\x7e\x7e"


class Line(asyncio.Transport):
    """What a connection over UDP has for a socket."""

    def __init__(self, datagrams: "Datagrams", address: Address, connection: "Connection") -> None:
        super().__init__({"peername": address})
        self.connection = connection
        self.listening = True
        self._datagrams = datagrams
        self._address = address
        self._closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Sends whole frames, as few datagrams as fit."""
        for piece in pieces_of(bytes(data)):
            self._datagrams.send(piece, self._address)

    def is_closing(self) -> bool:
        """Whether it was closed."""
        return self._closing

    def close(self) -> None:
        """Forgets the address."""
        if not self._closing:
            self._closing = True
            self._datagrams.forget(self._address, self)

    def abort(self) -> None:
        """The same: nothing waits to be sent."""
        self.close()

    def pause_reading(self) -> None:
        """Datagrams that come meanwhile are dropped and counted; the terminal sends again."""
        self.listening = False

    def resume_reading(self) -> None:
        """Datagrams are taken again."""
        self.listening = True

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing is buffered here."""

    def get_write_buffer_size(self) -> int:
        """Always 0."""
        return 0


class Datagrams(asyncio.DatagramProtocol):
    """The socket. `open_connection()` makes the connection of a new address; `peers_max` bounds them."""

    def __init__(
        self,
        open_connection: Callable[[], "Connection"],
        peers_max: int,
        counters: Counter[str],
        route: Route | None = None,
    ) -> None:
        self._open_connection = open_connection
        self._peers_max = peers_max
        self._counters = counters
        self._route = route
        self._peers: dict[Address, Line] = {}
        self._strangers: dict[
            Address, Line
        ] = {}  # who had not authenticated when last looked at, oldest first
        self._transport: asyncio.DatagramTransport | None = None

    def __len__(self) -> int:
        return len(self._peers)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is bound."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, address: Address) -> None:
        """Frames from somewhere."""
        if self._route is None or address in self._peers or not self._route(data, address):
            self.take(data, address)

    def take(self, data: bytes, address: Address) -> None:
        """Frames that are ours, whoever received them."""
        line = self._peers.get(address)
        if line is None:
            line = self._new_line(address)
        if line is None or not line.listening:
            self._counters["dropped_datagrams"] += 1
        else:
            line.connection.data_received(bytes(data))

    def error_received(self, error: Exception) -> None:
        """A datagram of ours could not be delivered; terminals ask again."""
        del error
        self._counters["undelivered_datagrams"] += 1

    def send(self, data: bytes, address: Address) -> None:
        """One datagram."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(data, address)

    def forget(self, address: Address, line: Line) -> None:
        """The connection of an address is over."""
        if self._peers.get(address) is line:
            del self._peers[address]
        if self._strangers.get(address) is line:
            del self._strangers[address]
        asyncio.get_running_loop().call_soon(line.connection.connection_lost, None)

    def close(self) -> None:
        """No more datagrams."""
        if self._transport is not None:
            self._transport.close()

    def _new_line(self, address: Address) -> Line | None:
        if len(self._peers) >= self._peers_max and not self._made_room():
            return None
        line = Line(self, address, self._open_connection())
        self._peers[address] = self._strangers[address] = line
        line.connection.connection_made(line)
        return None if line.is_closing() else line

    def _made_room(self) -> bool:
        """Forgets the oldest who never authenticated; gives whether there was one."""
        while self._strangers:
            address, line = next(iter(self._strangers.items()))
            del self._strangers[address]
            if line.connection.session.identity is None:
                self._counters["forgotten_datagram_peers"] += 1
                line.abort()
                return True
        return False


def pieces_of(data: bytes) -> list[bytes]:
    """The frames in `data` as datagrams of at most DATAGRAM_BYTES, one frame at least in each."""
    pieces, at = [], 0
    while len(data) - at > DATAGRAM_BYTES:
        cut = data.rfind(_BETWEEN_FRAMES, at + 1, at + DATAGRAM_BYTES + 1)
        if cut < 0:
            cut = data.find(_BETWEEN_FRAMES, at + 1)
        if cut < 0:
            break
        pieces.append(data[at : cut + 1])
        at = cut + 1
    pieces.append(data[at:])
    return pieces
