"""The PROXY protocol, versions 1 and 2 (haproxy.org, proxy-protocol.txt): who is behind a balancer.

Believed from configured addresses only, and from them it is demanded: anybody else could claim any address.
"""

import asyncio
import ipaddress
import struct
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, NamedTuple, cast

if TYPE_CHECKING:
    from ..connection import Connection

Networks = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]

HEADER_S: Final = 5.0  # time for the whole header, which a balancer sends at once
V1_MAX: Final = 107  # bytes with CR LF
_V1_PARTS: Final = 6  # PROXY, family, two addresses, two ports
_V2_SIGNATURE: Final = b"\r\n\r\n\0\r\nQUIT\n"
_V2_HEAD: Final = struct.Struct(">12sBBH")  # signature; version and command; family; bytes that follow
_V2_REST_MAX: Final = 4096  # addresses and the extensions that nobody reads here
_LOCAL, _PROXY = 0x20, 0x21
_V2_WIDTHS: Final = {0x11: 4, 0x21: 16}  # bytes of an address: TCP over IPv4, over IPv6


class ProxyError(Exception):
    """What came is no PROXY header."""


class Header(NamedTuple):
    """peer: "address:port" of the client, "" when the balancer speaks for itself. size: of the header."""

    peer: str
    size: int


def networks_of(addresses: Iterable[str]) -> Networks:
    """Addresses and networks such as 10.0.0.0/8. Raises ValueError."""
    return tuple(ipaddress.ip_network(address) for address in addresses)


def is_within(address: str, networks: Networks) -> bool:
    """Whether the address is one of theirs."""
    found = ipaddress.ip_address(address)
    return any(found in network for network in networks)


def read_header(data: bytes) -> Header | None:
    """The header that `data` begins with; None when more is to come. Raises ProxyError."""
    if data.startswith(_V2_SIGNATURE[: len(data)]):
        return _read_v2(data) if len(data) >= _V2_HEAD.size else None
    if not data.startswith(b"PROXY "[: len(data)]):
        raise ProxyError("neither version 1 nor version 2")
    end = data.find(b"\r\n", 0, V1_MAX)
    if end >= 0:
        return _read_v1(data[:end], end + 2)
    if len(data) >= V1_MAX:
        raise ProxyError("a line without an end")
    return None


def header_for(peer: str) -> bytes:
    """A header of version 1 that says "address:port", or that nobody knows when it is no such thing."""
    host, _, port = peer.rpartition(":")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return b"PROXY UNKNOWN\r\n"
    family, ours = ("TCP4", "0.0.0.0") if address.version == 4 else ("TCP6", "::")
    return f"PROXY {family} {address} {ours} {port} 0\r\n".encode("ascii")


def _read_v1(line: bytes, size: int) -> Header:
    parts = line.decode("ascii", "replace").split(" ")
    if parts[1:2] == ["UNKNOWN"]:
        return Header("", size)
    if len(parts) != _V1_PARTS or parts[1] not in ("TCP4", "TCP6"):
        raise ProxyError("not a line of version 1")
    try:
        address, port = ipaddress.ip_address(parts[2]), int(parts[4])
    except ValueError as error:
        raise ProxyError(str(error)) from error
    return _header_of(address, port, size)


def _read_v2(data: bytes) -> Header | None:
    _, command, family, length = _V2_HEAD.unpack_from(data)
    if command not in (_LOCAL, _PROXY) or length > _V2_REST_MAX:
        raise ProxyError("not a header of version 2")
    size = _V2_HEAD.size + length
    if len(data) < size:
        return None
    width = _V2_WIDTHS.get(family, 0)
    if command == _LOCAL or not width:
        return Header("", size)
    if length < 2 * width + 4:
        raise ProxyError("too short for its addresses")
    at = _V2_HEAD.size
    port = int.from_bytes(data[at + 2 * width : at + 2 * width + 2], "big")
    return _header_of(ipaddress.ip_address(data[at : at + width]), port, size)


def _header_of(address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int, size: int) -> Header:
    if port >> 16 or port < 0:
        raise ProxyError(f"port {port}")
    return Header(f"{address}:{port}", size)


class ProxyDoor(asyncio.Protocol):
    """Stands before a connection until the header is read. `refused(why)`: it was none; the socket is cut."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, connection: "Connection", refused: Callable[[str], None]
    ) -> None:
        self._connection = connection
        self._refused = refused
        self._data = b""
        self._transport: asyncio.Transport | None = None
        self._timer = loop.call_later(HEADER_S, self._cut, "no header in time")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket of the balancer."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Bytes of the header; what stands behind it is the connection's."""
        self._data += data
        try:
            header = read_header(self._data)
        except ProxyError as error:
            self._cut(str(error))
            return
        if header is None or self._transport is None:
            return
        self._timer.cancel()
        rest, self._data = self._data[header.size :], b""
        self._connection.peer = header.peer or "balancer:0"
        self._transport.set_protocol(self._connection)
        self._connection.connection_made(self._transport)
        if rest and not self._transport.is_closing():
            self._connection.data_received(rest)

    def connection_lost(self, error: Exception | None) -> None:
        """The balancer went before it said who comes."""
        del error
        self._timer.cancel()

    def _cut(self, why: str) -> None:
        self._timer.cancel()
        self._refused(why)
        if self._transport is not None:
            self._transport.abort()
