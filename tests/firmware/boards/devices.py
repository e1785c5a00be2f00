"""What hangs on a board's UARTs: a receiver that drives east, a modem that dials or has a TCP stack."""

import errno
import socket
import time

EPOCH_MS = 60  # a second of the receiver's time goes by in that


def sentence(text):
    """A whole NMEA sentence as bytes."""
    check = 0
    for character in text:
        check ^= ord(character)
    return b"$%s*%02X\r\n" % (text.encode(), check)


class Receiver:
    """Two sentences a second of its own time, `epochs` of them. said: how many it has given."""

    def __init__(self, epochs):
        self.said = 0
        self._epochs = epochs
        self._next_ms = time.ticks_ms()

    def write(self, data):
        raise AssertionError("nobody writes to the receiver")

    def read(self):
        if self.said >= self._epochs or time.ticks_diff(time.ticks_ms(), self._next_ms) < 0:
            return b""
        self._next_ms = time.ticks_add(self._next_ms, EPOCH_MS)
        clock = f"0310{self.said:02}.00"
        east = f"102{30 + self.said % 30:02}.0000"
        self.said += 1
        fix = sentence(f"GNGGA,{clock},2501.0,N,{east},E,1,9,1.0,1891.0,M,,M,,")
        return fix + sentence(f"GNRMC,{clock},A,2501.0,N,{east},E,30.0,90.0,020326,,,A")


class DialModem:
    """Answers as far as CONNECT; after that PPP has the line. asked: the commands."""

    def __init__(self):
        self.asked = []
        self._out = b""

    def write(self, data):
        self.asked.append(data)
        if data.startswith(b"ATD"):
            self._out += b"\r\nCONNECT 115200\r\n"
        elif data == b"AT+CSQ\r":
            self._out += b"\r\n+CSQ: 23,99\r\n\r\nOK\r\n"
        elif data != b"+++":
            self._out += b"\r\nOK\r\n"

    def read(self):
        data = self._out
        self._out = b""
        return data


class TcpModem:
    """A modem whose TCP stack is a real socket. asked: the commands."""

    def __init__(self):
        self.asked = []
        self._in = self._out = self._inbox = b""
        self._payload = 0
        self._socket = None

    def write(self, data):
        self._in += data
        while self._in:
            if self._payload:
                if len(self._in) < self._payload:
                    return
                count = self._payload
                self._socket.setblocking(True)
                self._socket.write(self._in[:count])
                self._socket.setblocking(False)
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

    def read(self):
        self._hear()
        data = self._out
        self._out = b""
        return data

    def _answer(self, command):
        if command == b"AT+NETOPEN":
            self._out += b"\r\nOK\r\n\r\n+NETOPEN: 0\r\n"
        elif command.startswith(b'AT+CIPOPEN=0,"TCP","'):
            host, port = command[20:].split(b'",')
            self._socket = socket.socket()
            self._socket.connect(socket.getaddrinfo(host.decode(), int(port))[0][-1])
            self._socket.setblocking(False)
            self._out += b"\r\nOK\r\n\r\n+CIPOPEN: 0,0\r\n"
        elif command.startswith(b"AT+CIPSEND=0,"):
            self._payload = int(command[13:])
            self._out += b"\r\n>"
        elif command.startswith(b"AT+CIPRXGET=2,0,"):
            data = self._inbox[: int(command[16:])]
            self._inbox = self._inbox[len(data) :]
            self._out += b"\r\n+CIPRXGET: 2,0,%d,%d\r\n%s\r\nOK\r\n" % (len(data), len(self._inbox), data)
        elif command == b"AT+CSQ":
            self._out += b"\r\n+CSQ: 23,99\r\n\r\nOK\r\n"
        else:
            self._out += b"\r\nOK\r\n"

    def _hear(self):
        if self._socket is None:
            return
        try:
            data = self._socket.recv(512)
        except OSError as error:
            if error.errno != errno.EAGAIN:
                raise
            return
        if data:
            if not self._inbox:
                self._out += b"\r\n+CIPRXGET: 1,0\r\n"
            self._inbox += data


class Echo:
    """A device behind the passthrough port: says back what it is told. heard: all of it."""

    def __init__(self):
        self.heard = b""
        self._out = b""

    def write(self, data):
        self.heard += data
        self._out += b"echo " + data

    def read(self):
        data = self._out
        self._out = b""
        return data
