"""A road and a fleet on it, for tests: bring up, drive, settle, balance."""

import asyncio
import os
import random
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from simulator.background import in_thread
from simulator.demo.road import FAST_DELIVERY, Road
from simulator.faults.link_cut import LinkCut
from simulator.fleet.events import FleetLog
from simulator.fleet.routes import built_in_routes
from simulator.fleet.runner import Runner, wait_until
from simulator.fleet.scenario import Options, plan_fleet
from simulator.fleet.truck import Truck

RATE = 10  # the terminals live ten times as fast: ten reports a second each, and timeouts of a second
SETTLE_S = 60
SETTINGS = {"reconnect_max_s": 8, "backfill_gap_ms": 200, "heartbeat_s": 20}


@dataclass
class World:
    """What a test plays with. seed: printed, and the source of all chance in it.

    resends: after `settle`, reports that came again and were recognised by the gateway (best effort).
    """

    seed: int
    random: random.Random
    road: Road
    runner: Runner
    log: FleetLog
    resends: int = 0

    async def acknowledged(self, more: int, timeout_s: float = 30) -> None:
        """Returns when `more` further reports are acknowledged; fails after `timeout_s`."""
        target = self.log.acknowledged + more
        reached = await wait_until(lambda: self.log.acknowledged >= target, timeout_s, poll_s=0.001)
        assert reached, f"seed {self.seed}: no {more} acknowledgements in {timeout_s} s; {self.trouble()}"

    async def settle(self):
        """Stops driving, waits until all has arrived, and gives the ledger."""
        drained = await self.runner.drain(SETTLE_S)
        assert drained, f"seed {self.seed}: {self.runner.held} reports are still held; {self.trouble()}"
        await in_thread(lambda: self.road.wait_delivered(self.log.emitted, SETTLE_S))
        self.note_resends()
        print(f"at least {self.resends} resends recognised by the gateway")
        return await in_thread(lambda: self.road.ledger(self.log))

    def note_resends(self) -> None:
        """Adds what this gateway process recognised; before it is killed, and at the end."""
        self.resends += self.road.gateway.counters().get("journal", {}).get("duplicates", 0)

    def trouble(self) -> str:
        """The end of the gateway's log, for a failed assertion."""
        return self.road.gateway.log_file.read_text("utf-8", "replace")[-2000:]


@asynccontextmanager
async def world(folder: Path, *, trucks=20, seconds=60.0, rate=RATE, flash=None, proxy=None, sections=None):
    """A running road with a driving fleet. flash(random): files for each truck. proxy: keywords of LinkCut,
    which then stands between; it is given as the second value, else None. sections: for the gateway."""
    seed = int(os.environ.get("KILL_SEED") or random.SystemRandom().getrandbits(32))
    print(f"seed {seed}")
    chance = random.Random(seed)
    road = Road(folder, {**FAST_DELIVERY, **(sections or {})})
    runner = network = None
    try:
        await in_thread(road.start)
        if proxy is not None:
            network = LinkCut(*road.server, seed=seed, **proxy)
            await network.open()
        server = road.server if network is None else ("127.0.0.1", network.port)
        log = FleetLog()
        runner = Runner(make_trucks(seed, chance, trucks, seconds, server, log, flash), rate)
        runner.start()
        yield World(seed, chance, road, runner, log), network
    finally:
        if runner is not None:
            await runner.end()
        if network is not None:
            await network.close()
        await in_thread(road.stop)


def make_trucks(seed, chance, count, seconds, server, log, flash):
    options = Options(trucks=count, seconds=seconds * RATE, interval_s=1)
    return [
        Truck(plan, options, [server], log, settings=SETTINGS, flash=flash(chance) if flash else None)
        for plan in plan_fleet(seed, options, built_in_routes()).plans
    ]


def assert_balanced(ledger, seed: int, at_least: int) -> None:
    """Everything emitted was stored once; `at_least` reports, so that an idle run does not pass."""
    total = ledger.total
    figures = f"seed {seed}: {total.as_dict()}, queued {ledger.queued}, missing {total.missing[:5]}"
    print(figures)
    assert total.lost == 0 and total.duplicated == 0 and total.phantom == 0, figures
    assert total.drained and ledger.queued == 0 and ledger.rejected == 0, figures
    assert total.emitted >= at_least, figures


def run(test):
    """Runs an async test function to its end."""
    asyncio.run(test)
