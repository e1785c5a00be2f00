"""The AT line against a model of an A7670: boots, opens, sends, reads, is cut, is reset. Portable."""

from harness import run

from firmware.board import at_link
from firmware.board.at_link import AtLink
from firmware.board.ladder import BOARD, MODEM, NETWORK, NOTHING, Ladder


class Modem:
    """What the manual says an A7670 does. accepts: whether the platform lets it connect."""

    def __init__(self):
        self.sent = b""  # what reached the platform
        self.asked = []  # commands
        self.accepts = self.knows = True
        self.sent_to = []  # of datagrams
        self.mute = False
        self._in = b""
        self._out = b""
        self._inbox = b""
        self._payload = 0

    def write(self, data):
        self._in += data
        while self._in and not self.mute:
            if self._payload:
                if len(self._in) < self._payload:
                    return
                count = self._payload
                self.sent += self._in[:count]
                self._in = self._in[count:]
                self._payload = 0
                self._out += b"\r\nOK\r\n\r\n+CIPSEND: 0,%d,%d\r\n" % (count, count)
                continue
            end = self._in.find(b"\r")
            if end < 0:
                return
            command = self._in[:end]
            self._in = self._in[end + 1 :]
            self.asked.append(command)
            self._answer(command)

    def _answer(self, command):
        if command == b"ATE0":
            self._out += b"ATE0\r"  # the last echo
        if command == b"AT+NETOPEN":
            self._out += b"\r\nOK\r\n\r\n+NETOPEN: 0\r\n"
        elif command.startswith(b"AT+CIPOPEN"):
            self._out += b"\r\nOK\r\n\r\n+CIPOPEN: 0,%d\r\n" % (0 if self.accepts else 4)
        elif command.startswith(b"AT+CIPSEND=0,"):
            length, *where = command[13:].split(b",", 1)
            self._payload = int(length)
            self.sent_to += where
            self._out += b"\r\n>"
        elif command.startswith(b"AT+CDNSGIP="):
            known = b'\r\n+CDNSGIP: 1,%s,"10.0.0.9"\r\n\r\nOK\r\n' % command[11:]
            self._out += known if self.knows else b"\r\n+CDNSGIP: 0,10\r\n\r\nERROR\r\n"
        elif command.startswith(b"AT+CIPRXGET=2,0,"):
            count = min(int(command[16:]), len(self._inbox))
            data = self._inbox[:count]
            self._inbox = self._inbox[count:]
            self._out += b"\r\n+CIPRXGET: 2,0,%d,%d\r\n" % (count, len(self._inbox)) + data + b"\r\nOK\r\n"
        elif command == b"AT+CSQ":
            self._out += b"\r\n+CSQ: 21,99\r\n\r\nOK\r\n"
        elif command == b"AT+CIPCLOSE=0":
            self._out += b"\r\nOK\r\n\r\n+CIPCLOSE: 0,0\r\n"
        else:
            self._out += b"\r\nOK\r\n"

    def platform_says(self, data):
        if not self._inbox:
            self._out += b"\r\n+CIPRXGET: 1,0\r\n"
        self._inbox += data

    def cuts(self):
        self._out += b"\r\n+IPCLOSE: 0,1\r\n"

    def says(self, data):
        self._out += data

    def read(self, count):
        data = self._out[:count]
        self._out = self._out[count:]
        return data


class Terminal:
    """Records what the link tells it."""

    def __init__(self):
        self.to_send = []
        self.received = b""
        self.opened = self.closed = 0
        self.signal = -1
        self.close = False
        self.settings = self
        self.udp = False
        self.host = "10.0.0.1"

    def wants_link(self):
        return None if self.opened > self.closed else (self.host, 7808)

    def wants_close(self):
        return self.close

    def link_opened(self, now_ms):
        self.opened += 1

    def link_closed(self, now_ms):
        self.closed += 1
        self.close = False

    def receive(self, data, now_ms):
        self.received += bytes(data)

    def data_to_send(self):
        return self.to_send.pop(0) if self.to_send else None


class Road:
    """Link, modem and terminal, and a clock. step: how many bytes a read of the UART gives."""

    def __init__(self, step=64):
        self.now_ms = 0
        self.step = step
        self.terminal = Terminal()
        self.modem = Modem()
        self.link = AtLink(b"cmnet", 0)

    def turn(self, turns=200, pass_ms=10):
        for _ in range(turns):
            self.now_ms += pass_ms
            self.link.feed(self.modem.read(self.step), self.terminal, self.now_ms)
            self.link.serve(self.terminal, self.now_ms)
            self.modem.write(self.link.data_to_send())


def check_boots_opens_and_carries_both_ways():
    for step in (1, 7, 500):
        road = Road(step)
        pass_ms = 1 if step == 1 else 10  # a UART is faster than a byte in 10 ms
        road.turn(1000 if step == 1 else 200, pass_ms)
        assert road.link.state == at_link.OPEN, road.link.state
        assert road.terminal.opened == 1
        assert b'AT+CGDCONT=1,"IP","cmnet"' in road.modem.asked
        assert b'AT+CIPOPEN=0,"TCP","10.0.0.1",7808' in road.modem.asked
        frames = [b"\x7e" + bytes([number, 0x0D, 0x0A, 0x3E]) * 40 + b"\x7e" for number in range(30)]
        road.terminal.to_send = list(frames)
        answer = b"OK\r\nERROR\r\n+IPCLOSE: 0,1\r\n>" * 60  # of the platform, and no word of the modem's
        road.modem.platform_says(answer)
        road.turn(20000 if step == 1 else 3000, pass_ms)
        assert road.modem.sent == b"".join(frames)
        assert road.terminal.received == answer, len(road.terminal.received)
        assert road.terminal.closed == 0


def check_a_frame_longer_than_one_send_goes_in_parts():
    road = Road()
    road.turn()
    long = bytes(range(256)) * 8
    road.terminal.to_send = [long]
    road.turn(600)
    assert road.modem.sent == long
    assert b"AT+CIPSEND=0,1460" in road.modem.asked and b"AT+CIPSEND=0,588" in road.modem.asked


def check_datagrams_go_one_frame_each_to_the_address_of_the_name():
    road = Road()
    road.terminal.udp = True
    road.terminal.host = "platform.example"
    road.turn()
    assert road.terminal.opened == 1 and b'AT+CDNSGIP="platform.example"' in road.modem.asked
    assert b'AT+CIPOPEN=0,"UDP",,,50808' in road.modem.asked
    frames = [b"\x7eone\x7e", b"\x7etwo\x7e"]
    road.terminal.to_send = list(frames)
    road.modem.platform_says(b"\x7eanswer\x7e")
    road.turn()
    assert road.modem.sent == b"".join(frames) and road.terminal.received == b"\x7eanswer\x7e"
    assert road.modem.sent_to == [b'"10.0.0.9",7808'] * 2


def check_datagrams_to_a_name_that_nobody_knows_are_told_as_closed():
    road = Road()
    road.terminal.udp = True
    road.terminal.host = "nowhere.example"
    road.modem.knows = False
    road.turn()
    assert road.terminal.opened == 0 and road.terminal.closed >= 1
    road.terminal.host = "10.0.0.7"  # digits need no name server
    road.turn()
    assert road.terminal.opened == 1


def check_a_full_read_is_followed_by_another_whatever_the_modem_says_of_the_rest():
    road = Road(500)
    road.turn()
    road.modem.platform_says(bytes(120000))  # of six digits
    road.turn(5000, 1)
    assert len(road.terminal.received) == 120000


def check_a_cut_is_told_once_and_the_line_comes_back():
    road = Road()
    road.turn()
    road.modem.cuts()
    road.turn()
    assert road.terminal.closed == 1 and road.terminal.opened == 2
    assert road.link.state == at_link.OPEN


def check_the_terminal_may_close():
    road = Road()
    road.turn()
    road.terminal.close = True
    road.turn()
    assert b"AT+CIPCLOSE=0" in road.modem.asked
    assert road.terminal.closed == 1 and road.terminal.opened == 2


def check_a_server_that_refuses_is_told_as_closed():
    road = Road()
    road.modem.accepts = False
    road.turn()
    assert road.terminal.opened == 0 and road.terminal.closed > 0


def check_signal_is_asked_and_told():
    road = Road()
    road.turn(turns=500, pass_ms=100)
    assert road.terminal.signal == 21 and road.link.signal == 21


def check_a_mute_modem_climbs_the_ladder():
    road = Road()
    road.modem.mute = True
    rungs = []
    for _ in range(4000):
        road.turn(1, 1000)
        rung = road.link.ladder.due(road.now_ms)
        if rung != NOTHING:
            rungs.append(rung)
    assert rungs == [NETWORK, MODEM, BOARD], rungs
    road.modem.mute = False
    road.modem._in = b""
    road.link.restart(road.now_ms)
    road.turn(400)
    assert road.link.state == at_link.OPEN


def check_noise_does_not_stop_it():
    road = Road()
    road.turn()
    for noise in (
        b"\r\n+CIPRXGET: 2,0,zz,1\r\n",
        b"\r\n+CIPRXGET: 2,0,99999999,1\r\n",
        b"\r\n+CSQ: x\r\n",
        b"\xff\x00\x7e" * 300 + b"\r\n",
        b"\r\n+CIPOPEN: 0,0\r\n",
    ):
        road.modem.says(noise)
    road.turn(600)
    assert road.link.port.dropped == 1
    road.terminal.to_send = [b"frame"]
    road.turn()
    assert road.modem.sent.endswith(b"frame")


def check_the_ladder_waits_for_both_count_and_time():
    ladder = Ladder(0)
    for _ in range(100):
        ladder.failed()
    assert ladder.due(59999) == NOTHING
    assert ladder.due(60000) == NETWORK and ladder.due(60000) == NOTHING
    ladder.heard(70000)
    assert ladder.due(10**7) == NOTHING
    assert ladder.counts == [0, 1, 0, 0]


run(globals())
