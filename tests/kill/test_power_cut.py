"""The power fails amid flash writes: of virtual trucks byte by byte, of real firmware by SIGKILL."""

import os
import random
import time

import pytest

from simulator.demo.road import Road
from simulator.desk.desk import Desk
from simulator.faults.power_cut import DeskPowerCut, TearingFiles
from simulator.fleet.events import FleetLog
from simulator.fleet.routes import built_in_routes
from simulator.fleet.scenario import Options, plan_fleet
from simulator.fleet.source import Source
from tests.end_to_end.world import assert_balanced, run, world

DESK_CUTS = 6


@pytest.mark.slow
def test_power_cuts_inside_flash_writes_lose_and_double_nothing(tmp_path):
    flashes = []

    def flash(chance):
        flashes.append(TearingFiles(chance, every_bytes=1_500))
        return flashes[-1]

    async def drive():
        async with world(tmp_path, trucks=12, flash=flash) as (here, _):
            await here.acknowledged(600)
            for one in flashes:
                one.every_bytes = 0  # the power lasts from now on, so that the fleet can settle
            strikes, torn = (sum(getattr(one, name) for one in flashes) for name in ("strikes", "torn"))
            print(f"{strikes} power cuts, {torn} in the middle of a write")
            assert torn >= 10
            assert_balanced(await here.settle(), here.seed, at_least=600)

    run(drive())


@pytest.mark.slow
def test_real_firmware_whose_power_fails_loses_and_doubles_nothing(tmp_path):
    seed = int(os.environ.get("KILL_SEED") or random.SystemRandom().getrandbits(32))
    print(f"seed {seed}")
    chance = random.Random(seed)
    plan = plan_fleet(seed, Options(trucks=1, seconds=600), built_in_routes()).plans[0]
    source = Source(plan, Options(trucks=1, seconds=600))
    with Road(tmp_path / "road") as road:
        desk = Desk(
            tmp_path / "desk",
            [road.server],
            plan.phone,
            edition=plan.edition,
            interval_s=1,
            reconnect_max_s=2,
            backfill_gap_ms=100,
        )
        fault = DeskPowerCut(desk)
        try:
            desk.start()
            for _ in range(DESK_CUTS):
                feed_until(desk, source, chance.randint(5, 60))
                fault.start()
                fault.stop()
            feed_until(desk, source, 20)
            settle(desk, seed)
            log = log_of(desk, plan.phone)
            assert road.wait_delivered(log.emitted, 60), f"seed {seed}"
            assert_balanced(road.ledger(log), seed, at_least=DESK_CUTS * 5)
        finally:
            desk.stop()


def feed_until(desk, source, reports):
    """Feeds epochs, as fast as the firmware makes reports of them, until there are so many more.

    In a tunnel an epoch makes no report, so none is waited for long."""
    target = len(desk.emitted) + reports
    deadline = time.monotonic() + 30
    while len(desk.emitted) < target:
        assert time.monotonic() < deadline, desk.errors
        before = len(desk.emitted)
        desk.feed(source.next_epoch().sentences)
        desk.wait_until(lambda before=before: len(desk.emitted) > before, 0.05)


def settle(desk, seed):
    """Waits until everything is acknowledged and switches off before the next report."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        desk.wait_until(lambda: desk.emitted.keys() <= desk.acknowledged, 30)
        desk.kill()
        if desk.emitted.keys() <= desk.acknowledged:
            return
        desk.start()
    raise AssertionError(f"seed {seed}: {len(desk.emitted.keys() - desk.acknowledged)} held; {desk.errors}")


def log_of(desk, phone):
    log = FleetLog()
    for sequence, body in desk.emitted.items():
        log.emit(phone, sequence, body)
    for sequence in desk.acknowledged:
        log.acknowledge(phone, sequence)
    return log
