"""Carries the plain bytes of a TLS connection between the worker that speaks TLS and the one that owns the
terminal: a handshake cannot be passed on, and before it nobody knows whose the connection is.

Each side is read from only while the other takes what it is given.
"""

import asyncio
from typing import cast


class Half(asyncio.Protocol):
    """One side; `join` two of them. What ends the one ends the other, once everything is carried over."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._other: Half | None = None
        self._early = b""  # read before the other side was there: one read at most

    def join(self, other: "Half") -> None:
        """Carries from now on. Both must be connected; one that was lost meanwhile ends the other."""
        self._other, other._other = other, self
        for half, partner in ((self, other), (other, self)):
            early, half._early = half._early, b""
            if early:
                partner.write(early)
            if half._transport is None:
                partner.close()
            elif partner._transport is not None:
                half._transport.resume_reading()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Our side is there; nothing is read before the other one is."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        """From our side to the other."""
        if self._other is None:
            self._early += data
        else:
            self._other.write(data)

    def connection_lost(self, error: Exception | None) -> None:
        """Our side is gone."""
        del error
        self._transport = None
        if self._other is not None:
            self._other.close()

    def pause_writing(self) -> None:
        """Our side does not take what it is given."""
        if self._other is not None and self._other._transport is not None:
            self._other._transport.pause_reading()

    def resume_writing(self) -> None:
        """It does again."""
        if self._other is not None and self._other._transport is not None:
            self._other._transport.resume_reading()

    def write(self, data: bytes) -> None:
        """To our side."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        """Ends our side once what it was given is sent."""
        if self._transport is not None:
            self._transport.close()
