"""The gateway dies again and again under load, at moments chosen by progress and by time."""

import asyncio

import pytest

from simulator.background import in_thread
from simulator.faults.gateway_kill import GatewayKill
from tests.end_to_end.world import assert_balanced, run, world


@pytest.mark.parametrize(
    "kills", [pytest.param(6, marks=pytest.mark.slow), pytest.param(20, marks=pytest.mark.soak)]
)
def test_a_gateway_killed_again_and_again_loses_and_doubles_nothing(tmp_path, kills):
    async def drive():
        # The delay keeps answers on the line: each kill catches reports that are committed and not yet
        # acknowledged, which their terminals then send again.
        async with world(tmp_path, trucks=40, proxy={"delay_s": 0.04}) as (here, _):
            fault = GatewayKill(here.road.gateway)
            for number in range(kills):
                # By progress: right behind the k-th acknowledgement, when its neighbours are in the commit.
                # By time: anywhere, also while terminals still register or nothing is under way.
                if number % 2:
                    await here.acknowledged(here.random.randint(1, 120))
                else:
                    await asyncio.sleep(here.random.uniform(0.0, 0.6))
                here.note_resends()
                await in_thread(fault.strike)
            await here.acknowledged(20)
            assert_balanced(await here.settle(), here.seed, at_least=500)
            assert fault.strikes == kills
            assert here.resends > 0, f"seed {here.seed}: no kill hit between commit and acknowledgement"

    run(drive())
