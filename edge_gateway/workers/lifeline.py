"""What supervisor and worker tell each other: JSON lines on a pair of sockets.

The supervisor keeps the only other end. When that closes, the supervisor is gone, however it went, and the
worker ends in order.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any, Final, cast

LINE_BYTES_MAX: Final = 4 << 20  # statistics, or a configuration with its lists of terminals
_log = logging.getLogger(__name__)
Heard = Callable[[dict[str, Any]], None]


class Lifeline(asyncio.Protocol):
    """One end. `heard(line)` for each object; `ended()` once, when the other end is gone."""

    def __init__(self, heard: Heard, ended: Callable[[], None]) -> None:
        self._heard = heard
        self._ended = ended
        self._data = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The pair is there."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """A piece of the other end's lines."""
        *lines, self._data = (self._data + data).split(b"\n")
        if len(self._data) > LINE_BYTES_MAX and self._transport:
            self._transport.abort()
            return
        for line in lines:
            self._heard(json.loads(line))

    def connection_lost(self, error: Exception | None) -> None:
        """The other end is gone."""
        del error
        self._transport = None
        self._ended()

    def say(self, line: dict[str, Any]) -> None:
        """Tells the other end, if it is there and takes what it is told."""
        transport = self._transport
        if transport and not transport.is_closing() and transport.get_write_buffer_size() < LINE_BYTES_MAX:
            transport.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")

    def close(self) -> None:
        """Ends it on our side."""
        if self._transport:
            self._transport.close()
