"""Several workers on one port under load: killed, replaced one by one, orphaned by a dead supervisor."""

import os
import signal

import pytest

from simulator.background import in_thread
from simulator.faults.broker_cut import BrokerCut
from simulator.fleet.runner import wait_until
from simulator.gateway_process import GatewayProcess
from tests.end_to_end.world import assert_balanced, run, world

WORKERS = 2
SECTIONS = {"server": {"workers": WORKERS}}
TRUCKS = 24
KILLS = 4
UP_S = 60


def workers_of(gateway: GatewayProcess) -> list[dict]:
    """What the supervisor last wrote of each; empty while it comes up."""
    return gateway.counters().get("workers", [])


async def all_up(gateway: GatewayProcess, starts: list[int]) -> None:
    """Returns when every worker has begun oftener than `starts` says, and serves."""

    def came_up() -> bool:
        now = workers_of(gateway)
        return len(now) == WORKERS and all(
            one["up"] and one["starts"] > before for one, before in zip(now, starts, strict=True)
        )

    assert await wait_until(came_up, UP_S, poll_s=0.05), workers_of(gateway)


@pytest.mark.slow
def test_killed_workers_lose_and_double_nothing(tmp_path):
    async def drive():
        async with world(tmp_path, trucks=TRUCKS, proxy={"delay_s": 0.02}, sections=SECTIONS) as (here, _):
            gateway = here.road.gateway
            await all_up(gateway, [0] * WORKERS)
            await here.acknowledged(50)
            for _ in range(KILLS):
                await here.acknowledged(here.random.randint(1, 60))
                starts = [one["starts"] for one in workers_of(gateway)]
                victim = here.random.randrange(WORKERS)
                os.kill(workers_of(gateway)[victim]["pid"], signal.SIGKILL)
                await all_up(gateway, [count - (index != victim) for index, count in enumerate(starts)])
            await here.acknowledged(50)
            figures = gateway.counters()
            assert figures["server"]["online"] > 0
            assert figures["server"]["counters"]["passed_on"] > 0, "nobody came to another's door"
            assert_balanced(await here.settle(), here.seed, at_least=300)

    run(drive())


@pytest.mark.slow
def test_replacing_every_worker_loses_and_doubles_nothing(tmp_path):
    async def drive():
        async with world(tmp_path, trucks=TRUCKS, proxy={"delay_s": 0.02}, sections=SECTIONS) as (here, _):
            gateway = here.road.gateway
            await all_up(gateway, [0] * WORKERS)
            for _ in range(2):
                await here.acknowledged(60)
                starts = [one["starts"] for one in workers_of(gateway)]
                os.kill(gateway.pid, signal.SIGUSR1)
                await all_up(gateway, starts)
            await here.acknowledged(60)
            assert gateway.running
            assert_balanced(await here.settle(), here.seed, at_least=200)

    run(drive())


@pytest.mark.slow
def test_workers_end_with_their_supervisor_and_the_next_one_goes_on(tmp_path):
    async def drive():
        async with world(tmp_path, trucks=TRUCKS, proxy={"delay_s": 0.02}, sections=SECTIONS) as (here, _):
            gateway = here.road.gateway
            await all_up(gateway, [0] * WORKERS)
            for _ in range(3):
                await here.acknowledged(here.random.randint(20, 80))
                orphans = [one["pid"] for one in workers_of(gateway)]
                await in_thread(gateway.kill)
                if here.random.random() < 0.5:  # half the time the next one comes while they still end
                    assert await wait_until(lambda pids=orphans: not any(map(is_alive, pids)), UP_S)
                await in_thread(gateway.start)
                await all_up(gateway, [0] * WORKERS)
                assert not set(orphans) & {one["pid"] for one in workers_of(gateway)}
                assert await wait_until(lambda pids=orphans: not any(map(is_alive, pids)), UP_S)
            await here.acknowledged(50)
            assert_balanced(await here.settle(), here.seed, at_least=200)
            pids = [one["pid"] for one in workers_of(gateway)]
            assert await in_thread(gateway.stop) == 0
            assert not any(map(is_alive, pids))

    run(drive())


@pytest.mark.slow
@pytest.mark.parametrize("numbers", [(2, 1), pytest.param((2, 4, 3, 1, 2), marks=pytest.mark.soak)], ids=str)
def test_another_number_of_workers_delivers_what_the_former_ones_left(tmp_path, numbers):
    """The broker is away whenever the number changes, so each journal has undelivered reports in it."""

    async def drive():
        async with world(tmp_path, trucks=TRUCKS, sections=SECTIONS) as (here, _):
            gateway, cut = here.road.gateway, BrokerCut(here.road.broker)
            for number in numbers[1:]:
                await here.acknowledged(60)
                await in_thread(cut.start)
                await here.acknowledged(60)
                assert await in_thread(gateway.stop) == 0
                assert (await in_thread(gateway.status))["queued"] > 0
                gateway.change({"server": {"workers": number}})
                await in_thread(gateway.start)
                await in_thread(cut.stop)
            await here.acknowledged(60)
            assert_balanced(await here.settle(), here.seed, at_least=180)
            assert gateway.counters()["leftovers"] == {}

    run(drive())


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that only waits to be buried does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
