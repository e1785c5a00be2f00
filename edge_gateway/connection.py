"""One socket: carries bytes between a session core and the transport, and bounds what it may cost.

One `receive` per read, one write per wake-up. Decides nothing about the protocol.
"""

import asyncio
import logging
from functools import partial
from time import time_ns
from typing import TYPE_CHECKING, Final, cast

from .log import event
from .session import (
    Answered,
    Authenticated,
    Close,
    Deregister,
    EditionSeen,
    Event,
    Left,
    Register,
    Session,
    StoreMedia,
    Uplink,
)
from .turn import take_read

if TYPE_CHECKING:
    from ._hotpath import Passenger
    from .server import Server

# Answers that wait in the socket's buffer before reading stops: 3,000 of them.
WRITE_BUFFER_BYTES: Final = 64 * 1024
# Reports that wait for commits before reading stops: a terminal that catches up is slowed, not refused.
HELD_REPORTS: Final = 4096
# From who has not authenticated: registration and authentication are a few hundred, noise is endless.
STRANGER_BYTES: Final = 16 * 1024
_log = logging.getLogger(__name__)


class Connection(asyncio.Protocol):
    """Made by the server for each socket; see asyncio.Protocol for the callbacks.

    held: reports in the journal's hands. out: answers released by the commit that is being told of.
    passenger: itself on the express lane, while it is there; its transport does not read then. fd: of its
    socket, once it was looked for.
    """

    __slots__ = (
        "_allowance",
        "_closing_ms",
        "_early",
        "_looked_ms",
        "_server",
        "_stalled_ms",
        "_waits",
        "fd",
        "held",
        "out",
        "passenger",
        "peer",
        "reading",
        "session",
        "speaks_for",
        "transport",
    )

    def __init__(self, server: "Server") -> None:
        self._server = server
        self.transport: asyncio.Transport | None = None
        self.session: Session
        self.peer = ""
        # As the events come, which is later than the session: what was said before it left is still its own.
        self.speaks_for: str | None = None
        self.held = 0
        self.out = b""
        self.passenger: Passenger | None = None
        self.fd: int | None = None
        self.reading = True
        self._stalled_ms: int | None = None  # since when the peer does not take what we send
        self._closing_ms: int | None = None
        self._waits = False  # to be let in: many came at once
        self._early = b""  # what came meanwhile, one read at most
        self._allowance = 0.0  # bytes that may still come before reading rests
        self._looked_ms = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A socket was accepted."""
        peer = transport.get_extra_info("peername")
        if not self.peer:
            if peer and self._server.is_balancer(peer[0]):
                self._server.ask_balancer(self, cast(asyncio.Transport, transport), peer)
                return
            self.peer = f"{peer[0]}:{peer[1]}" if peer else "?"
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        self.session = self._server.new_session()
        self._allowance = STRANGER_BYTES
        self._looked_ms = self._server.now_ms()
        if not self._server.admits(self):
            self.transport.abort()

    def wait(self) -> None:
        """Too many came at once: nothing is read until `let_in`."""
        self._waits = True
        asyncio.get_running_loop().call_soon(
            self.govern_reading
        )  # uvloop begins to read after connection_made

    def let_in(self) -> None:
        """Its turn has come."""
        self._waits = False
        early, self._early = self._early, b""
        if early:
            self.data_received(early)
        self.govern_reading()

    def data_received(self, data: bytes) -> None:
        """The next bytes of the stream."""
        if self._closing_ms is not None:
            return
        if self._waits:
            self._early += data
            return
        server = self._server
        self._allowance -= len(data)
        if self._allowance < 0:
            if self.session.identity is None:
                self._hear_out(data)
                return
            self.govern_reading()
        if server.taps:
            server.tap(self, "up", data)
        now_ms = int(server.loop_s() * 1000)
        if server.express is not None and not self.held:
            allowance = self._allowance + len(data)  # the lane charges for it
            self.passenger = server.express.board(self, data, allowance, now_ms)
            if self.passenger is not None:
                return
        count = take_read(self, data, now_ms, time_ns() // 1_000_000, server.journal, server.releases)
        if not count:
            self.session.receive(data, now_ms)
            self._carry_out(now_ms)
            return
        if self.held > HELD_REPORTS:
            self.govern_reading()

    def _hear_out(self, data: bytes) -> None:
        """A stranger has said more than any needs to. If its beginning does not say who it is, it goes."""
        now_ms = self._server.now_ms()
        self.session.receive(data[:STRANGER_BYTES], now_ms)
        self._carry_out(now_ms)
        if self.session.identity is None:
            self.close("too much before authentication")
        elif len(data) > STRANGER_BYTES:
            self.data_received(data[STRANGER_BYTES:])

    def alight(self) -> None:
        """Leaves the express lane, if it is there: what changed on it is its own again."""
        passenger, self.passenger = self.passenger, None
        if passenger is None or self._server.express is None:
            return
        self._server.express.alight(passenger)
        session = self.session
        session.intake.speaker.serial = passenger.serial
        session.due_serial, session.heard_ms = passenger.due_serial, passenger.heard_ms
        self.held, self._allowance = passenger.held, passenger.allowance
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()

    def write(self, rest: bytes) -> None:
        """What the express lane could not send at once."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(rest)

    def pause_writing(self) -> None:
        """The peer does not read: neither do we, until it does or its time is over."""
        self._stalled_ms = self._server.now_ms()
        self.govern_reading()

    def resume_writing(self) -> None:
        """The peer reads again."""
        self._stalled_ms = None
        self.govern_reading()

    def connection_lost(self, error: Exception | None) -> None:
        """The socket is gone; answers that come from now on are dropped."""
        self.alight()
        self._note_spending()
        self.transport = None
        self.session.closed()
        self._server.forget(self)

    def close(self, reason: str) -> None:
        """Sends what is to be sent, then closes; at once when the peer takes nothing."""
        if self.transport is None or self._closing_ms is not None:
            return
        self.alight()
        self._note_spending()
        self._closing_ms = self._server.now_ms()
        self._server.closing(self, reason)
        self.session.closed()
        if self._stalled_ms is None:
            self._send(self.session.data_to_send())
            self.transport.close()
        else:
            self.transport.abort()

    def _note_spending(self) -> None:
        """A terminal that comes again has what it had left: the limit is its own, not its connection's."""
        identity = self.session.identity
        if identity is not None and self._closing_ms is None:
            self._server.spending.note(identity, self._allowance, self._server.now_ms())

    def abort(self) -> None:
        """Closes at once; what was to be sent is dropped."""
        self.alight()
        if self.transport is not None:
            self.transport.abort()

    def send(self, message_id: int, body: bytes, first_serial: int | None) -> list[int]:
        """Puts a message of the platform on the line: gives its serials. first_serial: of an earlier sending
        on this connection that is said again. Raises ConnectionError when the line is gone."""
        if self.transport is None or self._closing_ms is not None or self.session.identity is None:
            raise ConnectionError("the connection is gone")
        self.alight()
        serials = self.session.send(message_id, body, self._server.now_ms(), first_serial)
        self._send(self.session.data_to_send())
        return serials

    def look_after(self, now_ms: int, stall_ms: int) -> None:
        """Called now and then: ends what is idle, stalled, or does not manage to close."""
        if self.passenger is not None:
            self.session.heard_ms = self.passenger.heard_ms
        since_ms = self._stalled_ms if self._closing_ms is None else self._closing_ms
        if since_ms is not None and now_ms - since_ms > stall_ms and self.transport:
            if self._closing_ms is None:
                self.close("it does not read")
            else:
                self.transport.abort()
        elif reason := self.session.expired(now_ms):
            self.close(reason)
        else:
            self.session.tick(now_ms)
            self._send(self.session.data_to_send())
            self._allow(now_ms)

    def _allow(self, now_ms: int) -> None:
        """What has been earned since the last look; reading goes on when it rested."""
        limits, passenger = self._server.limits, self.passenger
        if passenger is not None:
            self._allowance = passenger.allowance
        earned = limits.bytes_per_s * (now_ms - self._looked_ms) / 1000
        most = STRANGER_BYTES if self.session.identity is None else limits.burst_bytes
        self._allowance = min(most, self._allowance + earned)
        self._looked_ms = now_ms
        if passenger is not None:
            passenger.allowance = self._allowance
        elif not self.reading:
            self.govern_reading()

    def stop_reading(self) -> None:
        """For the end of the server: nothing more is taken, what was taken is answered."""
        self.alight()
        self.held += HELD_REPORTS + 1
        self.govern_reading()

    def govern_reading(self) -> None:
        """Reading is on while neither commits nor the peer lag behind, and it has not sent too much."""
        reading = self._stalled_ms is None and self.held <= HELD_REPORTS
        reading = reading and self._allowance >= 0 and not self._waits
        if reading == self.reading or self.transport is None or self.transport.is_closing():
            return
        self.reading = reading
        if self._allowance < 0:
            self._server.counters["slowed_peers"] += 1
        if reading:
            self.transport.resume_reading()
        else:
            self.transport.pause_reading()

    def _carry_out(self, now_ms: int) -> None:
        session, server = self.session, self._server
        for origin, packed, count, answers in session.submissions():
            self.held += count
            ticket = (self, answers, count, now_ms)
            server.journal.submit_packed(
                origin, time_ns() // 1_000_000, packed, count, server.releases, ticket
            )
        events = session.events()
        for todo in events:
            self._do(todo)
        out = session.data_to_send()
        if out:
            self._send(out)
        if self.held > HELD_REPORTS:
            self.govern_reading()

    def _do(self, todo: Event) -> None:
        registry = self._server.registry
        if isinstance(todo, Authenticated):
            self.speaks_for = todo.identity
            self._server.take_over(self, todo.identity, todo.edition)
            self._allowance = self._server.spending.left_of(todo.identity, self._server.now_ms())
        elif isinstance(todo, Left):
            self.speaks_for = None
            self._server.leave(self, todo.identity)
        elif isinstance(todo, Register):
            answer = partial(self._registered, todo)
            registry.register(todo.identity, todo.edition, todo.device, answer)
        elif isinstance(todo, Deregister):
            registry.deregister(todo.identity, partial(self._deregistered, todo))
        elif isinstance(todo, EditionSeen):
            self._server.learn_edition(self, todo.identity, todo.edition)
        elif isinstance(todo, StoreMedia) and self._server.media is not None:
            self._server.media.take(todo, partial(self._media_stored, todo))
        elif isinstance(todo, Answered | Uplink):
            self._server.tell(self, todo)
        elif isinstance(todo, Close):
            self.close(todo.reason)

    def _registered(self, asked: Register, result: int | None, code: bytes) -> None:
        self._server.note(self, f"registration answered {result}", asked.identity)
        self.alight()
        asked.answer(result, code)
        self._send(self.session.data_to_send())

    def _media_stored(self, asked: StoreMedia, stored: bool) -> None:
        self.alight()
        asked.answer(stored)
        self._send(self.session.data_to_send())

    def _deregistered(self, asked: Deregister, written: bool) -> None:
        event(_log, logging.INFO, "deregistration", terminal=asked.identity, peer=self.peer, written=written)
        self.alight()
        asked.answer(written)
        self._send(self.session.data_to_send())

    def _send(self, data: bytes) -> None:
        if data and self.transport is not None and not self.transport.is_closing():
            if self._server.taps:
                self._server.tap(self, "down", data)
            self.transport.write(data)
