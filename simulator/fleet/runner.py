"""Runs a fleet of trucks over real sockets in one asyncio loop: connects, cuts in tunnels, drains at the end.

Has the clock and the sockets and nothing else; what a truck says and when is the terminal core's business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final, cast

from ..faults.power_cut import PowerFailed
from .truck import Truck

CONNECT_TIMEOUT_S: Final = 10.0
DRAIN_POLL_S: Final = 0.05
_SEND_HIGH_WATER: Final = 64 * 1024  # bytes the kernel did not take yet; beyond that the terminal waits


class Clock:
    """The terminals' clock: milliseconds since the start, `rate` times as fast as the wall's."""

    def __init__(self, rate: float = 1.0) -> None:
        self.rate = rate
        self._loop = asyncio.get_running_loop()
        self._start = self._loop.time()

    def now_ms(self) -> int:
        """Milliseconds of the terminals."""
        return int((self._loop.time() - self._start) * self.rate * 1000)

    def wall_of(self, at_ms: int) -> float:
        """The loop's time of a terminal's millisecond. One is added, for a timer must not come early."""
        return self._start + (at_ms + 1) / 1000 / self.rate


class TruckLink(asyncio.Protocol):
    """One truck and at most one connection of it."""

    def __init__(self, truck: Truck, clock: Clock) -> None:
        self.truck = truck
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._ended = False
        self.connections = 0
        self.failures = 0

    @property
    def online(self) -> bool:
        """Whether a connection is open."""
        return self._transport is not None

    def advance(self) -> None:
        """Let the truck live up to now, do what it wants, and come back when it next has something to do."""
        if self._ended:
            return
        self._live(self._turn)
        if self.truck.parked and self.truck.held == 0:
            self._leave()
        else:
            self._schedule()

    def cut(self) -> None:
        """The network goes away without a word, as in a tunnel."""
        if self._transport is not None:
            self._transport.abort()
            self._lost()

    def power_cut(self) -> None:
        """The truck loses its link and its memory, and boots anew."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None
        while True:
            try:
                return self.truck.power_cut()
            except PowerFailed:  # flash is tidied up at the start, so the power may fail there too
                continue

    async def end(self) -> None:
        """Closes the connection and stops the timers; the truck is not touched any more."""
        self._leave()
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.gather(self._connecting, return_exceptions=True)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: connected."""
        if self._ended or self.truck.terminal.wants_link() is None:  # the power failed while it connected
            cast(asyncio.Transport, transport).abort()
            return
        self._transport = cast(asyncio.Transport, transport)
        self.connections += 1
        self._live(lambda: self.truck.terminal.link_opened(self._clock.now_ms()))
        self.advance()

    def data_received(self, data: bytes) -> None:
        """asyncio: bytes from the gateway."""
        if not self._ended:
            self._live(lambda: self.truck.terminal.receive(data, self._clock.now_ms()))
            self.advance()

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio: the connection is gone. A link that `cut` already took down is not reported twice."""
        if self._transport is not None:
            self._lost()
            self.advance()

    def _leave(self) -> None:
        self._ended = True
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.close()

    def _lost(self) -> None:
        self._transport = None
        if not self._ended:
            self._live(lambda: self.truck.terminal.link_closed(self._clock.now_ms()))

    def _live(self, step: Callable[[], None]) -> None:
        """One step in the terminal's life, unless the power fails in the middle of it."""
        try:
            step()
        except PowerFailed:
            self.power_cut()

    def _turn(self) -> None:
        self.truck.tick(self._clock.now_ms())
        self._apply_wishes()

    def _apply_wishes(self) -> None:
        terminal = self.truck.terminal
        if self._transport is not None and (self.truck.covered or terminal.wants_close()):
            self.cut()
        if self._transport is not None:
            self._send()
        elif self._connecting is None and not self.truck.covered:
            server = terminal.wants_link()
            if server is not None:
                self._connecting = self._loop.create_task(self._connect(*server))

    def _send(self) -> None:
        transport = self._transport
        while transport is not None and transport.get_write_buffer_size() < _SEND_HIGH_WATER:
            data = self.truck.terminal.data_to_send()
            if data is None:
                return
            # The terminal uses its one buffer again for the next frame, asyncio may keep what it is given.
            transport.write(bytes(data))

    async def _connect(self, host: str, port: int) -> None:
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._loop.create_connection(lambda: self, host, port)
        except (OSError, TimeoutError):
            self.failures += 1
            self._lost()
        finally:
            self._connecting = None
        self.advance()

    def _schedule(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        at_ms = self.truck.next_deadline_ms()
        if at_ms is not None:
            wall = max(self._clock.wall_of(at_ms), self._loop.time() + 0.001)
            self._timer = self._loop.call_at(wall, self.advance)


class Runner:
    """A fleet under way. `start`, then `drain`, then `end`; or `async with`, which ends it."""

    def __init__(self, trucks: Iterable[Truck], rate: float = 1.0) -> None:
        self._trucks = list(trucks)
        self._rate = rate
        self.links: list[TruckLink] = []

    async def __aenter__(self) -> Runner:
        self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.end()

    @property
    def trucks(self) -> list[Truck]:
        """All trucks."""
        return self._trucks

    @property
    def online(self) -> int:
        """Trucks with an open connection."""
        return sum(link.online for link in self.links)

    @property
    def covered(self) -> int:
        """Trucks in a tunnel."""
        return sum(truck.covered for truck in self._trucks)

    @property
    def held(self) -> int:
        """Reports and letters that are not acknowledged yet, on all trucks."""
        return sum(truck.held for truck in self._trucks)

    def start(self) -> None:
        """Sets all trucks going, spread over one second as a fleet is."""
        clock = Clock(self._rate)
        self.links = [TruckLink(truck, clock) for truck in self._trucks]
        loop = asyncio.get_running_loop()
        for number, link in enumerate(self.links):
            loop.call_later(number / len(self.links) / self._rate, link.advance)

    def stop_driving(self) -> None:
        """No more reports from now on; what is held is still sent."""
        for link in self.links:
            link.truck.stop_driving()
            link.advance()

    async def drain(self, timeout_s: float) -> bool:
        """Stops driving and waits until the gateway has acknowledged everything. False: not in time.

        A truck that holds nothing leaves at once.
        """
        self.stop_driving()
        return await wait_until(lambda: self.held == 0, timeout_s)

    async def end(self) -> None:
        """Closes all connections."""
        await asyncio.gather(*(link.end() for link in self.links))


async def wait_until(condition: Callable[[], bool], timeout_s: float, poll_s: float = DRAIN_POLL_S) -> bool:
    """Waits for a condition without an event of its own. False when the time is up."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    while not condition():
        if loop.time() >= deadline:
            return False
        await asyncio.sleep(poll_s)
    return True
