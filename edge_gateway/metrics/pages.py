"""The pages for watchers: /metrics, /healthz (alive), /readyz (able to do its work). Plain ASGI."""

import asyncio
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ..status import named_destinations
from .figures import Figures
from .latency import Latency
from .sample import Readable, Sample, take_sample

REFRESH_S: Final = 5.0  # figures that need the disk are as old as this at most
FREE_BYTES_MIN: Final = 64 << 20
CLOCK_SANE_S: Final = 1_735_689_600.0  # 2025-01-01: a board without a battery begins in 1970


@dataclass(frozen=True)
class Health:
    """What the pages ask. stats: the figures. journal: to look at. journal_full: bytes at which it refuses.
    folder: where it is. alive: whether the parts that must run do."""

    stats: Callable[[], dict[str, Any]]
    journal: Readable
    journal_full_bytes: int
    folder: Path
    alive: Callable[[], bool]
    latency: Latency


def create_pages(health: Health) -> Starlette:
    """The application."""
    watcher = _Watcher(health)
    return Starlette(
        routes=[
            Route("/metrics", watcher.metrics),
            Route("/healthz", watcher.healthz),
            Route("/readyz", watcher.readyz),
        ]
    )


class _Watcher:
    def __init__(self, health: Health) -> None:
        self._health = health
        self._sample = Sample()
        self._refreshed_s = -REFRESH_S
        self._refreshing = asyncio.Lock()
        self._figures = Figures(health.stats, health.latency, lambda: self._sample)
        self._registry = CollectorRegistry()
        self._registry.register(self._figures)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)

    async def metrics(self, request: Request) -> Response:
        del request
        await self._refresh()
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)

    async def healthz(self, request: Request) -> Response:
        """200 while what must run runs; the process answers, so its loop does."""
        del request
        alive = self._health.alive()
        return JSONResponse({"alive": alive}, 200 if alive else 503)

    async def readyz(self, request: Request) -> Response:
        """200 while reports are taken and, where there is a broker, delivered; else 503 with the reasons."""
        del request
        problems = await asyncio.to_thread(self._problems)
        return JSONResponse({"ready": not problems, "problems": problems}, 503 if problems else 200)

    def _problems(self) -> list[str]:
        health, stats = self._health, self._health.stats()
        problems = []
        if not health.alive():
            problems.append("the journal's writer died; see the log")
        if stats["journal"]["used_bytes"] >= health.journal_full_bytes:
            problems.append("the journal is full (journal.max_bytes): reports are refused")
        if shutil.disk_usage(health.folder).free < FREE_BYTES_MIN:
            problems.append(f"less than {FREE_BYTES_MIN >> 20} MiB are free under {health.folder}")
        if time.time() < CLOCK_SANE_S:
            problems.append("the clock is not set")
        for name, figures in named_destinations(stats.get("delivery")).items():
            if not figures.get("connected"):
                problems.append(
                    f"{name}: the broker is not reached: {figures.get('last_error') or 'not yet'}"
                )
        return problems

    async def _refresh(self) -> None:
        async with self._refreshing:
            if time.monotonic() - self._refreshed_s >= REFRESH_S:
                self._sample = await asyncio.to_thread(take_sample, self._health.journal)
                self._refreshed_s = time.monotonic()
