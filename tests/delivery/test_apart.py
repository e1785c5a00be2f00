"""Delivery in its own process: killed it loses and doubles nothing, and it never outlives its gateway."""

import json
import os
import signal
import socket
import threading
import time
import unittest.mock
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_gateway.delivery.apart import DeliveryKeeper
from edge_gateway.delivery.apart.journal import RemoteJournal
from edge_gateway.delivery.apart.lines import Lines
from edge_gateway.delivery.pace import GiveWay
from simulator.broker import Broker

from .conftest import JournalOnDisk
from .road import a_seed, account, authority, records_of
from .settings import settings
from .test_tls import Maker
from .waiting import wait_for

NICE, LEAST_RATE = 19, 2000


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[JournalOnDisk]:
    opened = JournalOnDisk(tmp_path / "journal.db")
    yield opened
    opened.close()


def keeper_of(journal: JournalOnDisk, port: int, **more: object) -> DeliveryKeeper:
    return DeliveryKeeper([settings(port=port, **more)], journal, NICE, LEAST_RATE, ("warning", "text"))


@pytest.mark.slow
def test_killed_again_and_again_it_loses_and_doubles_nothing(
    broker: Broker, journal: JournalOnDisk, tmp_path: Path
) -> None:
    records = records_of(a_seed(), 4000)
    keeper = keeper_of(journal, broker.port, max_records=40)
    with authority(broker.port, tmp_path / "authority.db"):
        journal.append(records[:2000])
        keeper.start()
        for kills in range(3):
            wait_for(lambda: journal.confirmed_sequence >= (kills + 1) * 400, keeper.stats)  # noqa: B023
            pid = keeper.pid
            assert pid
            os.kill(pid, signal.SIGKILL)
            journal.append(records[2000 + kills * 500 : 2500 + kills * 500])
            wait_for(lambda: keeper.pid not in {None, pid}, keeper.stats)  # noqa: B023
        journal.append(records[3500:])
        wait_for(lambda: journal.confirmed_sequence == 4000, keeper.stats)
        keeper.stop()
    stats = keeper.stats()
    assert (stats["starts"], stats["pid"], stats["cursor"], stats["depth"]) == (4, None, 4000, 0)
    account(tmp_path / "authority.db", records)


@pytest.mark.slow
def test_it_steps_back_tells_how_it_goes_and_ends_in_order(
    broker: Broker, journal: JournalOnDisk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What comes one at a time is woken for; the last receipts move the cursor before it ends."""
    records = records_of(a_seed(), 3)
    keeper = keeper_of(journal, broker.port, max_age_ms=50)
    assert keeper.stats()["destinations"][""]["connected"] is False  # the figures are there from the start
    keeper.start()
    with authority(broker.port, tmp_path / "authority.db"):
        for at, record in enumerate(records, start=1):
            journal.append([record])
            wait_for(lambda: journal.confirmed_sequence == at, keeper.stats)  # noqa: B023
        wait_for(lambda: keeper.stats()["confirmed_records"] == 3, keeper.stats)
        assert keeper.stats()["connected"] is True
        pid = keeper.pid
        assert pid
        assert os.getpriority(os.PRIO_PROCESS, pid) == NICE
        assert os.getsid(pid) == os.getsid(0)  # where the kernel weighs sessions, priorities count within one
        keeper.stop()
    assert not Path(f"/proc/{pid}").exists()
    assert not caplog.records
    account(tmp_path / "authority.db", records)


@pytest.mark.slow
def test_a_destination_that_ends_before_the_others_is_no_death_while_it_stops(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The other one hangs in a handshake for longer than it takes to look round."""
    journal = JournalOnDisk(tmp_path / "journal.db", destinations=("", "slow"))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(30)
        ca_file = str(Maker(tmp_path, "ca").ca_file)
        slow = settings(name="slow", port=silent.getsockname()[1], ca_file=ca_file)
        keeper = DeliveryKeeper([settings(), slow], journal, NICE, LEAST_RATE, ("error", "text"))
        keeper.start()
        held, _ = silent.accept()
        wait_for(lambda: keeper.stats()["connection_failures"], keeper.stats)
        process = keeper._process
        assert process
        keeper.stop()
        held.close()
    journal.close()
    assert process.returncode == 0
    assert "ended; see the log" not in capfd.readouterr().err


@pytest.mark.slow
def test_it_ends_when_its_gateway_is_gone(journal: JournalOnDisk) -> None:
    """As after a SIGKILL: nobody told it anything, the pair of sockets ends."""
    keeper = keeper_of(journal, 1)
    lines = keeper._spawn()
    process = keeper._process
    assert process
    lines.say({"begin": keeper._beginning()})
    assert "stats" in next(iter(lines))  # it is at work: there is no broker, which it tells
    lines.close()
    assert process.wait(20) == 3


@given(
    st.lists(st.text(max_size=40), max_size=8).map(lambda texts: [{"said": text} for text in texts]),
    st.integers(1, 50),
)
def test_lines_come_out_whole_however_they_are_cut(said: list[dict[str, object]], size: int) -> None:
    whole = b"".join(json.dumps(line).encode() + b"\n" for line in said)
    ours, theirs = socket.socketpair()

    def tell() -> None:  # beside the reader: a pair of sockets holds a few hundred small writes, no more
        with theirs:
            for at in range(0, len(whole), size):
                theirs.sendall(whole[at : at + size])

    telling = threading.Thread(target=tell)
    telling.start()
    with unittest.mock.patch("edge_gateway.delivery.apart.lines._READ_BYTES", size):
        assert list(Lines(ours)) == said
    telling.join()


def test_a_long_line_is_taken_and_one_without_an_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_gateway.delivery.apart.lines.LINE_BYTES_MAX", 1 << 20)
    ours, theirs = socket.socketpair()
    long = b'{"said": "' + b"x" * (900 << 10) + b'"}\n'

    def tell() -> None:
        with theirs, suppress(OSError):
            theirs.sendall(long + b"y" * (2 << 20))

    telling = threading.Thread(target=tell)
    telling.start()
    (line,) = list(Lines(ours))
    telling.join()
    assert len(line["said"]) == 900 << 10


def test_a_process_that_does_not_listen_is_cut_off_and_holds_nobody_up() -> None:
    ours, theirs = socket.socketpair()
    lines, began_s = Lines(ours), time.monotonic()
    while lines.say({"at": 1, "record_bytes": 1.0}, wait=False):
        assert time.monotonic() - began_s < 20
    assert not lines.say({"at": 1, "record_bytes": 1.0}, wait=False)
    assert list(iter(lines)) == []
    theirs.close()


def test_what_is_named_while_the_gateway_tells_of_something_else_is_named_again(tmp_path: Path) -> None:
    """The gateway forgets what it watched for when it tells, and what is asked for just then with it."""
    JournalOnDisk(tmp_path / "journal.db").close()
    ours, theirs = socket.socketpair()
    theirs.settimeout(10)
    journal = RemoteJournal(tmp_path / "journal.db", Lines(ours), {"": [0, [], 0]})
    heard = iter(Lines(theirs))
    woken: list[int] = []
    view = journal.destination("")
    view.on_commit(lambda: woken.append(journal.last_sequence))
    view.wake_at(1)
    view.wake_at(50)
    journal.hear({"at": 7, "record_bytes": 1.0})
    assert [next(heard) for _ in range(3)] == [{"watch": 1}, {"watch": 50}, {"watch": 50}]
    assert not woken
    journal.hear({"at": 50, "record_bytes": 1.0})
    assert woken == [50]
    ours.close()
    assert list(heard) == []  # nobody waits any more, nothing is named


def test_answers_go_first_and_delivery_never_stops() -> None:
    way = GiveWay(LEAST_RATE)
    assert way.looked(ran=0.9, waited=0.0) == 0  # busy, but nobody is in its way
    assert way.looked(ran=0.2, waited=0.3) == 0  # others are, but there is time enough
    assert way.looked(ran=0.7, waited=0.2) == LEAST_RATE
    rates = [way.looked(ran=0.3, waited=0.1) for _ in range(20)]
    assert rates[:2] == [4000, 8000]
    assert rates[-1] == 0
