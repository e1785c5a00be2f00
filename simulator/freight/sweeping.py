"""Each fault alone over the real road, beside the same world without it: it moves what it declares."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from .judged import Judged, moved
from .plants import MOVES
from .scenarios import SINGLE, build
from .trial import Progress, TrialError, recent, run
from .world import World

CLEAN: Final = "clean"


class Moved(NamedTuple):
    """What one fault did to a clean world. found, declared: indicators that moved, and that should."""

    fault: str
    found: frozenset[str]
    declared: frozenset[str]
    judged: Judged

    @property
    def right(self) -> bool:
        """Whether exactly the declared ones moved, and every value is the truth."""
        return self.found == self.declared and not self.judged.differences()


class Sweep:
    """faults: names of plants. folder: gets a folder for each run. jobs: runs at the same time, each with
    processes of its own. `line()` says where it is."""

    def __init__(self, seed: int, faults: Sequence[str], folder: Path, jobs: int) -> None:
        self._seed, self._faults, self._folder = seed, tuple(faults), folder
        self._gate = asyncio.Semaphore(jobs)
        self._period = recent(int(time.time()))  # one for all: a midnight in between moves nothing
        self._running: dict[str, Progress] = {}
        self._judged: dict[str, Judged] = {}

    def line(self) -> str:
        """How many are judged, and what runs now."""
        now = ", ".join(f"{name} {progress.phase}" for name, progress in self._running.items())
        return f"{len(self._judged)}/{len(self._faults) + 1} judged  {now}"

    async def run(self) -> list[Moved]:
        """All of it. Raises PlantError before anything starts, TrialError when the clean world is not judged
        right, and what `trial.run` raises."""
        worlds = {CLEAN: build(SINGLE, self._seed, {}, self._period)}
        worlds |= {fault: build(SINGLE, self._seed, {fault: 1}, self._period) for fault in self._faults}
        tasks = [asyncio.create_task(self._one(name, world)) for name, world in worlds.items()]
        try:
            await asyncio.gather(*tasks)
        except BaseException:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise
        return self.found()

    def found(self) -> list[Moved]:
        """Of the faults that are judged so far, in the order given; none before the clean world is."""
        clean = self._judged.get(CLEAN)
        if clean is None:
            return []
        return [
            Moved(fault, moved(clean, one), MOVES[fault], one)
            for fault in self._faults
            if (one := self._judged.get(fault))
        ]

    async def _one(self, name: str, world: World) -> None:
        async with self._gate:
            self._running[name] = progress = Progress(name)
            try:
                judged = await run(world, self._folder / name, progress=progress)
            finally:
                del self._running[name]
            if name == CLEAN and (wrong := judged.differences()):
                raise TrialError(f"a world without a fault is not judged right: {wrong[0]}")
            self._judged[name] = judged
