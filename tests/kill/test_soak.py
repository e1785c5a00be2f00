"""Everything at once for SOAK_SECONDS: gateway, broker, authority, links and power fail under load."""

import asyncio
import os

import pytest

from simulator.background import in_thread
from simulator.faults.broker_cut import BrokerCut
from simulator.faults.gateway_kill import GatewayKill
from simulator.faults.power_cut import TearingFiles
from tests.end_to_end.world import assert_balanced, run, world

SOAK_SECONDS = float(os.environ.get("SOAK_SECONDS", "600"))
LEAST_REPORTS_PER_SECOND = 5


@pytest.mark.soak
def test_nothing_is_lost_however_long_it_is_beaten(tmp_path):
    flashes = []

    def flash(chance):
        flashes.append(TearingFiles(chance, every_bytes=20_000))
        return flashes[-1]

    async def drive():
        proxy = {"split_max": 200, "delay_s": 0.005}
        async with world(tmp_path, trucks=30, seconds=SOAK_SECONDS, flash=flash, proxy=proxy) as (here, net):
            deadline = asyncio.get_running_loop().time() + SOAK_SECONDS
            while asyncio.get_running_loop().time() < deadline:
                await here.acknowledged(here.random.randint(1, 300))
                await strike(here, net)
            for one in flashes:
                one.every_bytes = 0
            least = int(SOAK_SECONDS * LEAST_REPORTS_PER_SECOND)
            assert_balanced(await here.settle(), here.seed, at_least=least)

    run(drive())


async def strike(here, network):
    """One fault, drawn by chance, held for a moment."""
    road, pause_s = here.road, here.random.uniform(0, 2)
    kind = here.random.choice(("gateway", "gateway", "broker", "authority", "link"))
    if kind == "link":
        network.start()
        await asyncio.sleep(pause_s)
        network.stop()
    elif kind == "authority":
        await in_thread(road.authority.kill)
        await asyncio.sleep(pause_s)
        await in_thread(road.authority.start)
    else:
        fault = GatewayKill(road.gateway) if kind == "gateway" else BrokerCut(road.broker)
        await in_thread(fault.start)
        await asyncio.sleep(pause_s)
        await in_thread(fault.stop)
