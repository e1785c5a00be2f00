"""The server over real sockets: when answers leave, takeover, idle and slow peers, limits, the end."""

import asyncio
import socket
import threading
import time
from functools import partial

import pytest

from edge_gateway.journal import Journal, JournalLimits
from edge_gateway.journal.group import tell
from edge_gateway.registry import Registry
from edge_gateway.server import Server, ServerLimits, deliver_to
from edge_gateway.session import SessionLimits
from protocols.wire.framing import FrameSplitter

from .support import DEADLINE_S, PHONE_2013, PHONE_2019, Answer, body_of, everything, frame, wait_for
from .test_session import authentication, phone_of, registration

try:
    import uvloop

    LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]
except ImportError:
    LOOPS = [asyncio.new_event_loop]


class Gate:
    """Holds the commits: the writer waits before it writes until `open()`."""

    def __init__(self, journal):
        self.committing = threading.Event()
        self._go = threading.Event()
        writer = journal._writer
        write = writer._write

        def held(group, chores):
            self.committing.set()
            assert self._go.wait(DEADLINE_S)
            return write(group, chores)

        writer._write = held

    def open(self):
        self._go.set()


class Running:
    """A server in a thread of its own."""

    def __init__(self, folder, new_loop, limits=None, journal_limits=None):
        self.loop = new_loop()
        deliver = deliver_to(self.loop, lambda: self.server)
        self.journal = Journal(
            folder / "journal.db", journal_limits or JournalLimits(), deliver, self.loop.call_soon
        )
        self.registry = Registry(folder / "registry.db", deliver=deliver)
        self.server = Server(self.loop, self.journal, self.registry, limits or ServerLimits())
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()
        self.port = self.call(self.server.start("127.0.0.1", 0))[1]

    def call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(DEADLINE_S)

    def stats(self):
        async def ask():
            return self.server.stats()

        return self.call(ask())

    def stop(self):
        if self._thread.is_alive():
            self.call(self.server.stop())
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join()
            self.loop.close()


class Truck:
    """A terminal on a blocking socket."""

    def __init__(self, port, edition=2013, receive_buffer=None, made=None):
        self.socket = made or socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(DEADLINE_S)
        if made is None:
            self.socket.connect(("127.0.0.1", port))
        self.edition = edition
        self.phone = phone_of(edition)
        self.splitter = FrameSplitter()
        self.heard = []
        self.code = b""

    def send(self, message_id, body=b"", serial=1):
        self.socket.sendall(frame(message_id, body, serial, self.phone))

    def hear(self):
        """The next answer; None once the gateway closed."""
        while not self.heard:
            try:
                data = self.socket.recv(65536)
            except ConnectionError:
                return None
            if not data:
                return None
            self.heard += [Answer(payload) for payload in self.splitter.receive(data)]
        return self.heard.pop(0)

    def quiet_for(self, seconds):
        """Whether nothing comes for that long."""
        self.socket.settimeout(seconds)
        try:
            return not self.socket.recv(65536)
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(DEADLINE_S)

    def log_in(self, code=b""):
        if not code:
            self.send(0x0100, registration(self.edition), 1)
            code = self.hear().auth_code
        self.code = code
        self.send(0x0102, authentication(self.edition, code), 2)
        assert self.hear().brief == (0x0102, 2, 0)
        return self

    def close(self):
        self.socket.close()


def answer_before_commit(journal):
    """The order swapped: what every test of the order must catch."""
    writer = journal._writer
    write = writer._write

    def swapped(group, chores):
        waiting, group._waiting = group._waiting, []
        writer.deliver([(partial(tell, waiting), 0)])
        return write(group, chores)

    writer._write = swapped


def answered_while_held(running, order_swapped=False):
    """Whether a report is answered although its commit has not happened."""
    truck = Truck(running.port).log_in()
    gate = Gate(running.journal)
    if order_swapped:
        answer_before_commit(running.journal)
    truck.send(0x0200, body_of(1), 3)
    truck.send(0x0002, b"", 4)
    assert gate.committing.wait(DEADLINE_S)
    said = []
    while (0x0002, 4, 0) not in said:  # a heartbeat does not wait
        said.append(truck.hear().brief)
    early = (0x0200, 3, 0) in said or not truck.quiet_for(0.3)
    gate.open()
    if not early:
        assert truck.hear().brief == (0x0200, 3, 0)
        assert everything(running.journal)[0].serial == 3
    truck.close()
    return early


def test_a_report_is_answered_only_after_its_commit(start):
    assert not answered_while_held(start())


def test_the_proof_of_the_order_notices_when_it_is_swapped(start):
    assert answered_while_held(start(), order_swapped=True)


@pytest.mark.parametrize("edition", [2011, 2013, 2019])
def test_many_reports_in_one_piece_are_answered_in_order(start, edition):
    running = start()
    truck = Truck(running.port, edition).log_in()
    truck.socket.sendall(b"".join(frame(0x0200, body_of(n), n, truck.phone) for n in range(500)))
    assert [truck.hear().brief for _ in range(500)] == [(0x0200, n, 0) for n in range(500)]
    assert [r.serial for r in everything(running.journal)] == list(range(500))
    truck.close()


def test_the_newest_connection_wins(start):
    running = start()
    old = Truck(running.port).log_in()
    new = Truck(running.port).log_in(old.code)
    assert old.hear() is None
    new.send(0x0200, body_of(1), 3)
    assert new.hear().brief == (0x0200, 3, 0)
    stats = running.stats()
    assert (stats["connections"], stats["online"]) == (1, 1)
    assert stats["counters"]["closed: taken over"] == 1


def test_takeover_across_layouts(start):
    running = start()
    old = Truck(running.port, 2013).log_in()
    new = Truck(running.port, 2019).log_in(old.code)
    assert old.hear() is None and new.phone == PHONE_2019 and old.phone == PHONE_2013


def test_a_wrong_code_takes_nothing_over(start):
    running = start()
    good = Truck(running.port).log_in()
    bad = Truck(running.port)
    bad.send(0x0102, b"0" * 32, 9)
    assert bad.hear().brief == (0x0102, 9, 1)
    good.send(0x0002, b"", 5)
    assert good.hear().brief == (0x0002, 5, 0)


def test_strikes_close_the_connection(start):
    running = start(limits=ServerLimits(session=SessionLimits(strikes=3)))
    truck = Truck(running.port)
    for serial in range(3):
        truck.send(0x0200, body_of(serial), serial)
    assert [truck.hear().result for _ in range(3)] == [1, 1, 1]
    assert truck.hear() is None


def test_silence_is_closed(start):
    limits = SessionLimits(unauthenticated_ms=200, idle_ms=400)
    running = start(limits=ServerLimits(session=limits))
    stranger, truck = Truck(running.port), Truck(running.port).log_in()
    assert stranger.hear() is None
    assert truck.hear() is None
    counters = running.stats()["counters"]
    assert counters["closed: not authenticated in time"] == 1 and counters["closed: idle"] == 1


def test_too_many_connections_are_refused(start):
    running = start(limits=ServerLimits(max_connections=2))
    trucks = [Truck(running.port), Truck(running.port)]
    wait_for(lambda: running.stats()["connections"] == 2)
    third = Truck(running.port)
    assert third.hear() is None
    trucks[0].close()
    wait_for(lambda: running.stats()["connections"] == 1)
    Truck(running.port).log_in()


@pytest.mark.slow
def test_a_peer_that_never_reads_is_cut_and_costs_little(start):
    running = start(limits=ServerLimits(write_stall_ms=300))
    truck = Truck(running.port, receive_buffer=4096).log_in()
    other = Truck(running.port, 2019)
    other.phone = bytes.fromhex("00000000013900139000")
    other.log_in()
    heartbeats = b"".join(frame(0x0002, b"", n & 0xFFFF) for n in range(5000))
    truck.socket.settimeout(0.2)
    try:
        for _ in range(2000):
            truck.socket.sendall(heartbeats)
        pytest.fail("2,000 × 5,000 heartbeats were read from a peer that reads nothing")
    except (TimeoutError, ConnectionError):
        pass
    wait_for(lambda: running.stats()["counters"].get("closed: it does not read"))
    other.send(0x0002, b"", 7)
    assert other.hear().brief == (0x0002, 7, 0)
    wait_for(lambda: running.stats()["connections"] == 1)


def test_a_full_journal_is_answered_1_and_nothing_is_lost(start):
    running = start(journal_limits=JournalLimits(max_bytes=250_000))
    truck = Truck(running.port).log_in()
    results = []
    for start_at in range(0, 6000, 200):
        truck.socket.sendall(b"".join(frame(0x0200, body_of(n), n) for n in range(start_at, start_at + 200)))
        results += [truck.hear().result for _ in range(200)]
        if results[-1]:
            break
    assert results[-1] == 1
    stored = [r.serial for r in everything(running.journal)]
    assert stored == list(range(results.index(1)))
    truck.close()


def test_a_terminal_that_floods_is_slowed_not_refused(start):
    running = start()
    truck = Truck(running.port).log_in()
    gate = Gate(running.journal)
    count = 30_000
    stream = b"".join(frame(0x0200, body_of(n), n) for n in range(count))
    sender = threading.Thread(target=truck.socket.sendall, args=(stream,))
    sender.start()
    assert gate.committing.wait(DEADLINE_S)
    wait_for(lambda: not next(iter(running.server._connections)).reading, "reading to stop")
    gate.open()
    assert all(truck.hear().result == 0 for _ in range(count))
    sender.join()
    assert running.journal.last_sequence == count
    truck.close()


class Faulty:
    """A transport with a bug in it."""

    def __init__(self, transport):
        self._transport = transport

    def write(self, data):
        raise RuntimeError(f"{len(data)} bytes")

    def __getattr__(self, name):
        return getattr(self._transport, name)


def test_a_connection_that_cannot_be_answered_keeps_no_answer_from_the_others(start):
    running = start()
    running.server.express = None  # whose transport is ill is not on the express lane, nor gets there
    first = Truck(running.port).log_in()
    (ill,) = running.server._connections
    second = Truck(running.port)
    second.phone = bytes.fromhex("013900139000")
    second.log_in()
    gate = Gate(running.journal)
    first.send(0x0200, body_of(1), 3)
    assert gate.committing.wait(DEADLINE_S)
    first.send(0x0200, body_of(2), 4)
    wait_for(lambda: running.journal.pending, "the report of the first")
    second.send(0x0200, body_of(3), 3)
    wait_for(lambda: len(running.journal.pending) == 2, "the report of the second")
    ill.transport = Faulty(ill.transport)
    gate.open()
    assert second.hear().brief == (0x0200, 3, 0)
    second.send(0x0200, body_of(4), 4)
    assert second.hear().brief == (0x0200, 4, 0)
    first.close()
    second.close()


def test_the_end_answers_what_was_taken(start):
    running = start()
    truck = Truck(running.port).log_in()
    gate = Gate(running.journal)
    truck.send(0x0200, body_of(1), 3)
    assert gate.committing.wait(DEADLINE_S)
    stopping = threading.Thread(target=running.stop)
    stopping.start()
    wait_for(lambda: running.server._stopping)
    gate.open()
    assert truck.hear().brief == (0x0200, 3, 0)
    assert truck.hear() is None
    stopping.join()


def test_reports_of_a_cut_connection_are_kept_and_their_resend_recognised(start):
    running = start()
    truck = Truck(running.port).log_in()
    gate = Gate(running.journal)
    truck.send(0x0200, body_of(1), 3)
    assert gate.committing.wait(DEADLINE_S)
    truck.close()
    wait_for(lambda: running.stats()["connections"] == 0)
    gate.open()
    again = Truck(running.port).log_in(truck.code)
    again.send(0x0200, body_of(1), 3)
    assert again.hear().brief == (0x0200, 3, 0)
    assert len(everything(running.journal)) == 1 and running.journal.stats()["duplicates"] == 1


def test_garbage_costs_its_sender_only(start):
    running = start(limits=ServerLimits(session=SessionLimits(unauthenticated_ms=500)))
    truck = Truck(running.port).log_in()
    noise = Truck(running.port)
    before = time.monotonic()
    try:
        while time.monotonic() - before < DEADLINE_S:
            noise.socket.sendall(b"\x7e" + bytes(range(256)) * 200)
    except ConnectionError:
        pass
    assert time.monotonic() - before < DEADLINE_S, "cut, because it never authenticated"
    truck.send(0x0002, b"", 7)
    assert truck.hear().brief == (0x0002, 7, 0)
