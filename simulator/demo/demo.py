"""The demo: the whole road with its real parts, a driver code's life, two faults in the middle; at the end a
ledger, the indicators and a map.

Orders the parts in time and tells what happened. Everything it starts it also stops, however it ends.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from protocols.wire.bcd import identity_of

from ..background import in_thread
from ..faults.broker_cut import BrokerCut
from ..faults.gateway_kill import GatewayKill
from ..fleet.events import FleetLog
from ..fleet.routes import built_in_routes
from ..fleet.runner import Runner
from ..fleet.scenario import Options, Scenario, plan_fleet
from ..fleet.truck import Truck
from ..freight.judged import Judged
from ..ledger.ledger import Ledger
from ..ledger.report import as_json, write_json
from . import map as tracks_map
from .desks import RECONNECT_MAX_S, DeskTerminal
from .lock import only_one_in
from .show import STARTING, Show, Snapshot
from .story import quarter, screen
from .story.acts import Story, StoryError, Told
from .story.road import FreightRoad
from .story.world import invent

DESKS: Final = 2  # beside the one that the story is told of
STORY_INTERVAL_S: Final = 2
COMPRESSION: Final = 30  # half an hour on the road in a minute
INTERVAL_S: Final = 10
BROKER_CUT_AT: Final = 0.35  # of the run
BROKER_CUT_S: Final = 5.0
GATEWAY_KILL_AT: Final = 0.6
DRAIN_S: Final = 60.0  # until everything held is acknowledged; then as long again for the authority
_LOOK_S: Final = 0.25
_RUN_FOLDER: Final = "run"
PICTURE: Final = "screen.png"


@dataclass(frozen=True)
class DemoOptions:
    """seconds: of driving. output: gets ledger.json, tracks.svg and the folder `run` with data and logs;
    `run` of an earlier demo is removed. recording: NMEA for the second real terminal.
    """

    seconds: float
    trucks: int
    seed: int
    output: Path
    recording: Path | None = None


@dataclass(frozen=True)
class Outcome:
    """What a demo ended with. told, judged: the story, as far as it came. ok: everything arrived once,
    nothing is left under way, the story came to its end and every indicator is the planted truth."""

    ledger: Ledger
    told: Told
    judged: Judged | None
    document: dict[str, Any]
    ledger_file: Path
    map_file: Path
    ok: bool


class Demo:
    """One run. `run` may be cancelled at any time and then stops all it started before it returns."""

    def __init__(self, options: DemoOptions, show: Show) -> None:
        self._options = options
        self._show = show
        self._scenario = _plan(options)
        self._log = FleetLog()
        self._started = 0.0
        self._now = Snapshot(seconds=options.seconds, seed=options.seed, trucks=options.trucks)
        self._run_folder = options.output / _RUN_FOLDER
        self._world = invent(options.seed, int(time.time()))
        self._road = FreightRoad(self._run_folder, self._world, self._scenario.plans[-1])
        self._desks = _desks(self._scenario, options, self._run_folder)
        self._calm, self._quarter, self._killed = asyncio.Lock(), asyncio.Event(), asyncio.Event()
        self._told, self._failed = Told(), ""
        self._judged: Judged | None = None
        self._runner: Runner

    async def run(self) -> Outcome:
        """The whole demo.

        Raises NotReady, BrokerError or GatewayError when a part does not come up, FolderInUse when another
        demo runs in the same folder.
        """
        with only_one_in(self._options.output):
            shutil.rmtree(self._run_folder, ignore_errors=True)
            return await self._run()

    async def _run(self) -> Outcome:
        self._started = asyncio.get_running_loop().time()
        watch = asyncio.create_task(self._watch())
        try:
            await in_thread(self._road.start)
            return await self._with_road()
        finally:
            watch.cancel()
            await in_thread(self._road.stop)

    async def _with_road(self) -> Outcome:
        fleet = self._scenario.plans[: self._options.trucks]
        settings: dict[str, object] = {"reconnect_max_s": RECONNECT_MAX_S}
        server = [self._road.server]
        trucks = [Truck(plan, self._scenario.options, server, self._log, settings=settings) for plan in fleet]
        self._runner = Runner(trucks)
        try:
            for desk in self._desks:
                await desk.open(*self._road.server)
            sent = await quarter.send(self._road, self._world, self._log)
            self._event(f"the finished trips of an operator travel: {sent[0]} documents, {sent[1]} positions")
            await self._drive(sent)
            drained = await self._drain()
        finally:
            await self._runner.end()
            for desk in self._desks:
                await desk.close(self._log)
        return await self._account(drained)

    async def _drive(self, sent: tuple[int, int]) -> None:
        """The seconds on the road, with the faults in the middle; and as long as the story takes."""
        self._started = asyncio.get_running_loop().time()
        self._now.phase = "driving"
        self._runner.start()
        driving = [asyncio.create_task(desk.drive()) for desk in self._desks]
        beside = [asyncio.create_task(self._judge(sent)), asyncio.create_task(self._tell())]
        try:
            await self._until(BROKER_CUT_AT)
            async with self._calm:
                await self._cut_broker()
            await self._until(GATEWAY_KILL_AT)
            async with self._calm:
                await self._kill_gateway()
            await self._until(1.0)
            await asyncio.gather(*beside)
        finally:
            for task in (*driving, *beside):
                task.cancel()
            await asyncio.gather(*driving, *beside, return_exceptions=True)

    async def _judge(self, sent: tuple[int, int]) -> None:
        """The report over what travelled; the documents of today wait for it."""
        try:
            folder = self._options.output / "report"
            self._judged = judged = await quarter.judge(self._road, self._world, sent, folder)
            self._event(
                f"16 indicators computed: {judged.equal} of {judged.values} values are the planted truth"
            )
        except (TimeoutError, OSError) as error:
            self._fail(str(error))
        finally:
            self._quarter.set()

    async def _tell(self) -> None:
        picture = self._run_folder / PICTURE
        moments = (self._quarter, self._killed)
        story = Story(self._road, (picture, self._options.output), self._event, self._calm, moments)
        self._told = story.told
        try:
            await story.tell()
        except (StoryError, OSError) as error:
            self._fail(str(error))

    def _fail(self, text: str) -> None:
        self._failed = self._failed or text
        self._event(f"the story ends here: {text}")

    async def _cut_broker(self) -> None:
        fault = BrokerCut(self._road.broker)
        down_s = min(BROKER_CUT_S, self._options.seconds / 4)
        self._event(f"the broker is killed (SIGKILL) and stays away for {down_s:.0f} s")
        await in_thread(fault.start)
        await asyncio.sleep(down_s)
        await in_thread(fault.stop)
        self._event("the broker is back")

    async def _kill_gateway(self) -> None:
        fault = GatewayKill(self._road.gateway)
        self._event("the gateway is killed (SIGKILL)")
        await in_thread(fault.start)
        await in_thread(fault.stop)
        self._event("the gateway is back; terminals reconnect and send what was not acknowledged")
        self._killed.set()

    async def _drain(self) -> bool:
        """Nobody drives any more; everything held is to be acknowledged, then delivered."""
        self._now.phase = "draining"
        self._event("the trucks stop; everything held is sent")
        ends = await asyncio.gather(
            self._runner.drain(DRAIN_S), *(desk.drain(DRAIN_S) for desk in self._desks)
        )
        emitted = self._log.emitted + sum(desk.counts[0] for desk in self._desks)
        delivered = await in_thread(lambda: self._road.wait_delivered(emitted, DRAIN_S))
        return all(ends) and delivered

    async def _account(self, drained: bool) -> Outcome:
        self._now.phase = "accounting"
        ledger: Ledger = await in_thread(lambda: self._road.ledger(self._log))
        printed = {_name(desk): desk.errors for desk in self._desks if desk.errors}
        for name, text in printed.items():
            self._event(f"the firmware of terminal {name} failed: {text.strip().splitlines()[-1]}")
        judged = self._judged
        true = judged is not None and judged.equal == judged.values and not self._failed
        ok = drained and ledger.total.drained and ledger.rejected == 0 and not printed and true
        document = as_json(
            ledger,
            self._options.seed,
            ok=ok,
            trucks=self._options.trucks,
            real_terminals=[identity_of(desk.plan.phone) for desk in self._desks],
            seconds=self._options.seconds,
            faults={"broker_kills": 1, "gateway_kills": 1},
            firmware_errors=printed,
            story=self._told.steps | ({"failed": self._failed} if self._failed else {}),
            freight=judged.as_json() if judged else None,
        )
        ledger_file = self._options.output / "ledger.json"
        write_json(ledger_file, document)
        return Outcome(ledger, self._told, judged, document, ledger_file, self._draw_map(), ok)

    def _draw_map(self) -> Path:
        # Of those that drove now: the finished trips are no drive of this half hour, and off these roads.
        driven = {identity_of(plan.phone) for plan in self._scenario.plans}
        firmware = {identity_of(desk.plan.phone) for desk in self._desks}
        tracks = tracks_map.tracks_of(self._road.authority.database, driven, firmware)
        minutes = self._options.seconds * COMPRESSION / 60
        subtitle = (
            f"{self._options.trucks} 辆车 trucks + {len(firmware)} 台真实固件 real terminals,"
            f" {minutes:.0f} min on the road, seed {self._options.seed}"
        )
        file = self._options.output / "tracks.svg"
        file.write_text(tracks_map.draw(built_in_routes(), tracks, subtitle), encoding="utf-8")
        return file

    async def _until(self, fraction: float) -> None:
        loop = asyncio.get_running_loop()
        due = self._started + self._options.seconds * fraction
        await asyncio.sleep(max(0.0, due - loop.time()))

    def _event(self, text: str) -> None:
        # Before the driving begins there is no second to tell.
        begun = self._now.phase != STARTING
        self._show.event(asyncio.get_running_loop().time() - self._started if begun else 0.0, text)

    async def _watch(self) -> None:
        """Keeps the snapshot fresh until cancelled."""
        while True:
            self._look()
            self._show.update(self._now)
            await asyncio.sleep(_LOOK_S)

    def _look(self) -> None:
        now = self._now
        now.elapsed_s = asyncio.get_running_loop().time() - self._started
        now.parts = self._road.parts()
        now.desks = {_name(desk): (desk.state, *desk.counts) for desk in self._desks}
        now.emitted = self._log.emitted + sum(desk.counts[0] for desk in self._desks)
        now.acknowledged = self._log.acknowledged + sum(desk.counts[1] for desk in self._desks)
        if now.parts.get("authority"):
            now.received = self._road.received().received
        if now.parts.get("gateway"):
            journal = self._road.gateway.counters().get("journal", {})
            now.journalled = journal.get("journalled", now.journalled)
            now.delivered = journal.get("confirmed", now.delivered)
        if hasattr(self, "_runner"):
            now.online, now.in_tunnel = self._runner.online, self._runner.covered


def _plan(options: DemoOptions) -> Scenario:
    """Trucks first, then the real terminals, the last of them the story's."""
    wanted = Options(
        trucks=options.trucks + DESKS + 1,
        seconds=options.seconds,
        compression=COMPRESSION,
        interval_s=INTERVAL_S,
    )
    return plan_fleet(options.seed, wanted, built_in_routes())


def _desks(scenario: Scenario, options: DemoOptions, folder: Path) -> list[DeskTerminal]:
    *plans, last = scenario.plans[-DESKS - 1 :]
    desks = [
        DeskTerminal(
            plan, scenario.options, folder / f"terminal-{plan.phone}", recording, seconds=options.seconds
        )
        for plan, recording in zip(plans, [None, options.recording], strict=True)
    ]
    # Its code proves that it is shown now: this truck lives at the pace of the clock.
    pace = replace(scenario.options, compression=1, interval_s=STORY_INTERVAL_S)
    settings = {
        "display": [str(folder / PICTURE), *screen.DISPLAY],
        "presence_keys_pushed": True,
        "heap": "160k",  # a code with its proof is drawn in 128k; more is for bad lines and orders
    }
    folder /= f"terminal-{last.phone}"
    return [*desks, DeskTerminal(last, pace, folder, settings=settings, today=True)]


def _name(desk: DeskTerminal) -> str:
    return identity_of(desk.plan.phone)
