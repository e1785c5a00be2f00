"""The board's socket: names are looked up as seldom as can be, since that stops everything. Portable."""

import errno
import select

from harness import run

from firmware.board import link
from firmware.board.link import ADDRESSES_MAX, LOOK_UP_AGAIN_MS, Link


class Network:
    """Stands for the module socket. answers: whether the name server does."""

    AF_INET = 2
    SOCK_STREAM = 1
    SOCK_DGRAM = 2

    def __init__(self):
        self.answers = True
        self.asked = []
        self.connected = []

    def getaddrinfo(self, host, port):
        self.asked.append(host)
        if not self.answers:
            raise OSError(-2)
        return [(2, 1, 0, "", (host + str(len(self.asked)), port))]

    def socket(self, family, kind):
        return Socket(self)


class Socket:
    def __init__(self, network):
        self._network = network

    def setblocking(self, on):
        assert not on

    def connect(self, address):
        self._network.connected.append(address[0])
        raise OSError(errno.EINPROGRESS, "")

    def close(self):
        """Nothing is there."""


class Poll:
    def register(self, stream, events):
        """Nobody polls."""

    def unregister(self, stream):
        """Nobody polls."""


class Terminal:
    """Wants the server of this name, always."""

    udp = False

    def __init__(self):
        self.settings = self
        self.name = "main"
        self.closed = 0

    def wants_link(self):
        return (self.name, 7808)

    def wants_close(self):
        return False

    def link_opened(self, now_ms):
        """As it should be."""

    def link_closed(self, now_ms):
        self.closed += 1


class Bench:
    """A Link whose connections come up and break as the test says."""

    def __init__(self):
        self.network = link.socket = Network()
        self.terminal = Terminal()
        self.link = Link(Poll())
        self.now_ms = 0

    def connect(self, opens=True, after_ms=1000):
        self.now_ms += after_ms
        self.link.serve(self.terminal, self.now_ms)
        if opens and self.link._socket is not None:
            self.link.on_event(self.terminal, select.POLLOUT, self.now_ms)
        self.link.drop(self.terminal, self.now_ms)


def check_an_address_that_serves_is_asked_for_once():
    bench = Bench()
    for _ in range(20):
        bench.connect()
    assert bench.network.asked == ["main"] and bench.network.connected == ["main1"] * 20


def check_an_address_that_does_not_serve_is_asked_for_anew():
    bench = Bench()
    bench.connect()
    bench.connect(opens=False)
    bench.connect()
    bench.connect()
    assert bench.network.connected == ["main1", "main1", "main2", "main2"]


def check_a_silent_name_server_stops_the_loop_once_a_minute_and_the_old_address_is_tried():
    bench = Bench()
    bench.connect()
    bench.network.answers = False
    for _ in range(120):
        bench.connect(opens=False)
    assert bench.network.connected == ["main1"] * 121
    assert len(bench.network.asked) <= 2 + 120000 // LOOK_UP_AGAIN_MS
    bench.network.answers = True
    bench.connect(after_ms=LOOK_UP_AGAIN_MS)
    assert bench.network.connected[-1] != "main1"


def check_a_name_that_nobody_knows_fails_without_asking_again_at_once():
    bench = Bench()
    bench.network.answers = False
    for _ in range(10):
        bench.connect()
    assert bench.network.asked == ["main"] and bench.terminal.closed == 10


def check_names_that_the_platform_invents_do_not_fill_the_memory():
    bench = Bench()
    for number in range(50):
        bench.terminal.name = "server" + str(number)
        bench.connect()
    assert len(bench.link._addresses) == ADDRESSES_MAX


run(globals())
