"""One socket: carries bytes between a session core and the transport, and bounds what it may cost.

One `receive` per read, one write per wake-up. Decides nothing about the protocol.
"""

import asyncio
import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Final, cast

from .journal import STORED
from .log import event
from .session import Authenticated, Close, Deregister, Event, Left, Register, Session

if TYPE_CHECKING:
    from .server import Server

# Answers that wait in the socket's buffer before reading stops: 3,000 of them.
WRITE_BUFFER_BYTES: Final = 64 * 1024
# Reports that wait for commits before reading stops: a terminal that catches up is slowed, not refused.
HELD_REPORTS: Final = 4096
_log = logging.getLogger(__name__)


class Connection(asyncio.Protocol):
    """Made by the server for each socket; see asyncio.Protocol for the callbacks."""

    __slots__ = (
        "_closing_ms",
        "_held",
        "_out",
        "_reading",
        "_server",
        "_stalled_ms",
        "_transport",
        "peer",
        "session",
    )

    def __init__(self, server: "Server") -> None:
        self._server = server
        self._transport: asyncio.Transport | None = None
        self.session: Session
        self.peer = ""
        self._held = 0  # reports in the journal's hands
        self._out = b""  # answers released by the commit that is being told of
        self._reading = True
        self._stalled_ms: int | None = None  # since when the peer does not take what we send
        self._closing_ms: int | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A socket was accepted."""
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self.peer = f"{peer[0]}:{peer[1]}" if peer else "?"
        self._transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        self.session = self._server.new_session()
        if not self._server.admits(self):
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """The next bytes of the stream."""
        if self._closing_ms is None:
            self.session.receive(data, self._server.now_ms())
            self._carry_out()

    def pause_writing(self) -> None:
        """The peer does not read: neither do we, until it does or its time is over."""
        self._stalled_ms = self._server.now_ms()
        self._govern_reading()

    def resume_writing(self) -> None:
        """The peer reads again."""
        self._stalled_ms = None
        self._govern_reading()

    def connection_lost(self, error: Exception | None) -> None:
        """The socket is gone; answers that come from now on are dropped."""
        self._transport = None
        self.session.closed()
        self._server.forget(self)

    def close(self, reason: str) -> None:
        """Sends what is to be sent, then closes; at once when the peer takes nothing."""
        if self._transport is None or self._closing_ms is not None:
            return
        self._closing_ms = self._server.now_ms()
        self._server.closing(self, reason)
        self.session.closed()
        if self._stalled_ms is None:
            self._send(self.session.data_to_send())
            self._transport.close()
        else:
            self._transport.abort()

    def abort(self) -> None:
        """Closes at once; what was to be sent is dropped."""
        if self._transport is not None:
            self._transport.abort()

    def look_after(self, now_ms: int, stall_ms: int) -> None:
        """Called now and then: ends what is idle, stalled, or does not manage to close."""
        since_ms = self._stalled_ms if self._closing_ms is None else self._closing_ms
        if since_ms is not None and now_ms - since_ms > stall_ms and self._transport:
            if self._closing_ms is None:
                self.close("it does not read")
            else:
                self._transport.abort()
        elif reason := self.session.expired(now_ms):
            self.close(reason)

    def stop_reading(self) -> None:
        """For the end of the server: nothing more is taken, what was taken is answered."""
        self._held += HELD_REPORTS + 1
        self._govern_reading()

    def write_released(self) -> None:
        """Sends what one commit released, in one write."""
        out, self._out = self._out, b""
        self._send(out)
        self._govern_reading()

    def _carry_out(self) -> None:
        session = self.session
        for origin, reports, answers in session.submissions():
            self._held += len(reports)
            self._server.journal.submit(
                origin, time.time_ns() // 1_000_000, reports, partial(self._released, answers, len(reports))
            )
        events = session.events()
        for todo in events:
            self._do(todo)
        out = session.data_to_send()
        if out:
            self._send(out)
        if self._held > HELD_REPORTS:
            self._govern_reading()

    def _released(self, answers: bytes, reports: int, outcome: int) -> None:
        """After the commit: the answers may go. `write_released` follows once all are told."""
        self._held -= reports
        if outcome != STORED:
            answers = self.session.refused(answers)
        if not self._out:
            self._server.touched.append(self)
        self._out += answers

    def _do(self, todo: Event) -> None:
        registry = self._server.registry
        if isinstance(todo, Authenticated):
            self._server.take_over(self, todo.identity)
        elif isinstance(todo, Left):
            self._server.leave(self, todo.identity)
        elif isinstance(todo, Register):
            answer = partial(self._registered, todo)
            registry.register(todo.identity, todo.edition, todo.device, answer)
        elif isinstance(todo, Deregister):
            registry.deregister(todo.identity, partial(self._deregistered, todo))
        elif isinstance(todo, Close):
            self.close(todo.reason)

    def _registered(self, asked: Register, result: int | None, code: bytes) -> None:
        self._server.note(self, f"registration answered {result}", asked.identity)
        asked.answer(result, code)
        self._send(self.session.data_to_send())

    def _deregistered(self, asked: Deregister, written: bool) -> None:
        event(_log, logging.INFO, "deregistration", terminal=asked.identity, peer=self.peer, written=written)
        asked.answer(written)
        self._send(self.session.data_to_send())

    def _send(self, data: bytes) -> None:
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _govern_reading(self) -> None:
        """Reading is on while neither commits nor the peer lag behind."""
        reading = self._stalled_ms is None and self._held <= HELD_REPORTS
        if reading == self._reading or self._transport is None or self._transport.is_closing():
            return
        self._reading = reading
        if reading:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()
