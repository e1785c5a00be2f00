"""What peers can do to the gateway besides their own errand, and what clocks and disks do to the journal."""

import logging
import sqlite3
import threading
import time

import pytest

from edge_gateway.journal import FAILED, STORED, Journal, Origin
from edge_gateway.registry import TERMINAL_UNKNOWN, Device, Registry
from edge_gateway.server import ServerLimits
from edge_gateway.session import SessionLimits

from .support import DEADLINE_S, PHONE_2013, Outcomes, body_of, everything, frame, report, store, wait_for
from .test_journal import held
from .test_server import Gate, Truck, registration

pytestmark = pytest.mark.slow  # processes, files, compilers: not for the quick gate

PATIENCE_S = 60.0  # for what takes seconds; the machine may be busy
TRUCK = Origin("013800138000", 2013)
OTHER_PHONE = bytes.fromhex("013900139000")


@pytest.fixture
def journal(tmp_path):
    journal = Journal(tmp_path / "journal.db")
    yield journal
    journal.close()


def test_a_clock_that_is_set_in_the_middle_of_a_group(journal):
    """A board without a battery begins in 1970 and is set by NTP while reports come in."""
    go, outcomes = held(journal), Outcomes()
    times = [5_000, 1_760_000_000_000, 1_760_000_000_001]
    for number, received_ms in enumerate(times, 1):
        journal.submit(TRUCK, received_ms, [report(number)], outcomes)
    go.set()
    assert outcomes.wait(3) == [STORED] * 3
    assert [record.received_ms for record in everything(journal)][1:] == times
    assert [record.received_ms for record in journal.read_after(2, 9, 1 << 20)] == times[1:]
    assert not journal.died


def test_more_senders_than_a_group_can_name(journal):
    """Each change of layout makes a new origin, so a few terminals can be very many."""
    store(journal, TRUCK, [report(1)])
    go, outcomes = held(journal), Outcomes()
    for _ in range(66_000):
        journal.submit(Origin("013800138000", 2013), 0, [report(1)], outcomes)
    journal.submit(TRUCK, 0, [report(2)], outcomes)
    go.set()
    assert set(outcomes.wait(66_001)) == {STORED}
    assert not journal.died and journal.last_sequence == 3


def test_a_disk_that_refuses_is_told_of_once_a_minute(journal, monkeypatch, caplog):
    def refuse(self, *_):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("edge_gateway.journal.store.Store.insert_group", refuse)
    with caplog.at_level(logging.WARNING):
        for number in range(20):
            assert store(journal, TRUCK, [report(number)]) == FAILED
    assert journal.stats()["failed_commits"] == 20
    assert len(caplog.records) == 1


def test_a_connection_that_changes_its_terminal_speaks_for_one(start):
    running = start()
    truck = Truck(running.port).log_in()
    truck.send(0x0102, b"no such code", 3)
    assert truck.hear().result == 1
    assert running.stats()["online"] == 0
    truck.phone = OTHER_PHONE
    truck.log_in()
    assert running.stats()["online"] == 1
    first = Truck(running.port)
    first.send(0x0100, registration(2013), 1)
    first.log_in(first.hear().auth_code)
    truck.send(0x0002, b"", 9)
    assert truck.hear().brief == (0x0002, 9, 0), (
        "the first terminal's newer connection is none of its business"
    )
    assert running.stats()["online"] == 2
    truck.close()
    first.close()
    wait_for(lambda: running.stats()["online"] == 0)


def test_a_wrong_code_then_the_end_leaves_nobody_online(start):
    running = start()
    truck = Truck(running.port).log_in()
    truck.send(0x0102, b"no such code", 3)
    assert truck.hear().result == 1
    truck.close()
    wait_for(lambda: running.stats()["connections"] == 0)
    assert running.stats()["online"] == 0


def test_who_deregistered_has_time_to_register_again(start):
    running = start(limits=ServerLimits(session=SessionLimits(unauthenticated_ms=1500)))
    truck = Truck(running.port).log_in()
    time.sleep(2.2)  # it has been known for longer than a stranger may stay
    truck.send(0x0003, b"", 3)
    assert truck.hear().brief == (0x0003, 3, 0)
    time.sleep(0.7)
    truck.send(0x0100, registration(2013), 4)
    answer = truck.hear()
    assert answer and answer.result == 0


@pytest.mark.parametrize("message_id", [0x0201, 0x0704])
def test_a_flood_that_needs_few_answers_is_slowed_too(start, message_id):
    """0x0201 is not answered at all, a 0x0704 of many reports once: what waits is counted in reports."""
    running = start()
    truck = Truck(running.port).log_in()
    gate = Gate(running.journal)
    stream = b"".join(flood(message_id))
    sender = threading.Thread(target=send_all, args=(truck, stream))
    sender.start()
    assert gate.committing.wait(DEADLINE_S)
    (connection,) = running.server._connections
    wait_for(lambda: not connection.reading, "reading to stop")
    assert running.journal.stats()["waiting"] < 20_000
    gate.open()
    sender.join()
    truck.close()


def flood(message_id):
    for number in range(25_000):
        if message_id == 0x0201:
            yield frame(0x0201, b"\0\1" + body_of(number), number & 0xFFFF)
        else:
            items = b"".join(b"\0\x24" + body_of(26 * number + at) for at in range(26))
            yield frame(0x0704, b"\0\x1a\1" + items, number & 0xFFFF)
            if number == 3000:
                return


def send_all(truck, stream):
    try:
        truck.socket.sendall(stream)
    except OSError:
        return


def test_garbage_does_not_count_as_being_heard(start):
    running = start(limits=ServerLimits(session=SessionLimits(idle_ms=500)))
    truck = Truck(running.port).log_in()
    end = time.monotonic() + DEADLINE_S
    try:
        while time.monotonic() < end:
            truck.socket.sendall(b"\x7e\0\x7e")
            time.sleep(0.02)
    except ConnectionError:
        pass
    assert running.stats()["counters"].get("closed: idle") == 1


def test_the_end_does_not_wait_for_a_peer_that_never_reads(start, monkeypatch):
    monkeypatch.setattr("edge_gateway.connection.WRITE_BUFFER_BYTES", 1 << 30)
    running = start()
    truck = Truck(running.port, receive_buffer=2048).log_in()
    (connection,) = running.server._connections
    heartbeats = b"".join(frame(0x0002, b"", n & 0xFFFF) for n in range(100))
    while not connection.transport.get_write_buffer_size():
        truck.socket.sendall(heartbeats)
    assert connection._stalled_ms is None, "not yet stalled: some bytes wait, fewer than the limit"
    began = time.monotonic()
    running.stop()  # without a bound this would last until the peer's idle timeout
    assert time.monotonic() - began < PATIENCE_S


def test_a_bug_in_one_callback_costs_one_answer(start):
    running = start()
    good = Truck(running.port).log_in()

    def broken(*_):
        raise RuntimeError("a bug")

    gate = Gate(running.journal)
    running.loop.call_soon_threadsafe(running.journal.submit, TRUCK, 0, [report(1)], broken)
    assert gate.committing.wait(DEADLINE_S)
    good.send(0x0200, body_of(7), 7)
    gate.open()
    assert good.hear().brief == (0x0200, 7, 0)
    good.send(0x0200, body_of(8), 8)
    assert good.hear().brief == (0x0200, 8, 0), "and the journal goes on"


def test_one_host_does_not_fill_the_log_with_registrations(start, caplog):
    running = start()
    with caplog.at_level(logging.INFO):
        for number in range(30):
            truck = Truck(running.port)
            truck.phone = (
                PHONE_2013[:4] + number.to_bytes(1, "big") + b"\1" if number % 16 < 10 else PHONE_2013
            )
            truck.send(0x0100, registration(2013), 1)
            truck.hear()
            truck.close()
    assert len([line for line in caplog.records if line.getMessage().startswith("registration")]) == 1


def test_the_registry_is_bounded(tmp_path):
    registry = Registry(tmp_path / "registry.db", max_terminals=3)
    results = []
    for number in range(5):
        device = Device(53, 1, b"M", b"T", str(number).encode(), 2, b"")
        done = threading.Event()

        def answer(result, code, done=done):
            results.append(result)
            done.set()

        registry.register(str(number), 2013, device, answer)
        assert done.wait(DEADLINE_S)
    assert results == [0, 0, 0, TERMINAL_UNKNOWN, TERMINAL_UNKNOWN]
    registry.close()
