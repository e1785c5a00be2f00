"""The finished world travels: tracks as terminals send them, documents through the gateway's API; then the
authority's report is held against what was planted."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from pathlib import Path
from typing import Final

from ...authority.books.book import Book
from ...authority.reporting import report_of, write
from ...fleet.events import FleetLog
from ...freight.judged import Judged
from ...freight.registration import phone_of
from ...freight.travelling import travel
from ...freight.world import World
from .road import FreightRoad

PATIENCE_S: Final = 60.0
_LOOK_S: Final = 0.2


async def send(road: FreightRoad, world: World, log: FleetLog) -> tuple[int, int]:
    """Tracks, then documents, each acknowledged; how many of either. Raises Refused, OSError, ValueError."""
    positions = await travel(world, *road.server, log=log)
    return await asyncio.to_thread(_hand_in, road, world), positions


async def judge(road: FreightRoad, world: World, sent: tuple[int, int], folder: Path) -> Judged:
    """Waits until all of it has arrived and computes. Raises TimeoutError."""
    documents, positions = sent
    deadline = time.monotonic() + PATIENCE_S
    while not await asyncio.to_thread(_arrived, road, world, documents, positions):
        if time.monotonic() > deadline:
            raise TimeoutError(
                f"the authority has not all of {documents} documents and {positions} positions"
            )
        await asyncio.sleep(_LOOK_S)
    report = await asyncio.to_thread(report_of, road.house.books, road.house.positions, world.period)
    page, _ = write(report, folder)
    return Judged(documents, positions, report, world.truth, page)


def _hand_in(road: FreightRoad, world: World) -> int:
    for upload in world.uploads:
        answer = road.office.post("/documents", {"kind": upload.kind.value, "document": upload.document})
        if answer.status >= 300:
            raise ValueError(f"the gateway refused a document: {answer.status} {answer.body}")
    return len(world.uploads)


def _arrived(road: FreightRoad, world: World, documents: int, positions: int) -> bool:
    phones = phone_of(world).values()
    try:
        with Book(road.house.books, read_only=True) as book, road.house.read() as store:
            counts = store.counts_by_terminal()
            stored = sum(counts[each].received for each in phones if each in counts)
            return bool(book.rows("SELECT count(*) FROM document")[0][0] >= documents and stored >= positions)
    except sqlite3.OperationalError:  # the file is being made
        return False
