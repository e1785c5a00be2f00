"""The line to the platform through a modem's own stack, TCP or UDP: SIMCom A7670 and its kin (AT+CIPOPEN …).

For boards without PPP. Sans-io like the terminal: the board hands in bytes of the UART and `now_ms`. The
commands are those of the A76xx manual; no modem was at hand, so it is tried against a model of one only.
"""

from .at_port import IDLE, AtPort
from .ladder import Ladder

# States. BOOT runs the script below; a failure there starts it anew after a pause.
BOOT = 0
READY = 1
OPENING = 2
OPEN = 3
CLOSING = 4
LOOKING_UP = 5  # a name; for TCP the modem does it by itself

COMMAND_MS = 5000
NETWORK_MS = 60000  # attaching to the network takes its time
OPEN_MS = 30000
PAUSE_MS = 2000
SIGNAL_EVERY_MS = 30000
READ_BYTES = 512
SEND_BYTES_MAX = 1460
LOCAL_PORT = 50808  # of datagrams


class AtLink:
    """`feed` with what the UART gave, then `serve`; `data_to_send` goes to the UART. One connection.

    apn: of the operator, bytes. ladder: says when to restart more than the connection. state: for people.
    """

    def __init__(self, apn, now_ms):
        self.port = AtPort(self)
        self.ladder = Ladder(now_ms)
        self.state = BOOT
        self.signal = -1
        self._script = (
            b"ATE0",
            b'AT+CGDCONT=1,"IP","' + apn + b'"',
            b"AT+CIPMODE=0",
            b"AT+CIPRXGET=1",
            b"AT+NETOPEN",
        )
        self._udp = False
        self._server = ("", 0)
        self._address = b""  # of the server as digits; datagrams have no other way to name it
        self._begin_boot(now_ms)

    def feed(self, data, terminal, now_ms):
        """Bytes of the modem."""
        self._terminal = terminal
        self._now_ms = now_ms
        self.port.feed(data)

    def data_to_send(self):
        """Bytes for the modem; b"" when there are none."""
        return self.port.data_to_send()

    def restart(self, now_ms):
        """The modem was reset, or its network is to be opened anew."""
        self._lost(now_ms)
        self.port.reset()
        self._begin_boot(now_ms)

    def serve(self, terminal, now_ms):
        """Does the next thing that the terminal wants and the modem is free for."""
        self._terminal = terminal
        self._now_ms = now_ms
        self.port.tick(now_ms)
        if self.port.state != IDLE or now_ms < self._pause_ms:
            return
        if self.state == BOOT:
            self._boot(now_ms)
        elif self.state == READY:
            self._when_ready(terminal, now_ms)
        elif self.state == OPENING:
            if now_ms >= self._deadline_ms:
                self._close()
        elif self.state == OPEN:
            self._when_open(terminal, now_ms)
        else:
            self._ask(b"AT+CIPCLOSE=0", COMMAND_MS, now_ms)

    # What the port tells.

    def on_line(self, line):
        """An information line or an unsolicited one."""
        if line.startswith(b"+NETOPEN: 0") or line.startswith(b"+IP ERROR: Network is already opened"):
            self._net = True
        elif line.startswith(b"+CIPOPEN: 0,"):
            self._opened(line[12:].strip() == b"0")
        elif line.startswith(b"+CIPRXGET: 1,0"):
            self._readable = True
        elif line.startswith(b"+CIPRXGET: 2,0,"):
            self._announced(line[15:])
        elif line.startswith(b"+IPCLOSE: 0") or line.startswith(b"+CIPCLOSE: 0"):
            self._lost(self._now_ms)
        elif line.startswith(b"+CDNSGIP: 1,") and self.state == LOOKING_UP:
            self._address = line.split(b'"')[3] if line.count(b'"') >= 4 else b""
        elif line.startswith(b"+CSQ: "):
            self.signal = _csq(line[6:])
            self._terminal.signal = self.signal

    def on_bytes(self, data):
        """Bytes of the platform."""
        self.ladder.heard(self._now_ms)
        self._terminal.receive(data, self._now_ms)

    def on_prompt(self):
        """The modem wants the bytes that were announced to it."""
        self.port.payload(self._unsent[:SEND_BYTES_MAX])

    def on_done(self, ok):
        """The command is over."""
        if self.state == BOOT:
            self._boot_done(ok)
        elif self.state == LOOKING_UP:
            if ok and self._address:
                self._open(self._now_ms)
            else:
                self._lost(self._now_ms)
        elif self.state == OPENING:
            if not ok:
                self._lost(self._now_ms)
        elif self.state == OPEN:
            if self._sending:
                self._sending = False
                self._unsent = self._unsent[SEND_BYTES_MAX:]
                if not ok:
                    self._close()
        elif self.state == CLOSING:
            self._lost(self._now_ms)

    # The steps.

    def _begin_boot(self, now_ms):
        self.state = BOOT
        self._step = 0
        self._net = self._readable = self._sending = False
        self._unsent = b""
        self._pause_ms = self._deadline_ms = self._signal_ms = now_ms

    def _boot(self, now_ms):
        if self._step < len(self._script):
            last = self._step == len(self._script) - 1
            self._deadline_ms = now_ms + NETWORK_MS
            self._ask(self._script[self._step], NETWORK_MS if last else COMMAND_MS, now_ms)
        elif self._net:
            self.state = READY
        elif now_ms >= self._deadline_ms:
            self._boot_failed(now_ms)

    def _boot_done(self, ok):
        if ok or self._net:
            self._step += 1
        else:
            self._boot_failed(self._now_ms)

    def _boot_failed(self, now_ms):
        self.ladder.failed()
        self._begin_boot(now_ms)
        self._pause_ms = now_ms + PAUSE_MS

    def _when_ready(self, terminal, now_ms):
        server = terminal.wants_link()
        if server is not None:
            self._server = server
            self._udp = bool(terminal.settings.udp)
            self._address = server[0].encode()
            if self._udp and not self._address.replace(b".", b"").isdigit():
                self.state = LOOKING_UP
                name, self._address = self._address, b""
                self._ask(b'AT+CDNSGIP="%s"' % name, OPEN_MS, now_ms)
            else:
                self._open(now_ms)
        else:
            self._ask_signal(now_ms)

    def _open(self, now_ms):
        self.state = OPENING
        self._deadline_ms = now_ms + OPEN_MS
        if self._udp:
            self._ask(b'AT+CIPOPEN=0,"UDP",,,%d' % LOCAL_PORT, OPEN_MS, now_ms)
        else:
            self._ask(b'AT+CIPOPEN=0,"TCP","%s",%d' % (self._address, self._server[1]), OPEN_MS, now_ms)

    def _opened(self, ok):
        if self.state != OPENING:
            return
        if ok:
            self.state = OPEN
            self._terminal.link_opened(self._now_ms)
        else:
            self._lost(self._now_ms)

    def _when_open(self, terminal, now_ms):
        if terminal.wants_close():
            self._close()
        elif self._readable:
            self._readable = False
            self._ask(b"AT+CIPRXGET=2,0,%d" % READ_BYTES, COMMAND_MS, now_ms)
        else:
            self._unsent = self._unsent or self._collect(terminal)
            if self._unsent:
                self._sending = True
                command = b"AT+CIPSEND=0,%d" % min(len(self._unsent), SEND_BYTES_MAX)
                if self._udp:
                    command += b',"%s",%d' % (self._address, self._server[1])
                self._ask(command, COMMAND_MS, now_ms, True)
            else:
                self._ask_signal(now_ms)

    def _collect(self, terminal):
        """What the terminal has to say, several frames in one command: each command costs a round trip. A
        datagram is one frame."""
        data = terminal.data_to_send() or b""
        while data and not self._udp and len(data) < SEND_BYTES_MAX // 2:
            more = terminal.data_to_send()
            if more is None:
                break
            data += more
        return data

    def _announced(self, text):
        """`LENGTH,REST`: so many bytes follow, so many are left in the modem."""
        fields = text.split(b",")
        count = _number(fields[0])
        # A full answer may have more behind it, whatever the modem says of the rest.
        self._readable = count == READ_BYTES or (len(fields) > 1 and _number(fields[1]) > 0)
        if 0 < count <= READ_BYTES:
            self.port.expect_bytes(count)

    def _close(self):
        self.state = CLOSING
        self._sending = False
        self._unsent = b""

    def _lost(self, now_ms):
        """The connection is gone, or could not be had."""
        if self.state not in (LOOKING_UP, OPENING, OPEN, CLOSING):
            return
        self.state = READY
        self._readable = self._sending = False
        self._unsent = b""
        self.ladder.failed()
        self._terminal.link_closed(now_ms)

    def _ask_signal(self, now_ms):
        if now_ms - self._signal_ms >= SIGNAL_EVERY_MS:
            self._signal_ms = now_ms
            self._ask(b"AT+CSQ", COMMAND_MS, now_ms)

    def _ask(self, text, timeout_ms, now_ms, wants_prompt=False):
        self.port.command(text, timeout_ms, now_ms, wants_prompt)


def _csq(text):
    """The radio strength 0…31 of `STRENGTH,ERRORS`, -1 when the modem does not know (99)."""
    value = _number(text.split(b",")[0])
    return value if 0 <= value <= 31 else -1


def _number(digits):
    """What the digits say, -1 for anything else: a noisy line must not stop the terminal."""
    return int(digits) if digits.isdigit() and len(digits) < 6 else -1
