"""What disks and clocks do to a running road: full, read-only, cut off at a random byte, a jump of years.

A limit on file sizes stands for the full disk: the system refuses writes beyond it as a full one does.
"""

import asyncio
import random
import time

import pytest

from edge_gateway.delivery import Delivery
from protocols.monitoring.records import record_id
from simulator.authority.store import Store
from simulator.background import in_thread
from simulator.broker import Broker
from simulator.fleet.runner import wait_until
from tests.delivery.road import a_seed, authority
from tests.delivery.settings import settings
from tests.end_to_end.world import assert_balanced, run, world
from tests.gateway.support import PHONE_2013, body_of, everything, wait_for
from tests.gateway.test_server import Running, Truck

resource = pytest.importorskip("resource", reason="limits on file sizes need a Unix")
pytestmark = pytest.mark.slow

YEARS_MS = 10 * 365 * 86_400_000
ROOM_BYTES = 64 * 1024
REPORTS = 20  # after each cut


@pytest.fixture
def running(tmp_path):
    """A server in this process."""
    server = Running(tmp_path, asyncio.new_event_loop)
    yield server
    server.stop()


@pytest.mark.parametrize("times", [1, pytest.param(5, marks=pytest.mark.soak)])
def test_a_full_disk_on_the_whole_road_loses_and_doubles_nothing(tmp_path, times):
    """Reports are answered with failure while it is full; their terminals keep them and say them again."""

    async def drive():
        async with world(tmp_path, trucks=10) as (here, _):
            pid = here.road.gateway.pid
            unlimited = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            for _ in range(times):
                await here.acknowledged(here.random.randint(20, 80))
                before = here.road.gateway.counters()["journal"]["failed_commits"]
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (ROOM_BYTES, unlimited[1]))
                await refused(here, before)
                resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)
            await here.acknowledged(50)
            assert here.road.gateway.pid == pid and here.road.gateway.running
            assert_balanced(await here.settle(), here.seed, at_least=70)

    run(drive())


async def refused(here, before):
    """Returns when a commit failed for want of room, and some more reports ran into it."""
    gateway = here.road.gateway
    full = await wait_until(lambda: gateway.counters()["journal"]["failed_commits"] > before, 20)
    assert full, f"seed {here.seed}: the disk never was full; {here.trouble()}"
    await asyncio.sleep(here.random.uniform(0.2, 0.6))


@pytest.mark.parametrize("times", [1, pytest.param(5, marks=pytest.mark.soak)])
def test_a_journal_cut_at_a_random_byte_loses_nothing_that_was_delivered_and_doubles_nothing(tmp_path, times):
    """The journal ends earlier then, and the road goes on from there: what is delivered again is recognised,
    and what is new arrives once."""

    async def drive():
        async with world(tmp_path, trucks=8) as (here, _):
            await here.acknowledged(here.random.randint(60, 200))
            assert_balanced(await here.settle(), here.seed, at_least=60)
            emitted = here.log.emitted
            for number in range(1, times + 1):
                await in_thread(here.road.gateway.kill)
                cut(here, here.road.gateway.folder / "data" / "journal.db-wal")
                await in_thread(here.road.gateway.start)
                await in_thread(lambda n=number: report_some(here, n))
                arrived = await in_thread(
                    lambda n=number: here.road.wait_delivered(emitted + n * REPORTS, 30)
                )
                assert arrived, f"seed {here.seed}: {here.road.received()}, {here.trouble()}"
            counts = here.road.received()
            assert (counts.received, counts.duplicated) == (emitted + times * REPORTS, 0), here.seed

    run(drive())


def report_some(here, number):
    """A terminal of its own, every report acknowledged."""
    truck = Truck(here.road.gateway.port).log_in()
    for at in range(REPORTS):
        truck.send(0x0200, body_of(number * REPORTS + at), at + 10)
        assert truck.hear().result == 0
    truck.close()


def cut(here, wal):
    """Keeps a random part of the file."""
    size = wal.stat().st_size
    kept = here.random.randrange(size + 1)
    with wal.open("rb+") as file:
        file.truncate(kept)
    print(f"seed {here.seed}: {kept} of {size} bytes are left")


def test_a_read_only_disk_refuses_and_recovers(running, tmp_path):
    """What SQLite says of a file system that was remounted read-only, from its own writer; cursors cannot be
    moved either, and what was delivered meanwhile is delivered again and recognised."""
    chance = random.Random(seed := a_seed())
    truck = Truck(running.port).log_in()
    writer, number, refused, read_only = running.journal._writer, 0, [], 0
    opened = writer._open

    def opened_anew():  # which it does after a failed commit, and finds the disk as it is
        store = opened()
        store.connection.execute(f"PRAGMA query_only={read_only}")
        return store

    writer._open = opened_anew

    def report(number):
        truck.send(0x0200, body_of(number), number)
        return truck.hear().result

    with Broker(tmp_path / "broker") as broker, authority(broker.port, tmp_path / "a.db"):
        delivery = Delivery([settings(port=broker.port, max_age_ms=10)], running.journal)
        delivery.start()
        try:
            for read_only in (0, 1, 0, 1, 0):
                writer._store.connection.execute(f"PRAGMA query_only={read_only}")
                for _ in range(chance.randint(3, 20)):
                    number += 1
                    assert report(number) == read_only, f"seed {seed}"
                    refused += [number] * read_only
            for one in refused:  # a terminal keeps what was refused and says it again
                assert report(one) == 0
            wait_for(lambda: running.journal.stats()["queued"] == 0)
        finally:
            delivery.stop()
    assert running.journal.stats()["failed_commits"] >= len(refused) and not running.journal.died
    with Store(tmp_path / "a.db", read_only=True) as store:
        wanted = {record_id(PHONE_2013.hex(), body_of(one)) for one in range(1, number + 1)}
        assert store.stored_ids() == wanted and store.counts().duplicated == 0, f"seed {seed}"


@pytest.mark.parametrize("jumps_ms", [(YEARS_MS, -2 * YEARS_MS), (-YEARS_MS, 2 * YEARS_MS)])
def test_a_wall_clock_that_jumps_ends_no_session_and_forgets_no_name(running, monkeypatch, jumps_ms):
    """Sessions and commits live by the steady clock; the wall clock only says when a report came."""
    offset_ms = [0]
    real = time.time_ns
    for module in ("connection", "express"):  # whichever way a report is read
        monkeypatch.setattr(f"edge_gateway.{module}.time_ns", lambda: real() + offset_ms[0] * 1_000_000)
    truck = Truck(running.port).log_in()
    number = 0
    for jump_ms in (0, *jumps_ms):
        offset_ms[0] += jump_ms
        for _ in range(20):
            number += 1
            truck.send(0x0200, body_of(number), number)
            assert truck.hear().brief == (0x0200, number, 0)
        truck.send(0x0200, body_of(number), number)  # a resend is recognised across the jump
        assert truck.hear().result == 0
        truck.send(0x0200, body_of(1), 1)
        assert truck.hear().result == 0
    assert running.stats()["connections"] == 1
    records = everything(running.journal)
    assert [record.serial for record in records] == list(range(1, number + 1))
    assert {record.phone for record in records} == {PHONE_2013.hex()}
    spread_ms = max(r.received_ms for r in records) - min(r.received_ms for r in records)
    assert spread_ms > YEARS_MS
