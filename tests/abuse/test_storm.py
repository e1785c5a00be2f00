"""A whole fleet comes back at once after the gateway was killed: everybody is let in and answered."""

import asyncio
import json
import os
import random
import signal

import pytest

from tests.gateway.test_cli import CONFIG, Process, ask

from .crowd import GONE, Good, phone_of

resource = pytest.importorskip("resource", reason="open files are counted on Unix")
FILES_BESIDE = 200
AGAIN_S = 0.2
PATIENCE_S = 300  # all trucks are one process here: the last of them may take long to say who it is


async def comes_back(truck: Good, chance: random.Random) -> None:
    """As a terminal does: at once, and again after a moment when nobody answers; then it says what it has."""
    while True:
        try:
            await truck.open()
            await truck.report()
        except (*GONE, AssertionError, TimeoutError):
            await asyncio.sleep(chance.uniform(0, AGAIN_S))
        else:
            return


async def all_come(port: int, trucks: list[Good], chance: random.Random) -> None:
    for truck in trucks:
        truck.port = port
    await asyncio.wait_for(asyncio.gather(*[comes_back(each, chance) for each in trucks]), 300)


@pytest.mark.parametrize(
    ("count", "workers"),
    [
        pytest.param(1000, 1, marks=pytest.mark.slow),
        pytest.param(10_000, 1, marks=pytest.mark.soak),
        pytest.param(10_000, 2, marks=pytest.mark.soak),
    ],
)
def test_a_storm_of_reconnects_settles(tmp_path, count, workers):
    seed = int(os.environ.get("KILL_SEED") or random.SystemRandom().getrandbits(32))
    print(f"seed {seed}")
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count + FILES_BESIDE:
        pytest.skip(f"{hard} open files are allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (count + FILES_BESIDE, hard))
    config = tmp_path / "gateway.toml"
    server = f"port = 0\nworkers = {workers}\nunauthenticated_timeout_s = {PATIENCE_S}"
    config.write_text(CONFIG.replace("port = 0", server, 1))
    chance = random.Random(seed)
    trucks = [Good(phone_of(number), 0) for number in range(count)]

    async def storm():
        process = await asyncio.to_thread(Process, config)
        try:
            await all_come(process.port, trucks, chance)
        finally:
            await asyncio.to_thread(process.end, signal.SIGKILL)
        for truck in trucks:
            truck.close()
        process = await asyncio.to_thread(Process, config)
        try:
            await all_come(process.port, trucks, chance)
            for truck in trucks:
                truck.close()
        finally:
            assert await asyncio.to_thread(process.end) == 0

    asyncio.run(storm())
    totals = json.loads(ask("status", config, "--json", "--limit", 0).stdout)
    answered = sum(truck.answered for truck in trucks)
    assert answered == 2 * count and totals["journalled"] == totals["queued"] >= answered, seed
