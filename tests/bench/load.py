"""The load of load.c for machines without a C compiler: slower, and it says how busy it was itself.

usage: python -m tests.bench.load PORT CONNECTIONS DEPTH SECONDS [FIRST_PHONE]
"""

import json
import resource
import selectors
import socket
import statistics
import sys
import time

from protocols.wire import bodies, tables
from protocols.wire.bcd import digits_to_bcd
from protocols.wire.framing import FrameSplitter, build_frame
from protocols.wire.header import EDITION_2013, build_header, parse_header

# alarm, status (ACC on, fixed), latitude, longitude, altitude, speed, direction; time and items follow
BASIC = bytes.fromhex("000000000000000301 7be640061d3c800762025d005a".replace(" ", ""))
ITEMS = bytes.fromhex("02020190 0302025a 300119 31010c")


class LoadTerminal:
    """One connection that keeps `depth` reports in flight."""

    def __init__(self, port: int, phone: int, depth: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.phone = digits_to_bcd(str(phone), 6)
        self.depth = depth
        self.splitter = FrameSplitter()
        self.serial = self.waiting = self.failures = 0
        self.odometer = int(time.time()) % 1_000_000 * 1000
        self.sent_at = 0.0
        self.latencies: list[float] = []

    def frame(self, message_id: int, body: bytes) -> bytes:
        """The next message of this terminal."""
        payload = build_header(message_id, len(body), self.phone, self.serial) + body
        self.serial = (self.serial + 1) & 0xFFFF
        return build_frame(payload)

    def exchange(self, message_id: int, body: bytes) -> bytes:
        """Sends one message, gives the body of the answer."""
        self.socket.sendall(self.frame(message_id, body))
        while True:
            for payload in self.splitter.receive(self.socket.recv(4096)):
                return payload[parse_header(payload).body_at :]

    def log_in(self) -> None:
        """Registers and authenticates."""
        values = {
            "province": 53,
            "city": 1,
            "maker": b"BENCH",
            "model": b"LOAD".ljust(20, b"\0"),
            "plate_colour": 2,
        }
        values |= {"terminal_id": b"0000001", "plate": "云A12345".encode("gbk")}
        registration = bodies.encode_body(tables.MSG_TERMINAL_REGISTRATION, EDITION_2013, values)
        code = self.exchange(tables.MSG_TERMINAL_REGISTRATION, registration)[3:]
        if self.exchange(tables.MSG_TERMINAL_AUTHENTICATION, code)[4] != tables.RESULT_OK:
            raise SystemExit("authentication refused")

    def send_reports(self) -> None:
        """`depth` new reports in one write."""
        frames = []
        for _ in range(self.depth):
            self.odometer += 1
            seconds = digits_to_bcd(f"261121{self.odometer % 60:06d}", 6)
            item = b"\x01\x04" + (self.odometer & 0xFFFFFFFF).to_bytes(4, "big")
            frames.append(self.frame(tables.MSG_POSITION_REPORT, BASIC + seconds + item + ITEMS))
        self.waiting = self.depth
        self.sent_at = time.perf_counter()
        self.socket.sendall(b"".join(frames))

    def on_readable(self) -> None:
        """Counts answers; the last one of a round starts the next."""
        data = self.socket.recv(65536)
        if not data:
            raise SystemExit("closed by the server")
        for payload in self.splitter.receive(data):
            self.latencies.append(time.perf_counter() - self.sent_at)
            self.failures += payload[-1] != tables.RESULT_OK
            self.waiting -= 1
        if not self.waiting:
            self.send_reports()


def run(port: int, connections: int, depth: int, seconds: float, first_phone: int = 13000000000) -> dict:
    """Runs the load, gives the figures (the same keys as load.c prints)."""
    selector = selectors.DefaultSelector()
    terminals = [LoadTerminal(port, first_phone + index, depth) for index in range(connections)]
    for terminal in terminals:
        terminal.log_in()
        selector.register(terminal.socket, selectors.EVENT_READ, terminal)
    print("ready", file=sys.stderr, flush=True)
    before, start = _processor_s(), time.perf_counter()
    for terminal in terminals:
        terminal.send_reports()
    while time.perf_counter() - start < seconds:
        for key, _ in selector.select(0.1):
            key.data.on_readable()
    elapsed = time.perf_counter() - start
    latencies = sorted(latency for terminal in terminals for latency in terminal.latencies)
    cuts = statistics.quantiles(latencies, n=100) if len(latencies) > 1 else [0.0] * 99
    return {
        "generator": "Python selectors",
        "connections": connections,
        "depth": depth,
        "seconds": round(elapsed, 3),
        "answers": len(latencies),
        "failures": sum(terminal.failures for terminal in terminals),
        "late": 0,
        "answers_per_s": round(len(latencies) / elapsed),
        "p50_ms": round(cuts[49] * 1000, 3),
        "p99_ms": round(cuts[98] * 1000, 3),
        "max_ms": round(latencies[-1] * 1000, 3) if latencies else 0.0,
        "generator_processor_share": round((_processor_s() - before) / elapsed, 3),
    }


def _processor_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    numbers = [float(word) if "." in word else int(word) for word in sys.argv[1:]]
    print(json.dumps(run(*numbers)))  # type: ignore[arg-type]
