"""The truck's line to a real gateway in lockstep: while an answer is on its way, no time passes.

A plain socket in the caller's thread. What is unanswered is seen on the line itself, from the frames that go
up and come down; the terminal is not asked.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable
from typing import Final

from protocols.wire.framing import FrameSplitter
from protocols.wire.header import parse_header

from ..faults.power_cut import PowerFailed
from ..fleet.truck import Truck

PATIENCE_S: Final = 10.0  # of the wall's clock, for one answer
CONNECT_S: Final = 5.0
READ_BYTES: Final = 512
# Up, and never answered by a general response: answers, and the question for the time.
_ANSWERS: Final = (0x0001, 0x0004, 0x0104, 0x0107, 0x0201, 0x0500, 0x0608, 0x0700, 0x0802, 0x0805)
_GENERAL: Final = (0x8001, 0x8100)


class Line:
    """`pump` after each step of the truck's time. connections, breaks, stalls (answers that did not come in
    PATIENCE_S), power_cuts: counted. strike: called once, at the next moment when something is unanswered.
    """

    def __init__(self, truck: Truck, server: tuple[str, int]) -> None:
        self.connections = self.breaks = self.stalls = self.power_cuts = 0
        self.strike: Callable[[], None] | None = None
        self._truck = truck
        self._server = server
        self._socket: socket.socket | None = None
        self._up = FrameSplitter()
        self._down = FrameSplitter()
        self._unanswered: set[int] = set()  # serials
        self.now_ms = 0

    def advance(self, now_ms: int) -> None:
        """Lets the truck live up to `now_ms`, then talks until nobody has anything more to say."""
        self.now_ms = now_ms
        try:
            self._truck.tick(now_ms)
            self.pump()
        except PowerFailed:
            self.power_cut()

    def pump(self) -> None:
        """Connects, sends, and waits for what is to be answered. Raises PowerFailed."""
        while self._is_open():
            sent = self._send()
            if self._unanswered and self.strike is not None:
                strike, self.strike = self.strike, None
                strike()
            data = self._hear(PATIENCE_S if self._unanswered else 0.0)
            if data:
                self._take(data)
                self._truck.terminal.tick(self.now_ms)
            elif not sent and data is None:
                return

    def wait(self, timeout_s: float) -> None:
        """Hears what the gateway says of its own accord within so long, and answers it."""
        data = self._hear(timeout_s) if self._socket is not None else None
        if data:
            self._take(data)
        try:
            self.pump()
        except PowerFailed:
            self.power_cut()

    def cut(self) -> None:
        """The network is gone, without a word."""
        if self._socket is not None:
            self._lost()
            self._truck.terminal.link_closed(self.now_ms)

    def power_cut(self) -> None:
        """The truck loses its link and its memory, and boots anew."""
        self.power_cuts += 1
        if self._socket is not None:
            self._lost()
        self._truck.power_cut()

    def restart(self) -> None:
        """The truck's board begins anew by itself."""
        if self._socket is not None:
            self._lost()
        self._truck.power_cut()

    def _lost(self) -> None:
        assert self._socket is not None
        self._socket.close()
        self._socket = None
        self._unanswered.clear()
        self.breaks += 1

    def _is_open(self) -> bool:
        terminal = self._truck.terminal
        if self._socket is not None and (self._truck.covered or terminal.wants_close()):
            self.cut()
        if self._socket is None and not self._truck.covered and terminal.wants_link() is not None:
            try:
                self._socket = socket.create_connection(self._server, CONNECT_S)
            except OSError:
                terminal.link_closed(self.now_ms)
                return False
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            self._up, self._down = FrameSplitter(), FrameSplitter()
            terminal.link_opened(self.now_ms)
        return self._socket is not None

    def _send(self) -> bool:
        sent = False
        while self._socket is not None and (data := self._truck.terminal.data_to_send()) is not None:
            sent = True
            for payload in self._up.receive(bytes(data)):
                header = parse_header(payload)
                if header.message_id not in _ANSWERS:
                    self._unanswered.add(header.serial)
            try:
                self._socket.sendall(data)
            except OSError:
                self.cut()
        return sent

    def _hear(self, timeout_s: float) -> bytes | None:
        """What came; None when nothing came in time, or the line is gone."""
        if self._socket is None:
            return None
        if not select.select([self._socket], [], [], timeout_s)[0]:
            self.stalls += timeout_s == PATIENCE_S
            self._unanswered.clear()
            return None
        try:
            data = self._socket.recv(65536)
        except OSError:
            data = b""
        if not data:
            self.cut()
        return data or None

    def _take(self, data: bytes) -> None:
        for payload in self._down.receive(data):
            header = parse_header(payload)
            if header.message_id in _GENERAL:  # both begin with the serial that they answer
                self._unanswered.discard(int.from_bytes(payload[header.body_at : header.body_at + 2], "big"))
        for at in range(0, len(data), READ_BYTES):  # a board reads as much at once, and writes in between
            self._truck.terminal.receive(data[at : at + READ_BYTES], self.now_ms)
            self._send()
