"""The broker and the authority die under load; what the gateway had not confirmed comes again."""

import asyncio

import pytest

from simulator.background import in_thread
from simulator.faults.broker_cut import BrokerCut
from tests.end_to_end.world import assert_balanced, run, world

KILLS = 4


@pytest.mark.slow
def test_a_broker_killed_under_load_loses_and_doubles_nothing(tmp_path):
    async def drive():
        async with world(tmp_path, trucks=10) as (here, _):
            fault = BrokerCut(here.road.broker)
            for _ in range(KILLS):
                await here.acknowledged(here.random.randint(20, 150))
                await in_thread(fault.start)
                # Terminals are acknowledged all the while: the journal holds what the broker cannot take.
                await here.acknowledged(here.random.randint(20, 100))
                await in_thread(fault.stop)
            assert_balanced(await here.settle(), here.seed, at_least=300)

    run(drive())


@pytest.mark.slow
def test_an_authority_killed_between_storing_and_receipt_stores_once(tmp_path):
    async def drive():
        async with world(tmp_path, trucks=10) as (here, _):
            for _ in range(KILLS):
                await asyncio.sleep(here.random.uniform(0.2, 1.0))
                await in_thread(here.road.authority.kill)
                await here.acknowledged(here.random.randint(1, 60))
                await in_thread(here.road.authority.start)
            assert_balanced(await here.settle(), here.seed, at_least=200)

    run(drive())
