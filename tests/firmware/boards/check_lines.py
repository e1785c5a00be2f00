"""The boards' lines on bad days: PPP that ends, modems that are mute, the whole ladder. Portable."""

from harness import run

from firmware.board.esp32.line import DIALLING, UP, PppLine
from firmware.board.modem_reset import PULL_MS, ModemReset
from firmware.board.rp2.line import AtLine


class Poll:
    """Remembers what is registered."""

    def __init__(self):
        self.streams = []

    def register(self, stream, events):
        if stream not in self.streams:
            self.streams.append(stream)

    def unregister(self, stream):
        self.streams.remove(stream)


class Uart:
    """A modem that says OK to everything and CONNECT to a dial, or nothing at all."""

    def __init__(self):
        self.mute = False
        self.inbox = b""
        self.dials = 0

    def write(self, data):
        if data.startswith(b"ATD"):
            self.dials += 1
        if not self.mute and data != b"+++":
            self.inbox += b"\r\nCONNECT\r\n" if data.startswith(b"ATD") else b"\r\nOK\r\n"
        return len(data)

    def readinto(self, buffer):
        count = min(len(buffer), len(self.inbox))
        buffer[:count] = self.inbox[:count]
        self.inbox = self.inbox[count:]
        return count or None


class Ppp:
    """network.PPP, up and down as the test says. calls: what was asked of it."""

    carrier = True

    def __init__(self, stream):
        self.calls = []
        self._on = False

    def active(self, on):
        self.calls.append("active" if on else "inactive")
        assert on or not self.isconnected()  # to drop it while it is up hangs some versions

    def connect(self):
        self._on = True

    def disconnect(self):
        self.calls.append("disconnect")
        self._on = False

    def poll(self):
        """Nothing to do."""

    def isconnected(self):
        return self._on and Ppp.carrier


class Health:
    def __init__(self):
        self.notes = []

    def note(self, what, now_ms):
        self.notes.append(what)


class Terminal:
    """Wants no link of its own accord; remembers what it is told."""

    def __init__(self):
        self.signal = -1
        self.health = Health()
        self.closed = 0

    def wants_link(self):
        return None

    def wants_close(self):
        return False

    def link_closed(self, now_ms):
        self.closed += 1


class Bench:
    """One line with everything below it. pulls: of the modem's reset pin. restarts: of the board."""

    def __init__(self, make):
        Ppp.carrier = True
        self.uart = Uart()
        self.poll = Poll()
        self.ppps = []
        self.pin = []
        self.restarts = 0
        self.now_ms = 0
        self.terminal = Terminal()
        self.line = make(self, ModemReset(self.pin.append))

    def make_ppp(self, stream):
        self.ppps.append(Ppp(stream))
        return self.ppps[-1]

    def restart(self):
        self.restarts += 1

    def pass_ms(self, total_ms, step_ms=100):
        for _ in range(total_ms // step_ms):
            self.now_ms += step_ms
            if self.uart.inbox and self.uart in self.poll.streams:
                self.line.on_event(self.terminal, 1, self.now_ms)
            self.line.serve(self.terminal, self.now_ms)


def over_ppp(bench, reset):
    return PppLine(bench.uart, bench.poll, b"cmnet", bench.make_ppp, reset, bench.restart, 0)


def over_at(bench, reset):
    return AtLine(bench.uart, bench.poll, b"cmnet", reset, bench.restart, 0)


def check_dials_and_gives_the_uart_to_ppp():
    bench = Bench(over_ppp)
    assert bench.line.owns(bench.uart) and bench.uart in bench.poll.streams
    bench.pass_ms(10000)
    assert bench.line.state == UP and len(bench.ppps) == 1
    assert bench.uart not in bench.poll.streams  # two readers of one UART would each get half


def check_a_lost_carrier_is_ended_properly_and_dialled_again():
    bench = Bench(over_ppp)
    bench.pass_ms(10000)
    Ppp.carrier = False
    bench.pass_ms(300)
    assert bench.line.state == DIALLING and bench.uart in bench.poll.streams
    assert bench.ppps[0].calls == ["active", "disconnect", "inactive"]
    Ppp.carrier = True
    bench.pass_ms(10000)
    assert bench.line.state == UP and len(bench.ppps) == 2 and bench.restarts == 0


def check_negotiation_that_does_not_end_is_given_up():
    bench = Bench(over_ppp)
    Ppp.carrier = False
    bench.pass_ms(100000)
    assert len(bench.ppps) >= 2 and bench.uart.dials == len(bench.ppps)


def climb(make):
    bench = Bench(make)
    bench.uart.mute = True
    bench.pass_ms(290000, 500)
    assert b"network restarted" in bench.terminal.health.notes and not bench.pin
    bench.pass_ms(30000, 500)
    assert b"modem reset" in bench.terminal.health.notes
    assert bench.pin == [1, 0] and bench.restarts == 0
    bench.pass_ms(1200000, 500)
    assert bench.restarts == 1, bench.restarts


def check_a_mute_modem_over_ppp_takes_every_rung():
    climb(over_ppp)


def check_a_mute_modem_with_sockets_takes_every_rung():
    climb(over_at)


def check_the_reset_line_is_held_long_enough():
    pin = []
    reset = ModemReset(pin.append)
    assert not reset.pulled(0)
    reset.pull(1000)
    assert reset.pulled(1000 + PULL_MS - 1) and pin == [1]
    assert not reset.pulled(1000 + PULL_MS) and pin == [1, 0]
    assert not reset.pulled(99999) and pin == [1, 0]


def check_a_board_without_reset_line_goes_on():
    reset = ModemReset(None)
    reset.pull(0)
    assert not reset.pulled(1)


run(globals())
