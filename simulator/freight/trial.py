"""A scenario over the real road: terminals → gateway → broker → authority, then its report beside the truth.

Tracks of weeks travel as what a terminal stored while it was out of reach (0x0704), so a month takes seconds.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from protocols.freight.values import DAY_S, day_text
from protocols.monitoring.envelopes import PLAIN

from ..authority.indicators import Period, days
from ..authority.reporting import write
from ..background import in_thread
from ..fleet.events import FleetLog
from .handing import HandingError, hand_in, send_careless
from .judged import Judged
from .site import Site
from .travelling import travel
from .world import World

PERIOD_DAYS: Final = 39  # a world needs a month, and what is sent today must arrive within its period
ARRIVED_S: Final = 120.0  # without anything new
_LOOK_S: Final = 0.1


class TrialError(RuntimeError):
    """Not everything arrived; the text says what is missing."""


@dataclass
class Progress:
    """Where a trial is; written while it runs, for whoever shows it. Figures: positions acknowledged,
    documents handed in, and what of either the authority has."""

    title: str = ""
    phase: str = "starting"
    log: FleetLog | None = None
    positions: int = 0
    documents: int = 0
    handed: int = 0
    arrived_documents: int = 0
    arrived_positions: int = 0

    def line(self) -> str:
        """In one line."""
        if not self.documents:
            return f"{self.title}  {self.phase}"
        sent = self.log.acknowledged if self.log else 0
        return (
            f"{self.title}  {self.phase}"
            f"  positions {sent}/{self.positions} sent, {self.arrived_positions} arrived"
            f" · documents {self.handed}/{self.documents} handed in, {self.arrived_documents} arrived"
        )


def recent(now_s: int) -> Period:
    """A month that ends with today: a world in it is over, and what is sent now arrives in it."""
    return days("recent", day_text(now_s - PERIOD_DAYS * DAY_S), day_text(now_s + DAY_S))


async def run(world: World, folder: Path, envelope: str = PLAIN, progress: Progress | None = None) -> Judged:
    """Everything of this world travels and is judged. folder: gets `report.html`, `report.json` and `run`
    with data and logs; an earlier `run` is removed.

    Raises NotReady, BrokerError, GatewayError, Refused, HandingError, TrialError, OSError.
    """
    now = progress or Progress()
    shutil.rmtree(folder / "run", ignore_errors=True)
    site = Site(folder / "run", world, envelope)
    try:
        now.phase, now.documents = "starting", 0
        await in_thread(site.__enter__)
        return await over(site, folder, now)
    finally:
        await in_thread(site.stop)


async def over(site: Site, folder: Path, now: Progress) -> Judged:
    """The same over a site that is up. Cancelled, it leaves nothing running of its own."""
    world = site.world
    now.log, now.positions = FleetLog(), sum(len(points) for points in world.positions.values())
    now.documents, now.handed, now.phase = len(world.uploads), 0, "travelling"

    def told(number: int) -> None:
        if now.phase == "ending":
            raise HandingError("interrupted")
        now.handed = number

    handing = asyncio.ensure_future(in_thread(lambda: hand_in(site.office, world.uploads, told)))
    try:
        positions = await travel(world, site.gateway.host, site.gateway.port, log=now.log)
        good, faulty = await handing
    except BaseException:
        now.phase = "ending"
        await asyncio.gather(handing, return_exceptions=True)
        raise
    envelope = site.careless_envelope()
    await in_thread(lambda: send_careless(site.port, faulty, envelope))
    now.phase = "arriving"
    documents = good + len(faulty)
    await _arrived(site, (documents, positions), now)
    now.phase = "computing"
    report = await in_thread(site.report)
    page, _ = write(report, folder)
    return Judged(documents, positions, report, world.truth, page)


async def _arrived(site: Site, wanted: tuple[int, int], now: Progress) -> None:
    """Returns when the authority has all of it, once."""
    end = time.monotonic() + ARRIVED_S
    before = (-1, -1)
    while (found := await in_thread(site.counts)) != wanted:
        now.arrived_documents, now.arrived_positions = found
        if found != before:
            before, end = found, time.monotonic() + ARRIVED_S
        if time.monotonic() > end:
            raise TrialError(
                f"{found[0]} of {wanted[0]} documents and {found[1]} of {wanted[1]} positions arrived"
            )
        await asyncio.sleep(_LOOK_S)
    now.arrived_documents, now.arrived_positions = found
