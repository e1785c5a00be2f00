"""Five virtual trucks, gateway, broker and authority: a few seconds, and the account is closed."""

import json
import subprocess
import sys

import pytest

from simulator.demo.road import Road
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


@pytest.mark.slow
def test_run_record_and_ledger_commands_fit_together(tmp_path):
    record = tmp_path / "emitted.jsonl"
    with Road(tmp_path) as road:
        drive = ["run", "--port", str(road.server[1]), "--trucks", "3", "--seconds", "4", "--seed", "3"]
        options = ["--compression", "20", "--interval", "5", "--record", str(record), "--json"]
        driven = fleet_sim(*drive, *options)
        assert driven["held"] == 0 and driven["emitted"] == driven["acknowledged"] >= 6
        assert road.wait_delivered(driven["emitted"], 30)
        parts = ["--authority", str(road.authority.database), "--gateway", str(road.gateway.config_file)]
        account = fleet_sim("ledger", "--emitted", str(record), *parts, "--json")
    assert account["received"] == driven["emitted"] and account["lost"] == account["duplicated"] == 0


def fleet_sim(*arguments):
    """The JSON that the command prints; it must end with 0."""
    command = [sys.executable, "-m", "simulator.cli", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return json.loads(ended.stdout)
