"""The line to the platform over PPP: dial, hand the UART to `network.PPP`, then sockets; back when it ends.

PPP tells nobody that it is dead, so the ladder counts what the sockets meet. It is always ended by
`disconnect` and a wait until it says so: to drop it earlier hangs some versions of MicroPython.
"""

import select

from ..ladder import BOARD, MODEM, NETWORK, Ladder
from ..link import Link
from ..ppp_dial import CONNECTED, PppDial

DIALLING = 0
NEGOTIATING = 1
UP = 2
ENDING = 3
NEGOTIATE_MS = 30000
END_MS = 5000
READ_BYTES = 128


class PppLine:
    """The link port of `app.run`. make_ppp(uart): network.PPP. restart_board: called for the last rung.

    state, ladder: for reading. signal: of the dial, in `terminal.signal`.
    """

    def __init__(self, uart, poll, apn, make_ppp, reset, restart_board, now_ms):
        self.ladder = Ladder(now_ms)
        self.link = Link(poll, self.ladder)
        self.state = DIALLING
        self._uart = uart
        self._poll = poll
        self._make_ppp = make_ppp
        self._reset = reset
        self._restart_board = restart_board
        self._buffer = bytearray(READ_BYTES)
        self._dial = PppDial(apn, self.ladder, now_ms)
        self._ppp = None
        self._deadline_ms = 0
        poll.register(uart, select.POLLIN)

    def owns(self, stream):
        """Whether an event of poll is about this line."""
        return stream is self._uart or self.link.owns(stream)

    def on_event(self, terminal, event, now_ms):
        """The modem answers the dial, or the socket has something."""
        if self.state == DIALLING:
            count = self._uart.readinto(self._buffer) or 0
            self._dial.feed(bytes(memoryview(self._buffer)[:count]))
        else:
            self.link.on_event(terminal, event, now_ms)

    def serve(self, terminal, now_ms):
        """The next step of the line, and of the socket on it."""
        if self._reset.pulled(now_ms):
            return
        self._climb(terminal, now_ms)
        if self.state == DIALLING:
            self._serve_dial(terminal, now_ms)
        elif self.state == NEGOTIATING:
            if self._is_up():
                self.state = UP
            elif now_ms >= self._deadline_ms:
                self.ladder.failed()
                self._end(terminal, now_ms)
        elif self.state == UP:
            if self._is_up():
                self.link.serve(terminal, now_ms)
            else:
                self.ladder.failed()
                self._end(terminal, now_ms)
        elif not self._is_up() or now_ms >= self._deadline_ms:
            self._ended(now_ms)

    def _climb(self, terminal, now_ms):
        rung = self.ladder.due(now_ms)
        if rung == BOARD:
            self._restart_board()
        elif rung == MODEM or rung == NETWORK:
            terminal.health.note(b"modem reset" if rung == MODEM else b"network restarted", now_ms)
            if rung == MODEM:
                self._reset.pull(now_ms)
            if self.state == DIALLING:
                self._dial.restart(now_ms)
            elif self.state != ENDING:
                self._end(terminal, now_ms)

    def _serve_dial(self, terminal, now_ms):
        data = self._dial.serve(now_ms)
        if data:
            self._uart.write(data)  # a command is shorter than the UART's own buffer
        if self._dial.state == CONNECTED:
            terminal.signal = self._dial.signal
            self._poll.unregister(self._uart)
            self._ppp = self._make_ppp(self._uart)
            self._ppp.active(True)
            self._ppp.connect()
            self.state = NEGOTIATING
            self._deadline_ms = now_ms + NEGOTIATE_MS

    def _is_up(self):
        self._ppp.poll()
        return self._ppp.isconnected()

    def _end(self, terminal, now_ms):
        self.link.drop(terminal, now_ms)
        self._ppp.disconnect()
        self.state = ENDING
        self._deadline_ms = now_ms + END_MS

    def _ended(self, now_ms):
        self._ppp.active(False)
        self._ppp = None
        self._poll.register(self._uart, select.POLLIN)
        self._dial.restart(now_ms)
        self.state = DIALLING
