"""Somebody who came over TLS, until the first frame says who it is."""

import asyncio
from collections.abc import Callable
from typing import cast

from ..server import Server
from .owners import FirstWords


class Guest(asyncio.Protocol):
    """`admit()` once the handshake is done; where that lets it in, `known(guest, identity)` once: the
    identity, "" for noise, None for who went, said nothing in time, or not what a balancer says.

    peer: "address:port", of the client when a balancer says so. rest: what was read, without a balancer's
    words.
    """

    def __init__(
        self,
        server: Server,
        words: FirstWords,
        admit: Callable[[], bool],
        known: Callable[["Guest", str | None], None],
    ) -> None:
        self.transport: asyncio.Transport | None = None
        self.peer = "?"
        self._server = server
        self._words = words
        self._admit = admit
        self._known_once = known
        self._known: Callable[[Guest, str | None], None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def rest(self) -> bytes:
        """See the class."""
        return self._words.rest

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The handshake is done."""
        self.transport = cast(asyncio.Transport, transport)
        address = transport.get_extra_info("peername")
        if address:
            self.peer = f"{address[0]}:{address[1]}"
            self._words.balanced = self._server.is_balancer(address[0])
        if not self._admit():
            self.transport.abort()
            return
        self._known = self._known_once
        after_s = self._server.limits.session.unauthenticated_ms / 1000
        self._timer = asyncio.get_running_loop().call_later(after_s, self._cut)

    def data_received(self, data: bytes) -> None:
        """A piece of the first words."""
        identity = self._words.hear(data)
        if identity is None:
            return
        if self._words.balanced:  # still: what came is no header
            self._server.counters["refused_proxy_headers"] += 1
            self._end()
            return
        self.peer = self._words.peer or self.peer
        self._tell(identity)

    def connection_lost(self, error: Exception | None) -> None:
        """It went, or was cut."""
        del error
        self.transport = None
        self._tell(None)

    def _cut(self) -> None:
        self._server.counters["closed: it never said who it is"] += 1
        self._end()

    def _end(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def _tell(self, identity: str | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        known, self._known = self._known, None
        if known is not None:
            known(self, identity)
