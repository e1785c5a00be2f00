"""The network between terminals and gateway splits, delays and cuts; reports come late, never twice."""

import asyncio

import pytest

from tests.end_to_end.world import assert_balanced, run, world

CUTS = 12


@pytest.mark.slow
def test_cut_links_lose_and_double_nothing(tmp_path):
    async def drive():
        async with world(tmp_path, proxy={"split_max": 60, "delay_s": 0.02}) as (here, network):
            for number in range(CUTS):
                await here.acknowledged(here.random.randint(1, 80))
                network.start()
                if number % 3 == 0:  # a longer hole: more than one batch of backfill for each terminal
                    await asyncio.sleep(here.random.uniform(0.5, 1.5))
                network.stop()
            assert network.links_cut >= CUTS
            assert_balanced(await here.settle(), here.seed, at_least=300)

    run(drive())
