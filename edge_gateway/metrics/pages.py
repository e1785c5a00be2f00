"""The pages for watchers: /metrics, /healthz (alive), /readyz (able to do its work). Plain ASGI."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .figures import Figures
from .snapshot import Snapshot


@dataclass(frozen=True)
class Health:
    """What the pages ask. snapshots: the figures of each process. dead: the parts that must run and do not;
    who reads that may restart us. hindrances: why reports are not taken or not delivered now, which a restart
    does not mend; called in a thread."""

    snapshots: Callable[[], Awaitable[Sequence[Snapshot]]]
    dead: Callable[[], list[str]]
    hindrances: Callable[[], list[str]]


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
        self._one_by_one = asyncio.Lock()  # the figures are those of one asker at a time
        self._figures = Figures()
        self._registry = CollectorRegistry()
        self._registry.register(self._figures)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)

    async def metrics(self, request: Request) -> Response:
        del request
        async with self._one_by_one:
            self._figures.snapshots = await self._health.snapshots()
            page = generate_latest(self._registry)
        return Response(page, media_type=CONTENT_TYPE_LATEST)

    async def healthz(self, request: Request) -> Response:
        """200 while every part runs that must, else 503 and their names; the process answers, so its loop
        does. What a restart would not mend is told as well, and changes no status."""
        del request
        dead = self._health.dead()
        told = {"alive": not dead, "problems": dead, "warnings": await self._hindrances()}
        return JSONResponse(told, 503 if dead else 200)

    async def readyz(self, request: Request) -> Response:
        """200 while reports are taken and, where there is a broker, delivered; else 503 with the reasons."""
        del request
        problems = self._health.dead() + await self._hindrances()
        return JSONResponse({"ready": not problems, "problems": problems}, 503 if problems else 200)

    async def _hindrances(self) -> list[str]:
        return await asyncio.to_thread(self._health.hindrances)
