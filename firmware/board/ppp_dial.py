"""Brings a modem from reset to a PPP line: the AT commands before `network.PPP` takes the UART over.

Sans-io. `serve` until `state` is CONNECTED; then the board hands the UART to PPP. After a failure it pauses
and begins anew; the ladder says when more than that is due.
"""

from .at_port import IDLE, AtPort

DIALLING = 0
CONNECTED = 1

COMMAND_MS = 5000
DIAL_MS = 60000
PAUSE_MS = 2000
GUARD_MS = 1100  # silence around "+++", which ends data mode where a restart of ours left the modem in it


class PppDial:
    """apn: of the operator, bytes. ladder: told of each failure. signal: 0…31, -1 unknown."""

    def __init__(self, apn, ladder, now_ms):
        self._script = (
            b"ATH",
            b"ATE0",
            b"AT+CSQ",
            b'AT+CGDCONT=1,"IP","' + apn + b'"',
            b"ATD*99***1#",
        )
        self.port = AtPort(self)
        self.ladder = ladder
        self.signal = -1
        self.restart(now_ms)

    def restart(self, now_ms):
        """Dials anew, from whatever state the modem is in."""
        self.port.reset()
        self.state = DIALLING
        self._step = 0
        self._escape = b"+++"
        self._pause_ms = now_ms + GUARD_MS

    def feed(self, data):
        """Bytes of the modem; not to be called any more when CONNECTED."""
        self.port.feed(data)

    def serve(self, now_ms):
        """The next bytes for the modem; b"" when there are none."""
        self._now_ms = now_ms
        self.port.tick(now_ms)
        if self.state == DIALLING and self.port.state == IDLE and now_ms >= self._pause_ms:
            if self._escape:
                escape = self._escape
                self._escape = b""
                self._pause_ms = now_ms + GUARD_MS
                return escape
            last = self._step == len(self._script) - 1
            self.port.command(self._script[self._step], DIAL_MS if last else COMMAND_MS, now_ms)
        return self.port.data_to_send()

    def on_line(self, line):
        """An information line."""
        if line.startswith(b"+CSQ: "):
            digits = line[6:].split(b",")[0]
            if digits.isdigit() and len(digits) < 3 and int(digits) <= 31:
                self.signal = int(digits)

    def on_bytes(self, data):
        """None are ever expected."""

    def on_prompt(self):
        """None is ever asked for."""

    def on_done(self, ok):
        """The command is over. The first may fail: there is nothing to hang up."""
        if not ok and self._step:
            self.ladder.failed()
            self.restart(self._now_ms)
            self._pause_ms = self._now_ms + PAUSE_MS
        elif self._step == len(self._script) - 1:
            self.state = CONNECTED
        else:
            self._step += 1
