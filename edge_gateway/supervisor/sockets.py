"""The sockets of several workers: each has its own of every kind on the one port, and a way that leads to it.

Held by the supervisor for good: who connects, or is passed on, while a worker is replaced waits for the
successor.
"""

import os
import socket
from contextlib import ExitStack
from typing import Final

from ..config import Config
from ..server import BACKLOG

DATAGRAMS_BYTES: Final = 1 << 20  # that wait while a worker is replaced; the system may give less


class Sockets:
    """`files(index)`: the numbers of what one worker inherits, by name. where: (host, port) of the plain
    port. ports: of the others, by name."""

    def __init__(self, config: Config, held: ExitStack) -> None:
        """Opens everything; `held` closes it. Raises OSError with the keys."""
        server, self._held = config.server, held
        self._own: list[dict[str, socket.socket]] = [{} for _ in range(server.workers)]
        self._ways: list[tuple[socket.socket, socket.socket]] = []  # out of and into each worker
        for _ in range(server.workers):
            pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._ways.append((held.enter_context(pair[0]), held.enter_context(pair[1])))
        self.ports: dict[str, int] = {}
        self.where = self._open("listener", "server.port", server.host, server.port, socket.SOCK_STREAM)
        if config.tls.enabled:
            self.ports["tls"] = self._open(
                "tls", "tls.port", server.host, config.tls.port, socket.SOCK_STREAM
            )[1]
        if config.udp.enabled:
            self.ports["udp"] = self._open(
                "udp", "udp.port", server.host, config.udp.port, socket.SOCK_DGRAM
            )[1]

    def files(self, index: int) -> dict[str, int]:
        """What the worker reads from."""
        found = {name: one.fileno() for name, one in self._own[index].items()}
        return found | {"inbox": self._ways[index][0].fileno()}

    def ways(self, index: int) -> dict[int, int]:
        """The worker's ways to the others, by their index."""
        return {other: way[1].fileno() for other, way in enumerate(self._ways) if other != index}

    def _open(self, name: str, key: str, host: str, port: int, kind: int) -> tuple[str, int]:
        """One for each worker, all on the port; the first takes any for 0."""
        where = (host, port)
        for own in self._own:
            try:
                own[name] = self._held.enter_context(_bound(host, where[1], kind))
            except OSError as error:
                reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error
                raise OSError(f"server.host, {key}: cannot listen on {host}:{where[1]}: {reason}") from error
            where = own[name].getsockname()[:2]
        return where


def _bound(host: str, port: int, kind: int) -> socket.socket:
    """One of several on the port: the system spreads connections and datagrams over them. Raises OSError."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=kind, flags=socket.AI_PASSIVE)[0]
    bound = socket.socket(family, kind, protocol)
    try:
        if kind == socket.SOCK_STREAM:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        else:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, DATAGRAMS_BYTES)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind(address)
        if kind == socket.SOCK_STREAM:
            bound.listen(BACKLOG)
    except OSError:
        bound.close()
        raise
    bound.setblocking(False)
    return bound
