"""What supervisor and worker tell each other: JSON lines on a pair of sockets, some with bytes behind them.

The supervisor keeps the only other end. When that closes, the supervisor is gone, however it went, and the
worker ends in order. What is said arrives, in order, or the pair is cut: neither end goes on with half of it.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any, Final, cast

LINE_BYTES_MAX: Final = 4 << 20  # statistics, or a configuration with its lists of terminals
BYTES_MAX: Final = 64 << 20  # behind one line: the largest body of a command
WAITING_BYTES_MAX: Final = 256 << 20  # said and not taken: the other end hangs
_BYTES: Final = "bytes"  # key: how many stand behind the line
_log = logging.getLogger(__name__)
Heard = Callable[[dict[str, Any], bytes], None]


class Words:
    """Takes the stream apart: `receive(data)` gives each object with its bytes. Pure.

    Raises ValueError for what no other end of ours says.
    """

    def __init__(self) -> None:
        self._data = bytearray()
        self._line: dict[str, Any] | None = None  # whose bytes are still to come

    def receive(self, data: bytes) -> list[tuple[dict[str, Any], bytes]]:
        """What is whole now, in order."""
        self._data += data
        found = []
        while (one := self._next()) is not None:
            found.append(one)
        return found

    def _next(self) -> tuple[dict[str, Any], bytes] | None:
        if self._line is None:
            end = self._data.find(b"\n")
            if end < 0:
                if len(self._data) > LINE_BYTES_MAX:
                    raise ValueError("a line without an end")
                return None
            self._line = json.loads(self._data[:end])
            del self._data[: end + 1]
        wanted = int(self._line.get(_BYTES, 0))
        if not 0 <= wanted <= BYTES_MAX:
            raise ValueError(f"{wanted} bytes behind a line")
        if len(self._data) < wanted:
            return None
        line, self._line = self._line, None
        blob = bytes(self._data[:wanted])
        del self._data[:wanted]
        return line, blob


class Lifeline(asyncio.Protocol):
    """One end. `heard(line, bytes)` for each object; `ended()` once, when the other end is gone."""

    def __init__(self, heard: Heard, ended: Callable[[], None]) -> None:
        self._heard = heard
        self._ended = ended
        self._words = Words()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The pair is there."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """A piece of what the other end says."""
        for line, blob in self._words.receive(data):
            try:
                self._heard(line, blob)
            except Exception:  # a bug with one line; the others go on
                _log.exception("what the other process said could not be taken")

    def connection_lost(self, error: Exception | None) -> None:
        """The other end is gone."""
        del error
        self._transport = None
        self._ended()

    def say(self, line: dict[str, Any], blob: bytes = b"") -> None:
        """Tells the other end, if it is there. One that takes nothing for too long is cut off."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if transport.get_write_buffer_size() > WAITING_BYTES_MAX:
            _log.error("the other process takes nothing of what it is told: the pair is cut")
            transport.abort()
            return
        if blob:
            line = {**line, _BYTES: len(blob)}
        transport.write(json.dumps(line, ensure_ascii=False).encode() + b"\n" + blob)

    def close(self) -> None:
        """Ends it on our side."""
        if self._transport:
            self._transport.close()
