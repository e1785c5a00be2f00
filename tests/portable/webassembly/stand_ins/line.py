"""Stands for the port's missing `socket`: a platform in memory that registers and acknowledges."""

AF_INET = 2
SOCK_STREAM = 1
SOCK_DGRAM = 2
REGISTRATION = b"\x01\x00"
REPORT = b"\x02\x00"
FLAG = b"\x7e"
FIXED_HEAD = 4  # message id and attributes
VERSIONED = 0x40  # in the first byte of the attributes: version and a longer phone follow
HEADS = (12, 17)  # bytes of a header without and with version


def getaddrinfo(host, port):
    """One address: this platform."""
    return [(AF_INET, SOCK_STREAM, 0, "", (host, port))]


class socket:
    """Each `send` is read as whole frames, each answer lies in `pending` until `recv`.

    said_before: bytes that are said once, before the next answer to a report. answered: ids, reports counted.
    """

    said_before = b""
    reports = 0

    def __init__(self, family, kind):
        self.pending = b""
        self._unread = b""
        self._serial = 0

    def setblocking(self, flag):
        """It never blocks."""

    def connect(self, address):
        """At once."""

    def close(self):
        """Nothing is held."""

    def recv(self, most):
        """What the platform said."""
        data, self.pending = self.pending[:most], self.pending[most:]
        return data

    def send(self, data):
        """All of it is taken."""
        frames = (self._unread + bytes(data)).split(FLAG)
        self._unread = frames.pop()
        for frame in frames:
            if frame:
                self._answer(frame.replace(b"\x7d\x02", FLAG).replace(b"\x7d\x01", b"\x7d")[:-1])
        return len(data)

    def _answer(self, message):
        head = message[: HEADS[bool(message[2] & VERSIONED)]]
        if message[:2] == REGISTRATION:
            self._say(head, b"\x81\x00", head[-2:] + b"\x00secret")
            return
        if message[:2] == REPORT:
            socket.reports += 1
            self.pending += socket.said_before
            socket.said_before = b""
        self._say(head, b"\x80\x01", head[-2:] + message[:2] + b"\x00")

    def _say(self, head, message_id, body):
        self._serial += 1
        attributes = bytes([head[2] & VERSIONED, len(body)])
        message = message_id + attributes + head[FIXED_HEAD:-2] + self._serial.to_bytes(2, "big") + body
        check = 0
        for byte in message:
            check ^= byte
        message = (message + bytes([check])).replace(b"\x7d", b"\x7d\x01").replace(FLAG, b"\x7d\x02")
        self.pending += FLAG + message + FLAG
