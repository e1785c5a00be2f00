"""The express lane: what terminals get, and what the journal holds, is as it is without, whatever comes."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading

import pytest

from edge_gateway import express
from edge_gateway.connection import HELD_REPORTS
from edge_gateway.journal import Journal, JournalLimits
from edge_gateway.server import ServerLimits

from .conftest import LOOPS
from .support import DEADLINE_S, body_of, everything, frame, wait_for
from .test_server import Gate, Running, Truck

pytestmark = pytest.mark.skipif(
    express.Express is None, reason="the express lane is not built, there is no epoll, or DIANYUN_PURE is set"
)
OTHER = bytes.fromhex("013900139000")
SEED = int(os.environ.get("EXPRESS_SEED", "20261121"))


def aboard(running):
    return running.server.express.count


def on_board(running, phone=None, first=10):
    """A terminal that has boarded: it said one report and was answered."""
    truck = Truck(running.port)
    truck.phone = phone or truck.phone
    truck.log_in()
    before = aboard(running)
    for serial in (first - 1, first):  # the serial of the first goes on from nothing
        truck.send(0x0200, body_of(serial), serial)
        assert truck.hear().brief == (0x0200, serial, 0)
    assert aboard(running) == before + 1
    return truck


def connection_of(running, truck):
    identity = truck.phone.hex().lstrip("0")
    return running.server._online[identity]


def in_loop(running, function):
    async def call():
        return function()

    return running.call(call())


def test_reports_are_answered_on_the_lane_and_heard_of(start):
    running = start()
    truck = on_board(running)
    connection = connection_of(running, truck)
    before = running.stats()["counters"]
    for serial in range(11, 60):
        truck.send(0x0200, body_of(serial), serial)
        assert truck.hear().brief == (0x0200, serial, 0)
    assert connection.passenger is not None
    stats = running.stats()["counters"]
    assert stats["frames_0200"] == before["frames_0200"] + 49
    assert (
        stats["edition_2013"] == before["edition_2013"] + 49 and stats["serial_gaps"] == before["serial_gaps"]
    )
    in_loop(running, lambda: connection.look_after(running.server.now_ms(), 1000))
    assert connection.session.heard_ms == connection.passenger.heard_ms > 0
    in_loop(running, connection.alight)
    assert (connection.session.due_serial, connection.held) == (60, 0)
    assert connection.session.intake.speaker.serial == 53  # registration, authentication, 51 reports
    assert connection.session.counters is running.server.counters
    truck.send(0x0200, body_of(60), 60)
    answer = truck.hear()
    assert answer.brief == (0x0200, 60, 0) and answer.header.serial == 53
    assert len(everything(running.journal)) == 52


@pytest.mark.parametrize(
    "said",
    [
        frame(0x0002, b"", 11),
        frame(0x0200, body_of(1), 11)[:-9],
        frame(0x0200, body_of(1), 12),  # one is missing
        frame(0x0200, body_of(1), 11)[:-2] + b"\x00\x7e",
        frame(0x0200, body_of(1), 11, OTHER),
        b"\x7e",
        b"noise",
        frame(0x0200, body_of(1), 11) + frame(0x0002, b"", 12),
    ],
    ids=["another message", "half a frame", "a gap", "wrong check", "another's", "empty", "noise", "more"],
)
def test_who_says_anything_else_leaves_and_comes_back(start, said):
    running = start()
    truck = on_board(running)
    connection = connection_of(running, truck)
    truck.socket.sendall(said)
    wait_for(lambda: connection.passenger is None, "leaving")
    if said.endswith(b"\x7e") or said == b"noise":
        rest = b"\x7e" if said == b"noise" else b""
    else:
        rest = frame(0x0200, body_of(1), 11)[-9:]
    truck.socket.sendall(rest + frame(0x0200, body_of(2), 13))
    while truck.hear().brief != (0x0200, 13, 0):
        pass
    truck.send(0x0200, body_of(3), 14)
    assert truck.hear().brief == (0x0200, 14, 0)
    assert connection.passenger is not None
    bodies = [record.body for record in everything(running.journal)]
    assert bodies[-2:] == [body_of(2), body_of(3)]


def test_a_downlink_a_follower_and_a_takeover_let_it_off(start):
    running = start()
    truck = on_board(running)
    connection = connection_of(running, truck)
    in_loop(running, lambda: connection.send(0x8300, bytes(8), None))
    assert connection.passenger is None and truck.hear().id == 0x8300
    truck.send(0x0200, body_of(11), 11)
    assert truck.hear().brief == (0x0200, 11, 0) and connection.passenger is not None
    followed = []
    identity = connection.session.identity
    in_loop(
        running,
        lambda: running.server.taps.setdefault(identity, []).append(lambda *one: followed.append(one)),
    )
    truck.send(0x0200, body_of(12), 12)
    assert truck.hear().brief == (0x0200, 12, 0) and connection.passenger is None
    assert [way for way, _ in followed] == ["up", "down"]
    in_loop(running, running.server.taps.clear)
    truck.send(0x0200, body_of(13), 13)
    assert truck.hear().brief == (0x0200, 13, 0) and connection.passenger is not None
    newer = Truck(running.port)
    newer.code = truck.code
    newer.log_in()
    assert truck.hear() is None and connection.passenger is None
    wait_for(lambda: aboard(running) == 0)
    for serial in (14, 15):
        newer.send(0x0200, body_of(serial), serial)
        assert newer.hear().brief == (0x0200, serial, 0)
    assert aboard(running) == 1


def test_answers_wait_for_the_commit_and_follow_who_left(start):
    running = start()
    truck = on_board(running)
    connection = connection_of(running, truck)
    gate = Gate(running.journal)
    truck.send(0x0200, body_of(11), 11)
    assert gate.committing.wait(DEADLINE_S)
    truck.send(0x0200, body_of(12), 12)
    wait_for(lambda: connection.passenger.held == 2)
    assert truck.quiet_for(0.05)
    truck.send(0x0002, b"", 13)  # answered at once, as it always was
    assert truck.hear().brief == (0x0002, 13, 0)
    assert connection.passenger is None and connection.held == 2
    truck.send(0x0200, body_of(14), 14)
    wait_for(lambda: connection.held == 3)
    gate.open()
    assert [truck.hear().brief for _ in range(3)] == [(0x0200, serial, 0) for serial in (11, 12, 14)]
    assert in_loop(running, lambda: connection.held) == 0


def test_a_failed_commit_is_answered_with_failure_but_for_what_was_there(start):
    running = start()
    truck = on_board(running)
    store = running.journal._writer._store
    insert, store.insert_group = store.insert_group, None

    def refuse(*_):
        import sqlite3

        running.journal._writer._store.insert_group = insert
        raise sqlite3.OperationalError("database or disk is full")

    store.insert_group = refuse
    truck.socket.sendall(frame(0x0200, body_of(11), 11))
    assert truck.hear().brief == (0x0200, 11, 1)
    truck.send(0x0200, body_of(11), 12)
    assert truck.hear().brief == (0x0200, 12, 0)
    truck.send(0x0200, body_of(11), 13)
    assert truck.hear().brief == (0x0200, 13, 0)
    assert running.journal.stats()["duplicates"] == 1
    assert [record.body for record in everything(running.journal)][-2:] == [body_of(10), body_of(11)]


def test_a_full_journal_leads_off_the_lane(start):
    running = start(journal_limits=JournalLimits(max_waiting=20))
    truck = on_board(running)
    connection = connection_of(running, truck)
    gate = Gate(running.journal)
    sent = 0
    while connection.passenger is not None:
        sent += 1
        assert sent < 1000, "nothing leads off the lane"
        truck.send(0x0200, body_of(10 + sent), 10 + sent)
        wait_for(lambda n=sent: connection.passenger is None or connection.passenger.held == n)
    assert gate.committing.is_set()
    for _ in range(5):
        sent += 1
        truck.send(0x0200, body_of(10 + sent), 10 + sent)
    answered = [truck.hear()]  # the first that is refused, at once
    assert answered[0].result == 1
    gate.open()
    answered += [truck.hear() for _ in range(sent - 1)]
    results = {one.reply_serial: one.result for one in answered}
    stored = list(results.values()).count(0)
    assert stored >= 20 and [results[serial] for serial in sorted(results)] == [0] * stored + [1] * (
        sent - stored
    )
    assert len(everything(running.journal)) == 2 + stored


def test_more_than_may_be_held_slows_the_terminal(start):
    running = start()
    truck = on_board(running)
    connection = connection_of(running, truck)
    gate = Gate(running.journal)
    truck.socket.sendall(b"".join(frame(0x0200, body_of(n), n) for n in range(11, 13)))
    assert gate.committing.wait(DEADLINE_S)
    writing = threading.Thread(
        target=lambda: truck.socket.sendall(
            b"".join(frame(0x0200, body_of(n), n) for n in range(13, 13 + 3 * HELD_REPORTS))
        )
    )
    writing.start()
    wait_for(lambda: not connection.reading, "reading to rest")
    assert connection.passenger is None
    gate.open()
    assert [truck.hear().reply_serial for _ in range(2 + 3 * HELD_REPORTS)] == list(
        range(11, 13 + 3 * HELD_REPORTS)
    )
    writing.join()


def test_a_peer_that_reads_nothing_leaves_with_what_was_left_to_say(start):
    running = start(limits=ServerLimits(write_stall_ms=60_000))
    truck = on_board(running)
    connection = connection_of(running, truck)
    sender = connection.transport.get_extra_info("socket")
    sent = 0
    os_socket = socket.socket(fileno=os.dup(sender.fileno()))
    os_socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    os_socket.detach()
    while connection.passenger is not None and sent < 20_000:
        truck.send(0x0200, body_of(11 + sent), 11 + sent & 0xFFFF)
        sent += 1
    assert connection.passenger is None, "the socket took everything"
    assert [truck.hear().reply_serial for _ in range(sent)] == [11 + n & 0xFFFF for n in range(sent)]


def test_the_allowance_is_charged_once(start):
    running = start(limits=ServerLimits(bytes_per_s=2000))
    truck = on_board(running)
    connection = connection_of(running, truck)
    left = in_loop(running, lambda: connection.passenger.allowance)
    one = frame(0x0200, body_of(11), 11)
    truck.socket.sendall(one)
    assert truck.hear().brief == (0x0200, 11, 0)
    in_loop(running, connection.alight)
    assert left - len(one) <= connection._allowance <= left - len(one) + 2000 * DEADLINE_S
    many = b"".join(frame(0x0200, body_of(n), n) for n in range(12, 400))
    truck.socket.sendall(many)
    wait_for(lambda: running.stats()["counters"]["slowed_peers"], "the terminal to be slowed")


def test_a_closed_socket_s_number_is_free_for_another(start):
    running = start()
    first = on_board(running)
    passenger = connection_of(running, first).passenger
    number = passenger.fd
    first.close()
    wait_for(lambda: running.stats()["connections"] == 0)
    assert aboard(running) == 0 and passenger.fd == -1
    second = on_board(running, OTHER)
    assert connection_of(running, second).passenger.fd == number  # the lowest number that is free
    second.send(0x0200, body_of(11), 11)
    assert second.hear().brief == (0x0200, 11, 0)


def test_a_number_that_was_left_without_a_word_is_taken_over():
    """Below the server: the lane itself, whose first passenger's socket is closed behind its back."""
    lane, journal, Line = _bare_lane()
    ours, theirs = socket.socketpair()
    stale = lane.board(Line(), ours.fileno(), 1e9, frame(0x0200, body_of(1), 1), 0, 0)
    number = ours.fileno()
    ours.close()
    theirs.close()
    again, other = socket.socketpair()
    assert again.fileno() == number
    fresh = lane.board(Line(), number, 1e9, frame(0x0200, body_of(2), 1), 0, 0)
    assert (stale.fd, fresh.fd, lane.count) == (-1, number, 1)
    lane.alight(stale)
    assert lane.count == 1
    other.sendall(frame(0x0200, body_of(3), 2))
    assert lane.run(5, 5) == [] and fresh.held == 2 and fresh.heard_ms == 5
    assert [one[3] for one in journal.pending] == [3]
    lane.close()
    assert fresh.fd == -1
    with pytest.raises(ValueError, match="closed"):
        lane.board(Line(), number, 1e9, frame(0x0200, body_of(2), 1), 0, 0)
    again.close()
    other.close()


def _bare_lane():
    from collections import Counter
    from types import SimpleNamespace

    from .support import PHONE_2013
    from .test_turn import Line

    journal = SimpleNamespace(pending=[], submitted=0, bound=100, due=lambda: None)
    lane = express.Express(journal, None, Counter(), HELD_REPORTS)

    def line():
        made = Line(PHONE_2013, False)
        made.session.due_serial = 1
        return made

    return lane, journal, line


def test_what_leaving_passengers_take_along_is_bounded():
    """Many with much to say leave in several goes, and nothing is lost."""
    lane, _, line = _bare_lane()
    pairs = [socket.socketpair() for _ in range(40)]
    for ours, theirs in pairs:
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 18)
        assert lane.board(line(), ours.fileno(), 1e9, frame(0x0200, body_of(1), 1), 0, 0) is not None
        theirs.setblocking(False)
        theirs.send(b"\x02" * 60_000)
    goes, heard = 0, 0
    while True:
        leaving = lane.run(1, 1)
        goes += 1
        heard += sum(len(data) for _, data in leaving)
        assert sum(len(data) for _, data in leaving) <= (1 << 20) + (1 << 16)
        if not lane.unserved:
            break
    assert goes > 1 and heard == 40 * 60_000
    lane.close()
    for ours, theirs in pairs:
        ours.close()
        theirs.close()


# What a terminal says next, and how often of a hundred; body_of of the number, serial, phone.
SAYINGS = {
    "report": (75, lambda n, serial, phone: frame(0x0200, body_of(n, 34 + n % 57), serial, phone)),
    "heartbeat": (5, lambda n, serial, phone: frame(0x0002, b"", serial, phone)),
    "resend": (4, lambda n, serial, phone: frame(0x0200, body_of(max(0, n - 1)), serial, phone)),
    "gap": (4, lambda n, serial, phone: b""),
    "bad body": (3, lambda n, serial, phone: frame(0x0200, bytes(20), serial, phone)),
    "bad check": (3, lambda n, serial, phone: frame(0x0200, body_of(n), serial, phone)[:-2] + b"\x01\x7e"),
    "empty": (3, lambda n, serial, phone: b"\x7e" * (1 + n % 3)),
    "batch": (3, lambda n, serial, phone: frame(0x0704, b"\0\1\0\0\x24" + body_of(n), serial, phone)),
}


def conversation(rng, phone, count):
    """What a terminal says, mostly plain reports: in pieces as they are, or split anywhere."""
    ways, weights = list(SAYINGS.values()), [weight for weight, _ in SAYINGS.values()]
    said = [rng.choices(ways, weights)[0][1](number, number + 2, phone) for number in range(count)]
    if rng.random() < 0.5:
        return [piece for piece in said if piece]
    whole, pieces = b"".join(said), []
    while whole:
        size = rng.choice((1, 7, 40, 66, 200, 1000))
        pieces.append(whole[:size])
        whole = whole[size:]
    return pieces


def live(running, phones, talks, rng):
    """All talks at once, interleaved as `rng` says; what each was answered, what the journal holds."""
    trucks = []
    for phone in phones:
        truck = Truck(running.port)
        truck.phone = phone
        trucks.append(truck.log_in())
    places = [0] * len(talks)
    while any(place < len(talk) for place, talk in zip(places, talks, strict=True)):
        at = rng.randrange(len(talks))
        if places[at] < len(talks[at]):
            trucks[at].socket.sendall(talks[at][places[at]])
            places[at] += 1
    heard = []
    for truck in trucks:
        truck.socket.sendall(b"\x7e" + frame(0x0200, body_of(999_999), 60_000, truck.phone))
        answers = []
        while not answers or answers[-1][1] != 60_000:
            answers.append(truck.hear().brief)
        after_commits = [one for one in answers if one[0] != 0x0002 and one[2] == 0]
        heard.append((after_commits, sorted(answers)))
    stored = {}
    for record in everything(running.journal):
        stored.setdefault(record.phone, []).append(
            (record.serial, record.kind, record.message_id, record.body)
        )
    counters = {
        name: count
        for name, count in running.stats()["counters"].items()
        if name.startswith(
            ("frames", "edition", "refused", "rejected")
        )  # which gaps are seen depends on how reads fall
    }
    return heard, stored, counters


@pytest.mark.parametrize("round_", range(3))
def test_with_and_without_the_lane_it_is_the_same(tmp_path, round_):
    print(f"EXPRESS_SEED={SEED}, round {round_}")
    rng = random.Random(SEED + round_)
    phones = [bytes.fromhex(f"0139001390{index:02x}".replace("a", "1")) for index in range(8)]
    talks = [conversation(rng, phone, rng.randint(5, 60)) for phone in phones]
    order = rng.random()
    results = []
    for way in ("lane", "none"):
        folder = tmp_path / way
        folder.mkdir()
        running = Running(folder, LOOPS[-1])
        if way == "none":
            running.server.express = None
        try:
            results.append(live(running, phones, talks, random.Random(order)))
        finally:
            running.stop()
    assert results[0] == results[1]


def test_the_end_answers_what_is_on_the_lane(start):
    running = start()
    truck = on_board(running)
    gate = Gate(running.journal)
    truck.send(0x0200, body_of(11), 11)
    assert gate.committing.wait(DEADLINE_S)
    stopping = threading.Thread(target=running.stop)
    stopping.start()
    wait_for(lambda: running.server._stopping)
    gate.open()
    assert truck.hear().brief == (0x0200, 11, 0)
    assert truck.hear() is None
    stopping.join()
    assert running.server.express.count == 0


CONFIG = """
[gateway]
id = "express"
data_dir = "{folder}/data"
[server]
host = "127.0.0.1"
port = 0
[mqtt]
enabled = false
[log]
level = "warning"
"""


@pytest.mark.slow
def test_a_kill_on_the_lane_loses_nothing_that_was_answered(tmp_path):
    """SIGKILL while reports are read, committed and answered: what was answered is there, once."""
    file = tmp_path / "gateway.toml"
    file.write_text(CONFIG.format(folder=tmp_path), "utf-8")
    command = [sys.executable, "-m", "edge_gateway.cli", "run", str(file)]
    gateway = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert gateway.stdout
        port = json.loads(gateway.stdout.readline())["port"]
        trucks = []
        for index in range(8):
            truck = Truck(port)
            truck.phone = bytes.fromhex(f"01390013900{index}")
            trucks.append(truck.log_in())
        answered = set()
        for number in range(40):
            for truck in trucks:
                truck.send(0x0200, body_of(number), 10 + number)
            if number == 39:
                gateway.send_signal(signal.SIGKILL)  # the last are anywhere between the socket and the disk
            for truck in trucks:
                answer = truck.hear()
                assert answer is not None or number == 39
                if answer is not None:
                    assert answer.result == 0
                    answered.add((truck.phone.hex(), answer.reply_serial))
    finally:
        gateway.kill()
        gateway.wait(DEADLINE_S)
    journal = Journal(tmp_path / "data" / "journal.db")
    stored = [(record.phone, record.serial) for record in everything(journal)]
    journal.close()
    assert answered <= set(stored) and len(stored) == len(set(stored)) and len(answered) >= 8 * 39
