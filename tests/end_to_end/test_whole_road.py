"""Five virtual trucks, gateway, broker and authority: a few seconds, and the account is closed."""

import pytest

from simulator.fleet.scenario import EDITIONS

from .world import assert_balanced, run, world


@pytest.mark.slow
def test_everything_that_five_trucks_emit_is_stored_once(tmp_path):
    async def drive():
        async with world(tmp_path, trucks=5) as (here, _):
            await here.acknowledged(150)
            ledger = await here.settle()
            assert_balanced(ledger, here.seed, at_least=150)
            assert len(ledger.accounts) == 5
            stored = here.road.authority.read()
            editions = {record.edition for _, record in stored.records()}
            stored.close()
            # 2011 and 2013 headers look alike; the gateway tells them apart by the registration.
            assert editions == set(EDITIONS)

    run(drive())
