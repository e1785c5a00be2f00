"""The line to the platform through the modem's own TCP stack, over one UART."""

import select

from ..at_link import AtLink
from ..ladder import BOARD, MODEM, NETWORK

READ_BYTES = 256


class AtLine:
    """The link port of `app.run`. restart_board: called for the last rung. link, ladder: for reading."""

    def __init__(self, uart, poll, apn, reset, restart_board, now_ms):
        self.link = AtLink(apn, now_ms)
        self.ladder = self.link.ladder
        self._uart = uart
        self._reset = reset
        self._restart_board = restart_board
        self._buffer = bytearray(READ_BYTES)
        self._unsent = b""
        poll.register(uart, select.POLLIN)

    def owns(self, stream):
        """Whether an event of poll is about this line."""
        return stream is self._uart

    def on_event(self, terminal, event, now_ms):
        """The modem says something."""
        count = self._uart.readinto(self._buffer) or 0
        self.link.feed(bytes(memoryview(self._buffer)[:count]), terminal, now_ms)

    def serve(self, terminal, now_ms):
        """The next step."""
        if self._reset.pulled(now_ms):
            return
        rung = self.ladder.due(now_ms)
        if rung == BOARD:
            self._restart_board()
        elif rung == MODEM or rung == NETWORK:
            terminal.health.note(b"modem reset" if rung == MODEM else b"network restarted", now_ms)
            if rung == MODEM:
                self._reset.pull(now_ms)
            self.link.restart(now_ms)
            self._unsent = b""
        self.link.serve(terminal, now_ms)
        self._unsent = self._unsent or self.link.data_to_send()
        if self._unsent:
            self._unsent = self._unsent[self._uart.write(self._unsent) or 0 :]
