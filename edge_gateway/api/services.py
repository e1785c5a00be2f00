"""What the routes are given: the parts of the running gateway, behind narrow ports."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

from fastapi import Request

from ..commands import CommandError, CommandService, Rollouts
from ..registry import Fleet, Registry
from ..tokens import Tokens


class Media(Protocol):
    """Pictures, sound and films that terminals sent."""

    def listed(self, terminal: str, after: int, limit: int) -> list[dict[str, Any]]:
        """Descriptions behind the number `after`, oldest first."""

    def file(self, number: int) -> tuple[Path, str] | None:
        """The file and content type of one; None when there is none."""


# Orders the files of one alarm: (terminal, edition, its identifier, UTC ms) → (alarm number, body of 0x9208).
OrderFiles = Callable[[str, int, dict[str, Any], int], tuple[str, bytes]]


@dataclass
class Services:
    """commands … tokens: the parts. stats: figures of the whole gateway. last_position: the youngest report
    of a terminal as JSON, None when it is not at hand (called in a thread). disconnect: ends the connection
    of a terminal, for a reason. order_files: None without an attachment server.
    """

    commands: CommandService
    rollouts: Rollouts
    registry: Registry
    fleet: Fleet
    tokens: Tokens
    stats: Callable[[], dict[str, Any]]
    last_position: Callable[[str], dict[str, Any] | None]
    disconnect: Callable[[str, str], object]
    body_max_bytes: int = 24 << 20
    media: Media | None = None
    order_files: OrderFiles | None = None
    version: str = field(default="")


async def services_of(request: Request) -> Services:
    """A dependency: the services of the application."""
    return cast(Services, request.app.state.services)


class Written:
    """A callback for the registry's changes that can be awaited; raises CommandError when they were not
    written. Must be made in the loop that the registry's callbacks come to."""

    def __init__(self) -> None:
        self._future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def __call__(self, written: bool) -> None:
        """The registry's answer."""
        if not self._future.done():
            self._future.set_result(written)

    async def wait(self) -> None:
        """Returns once it is on the disk."""
        if not await self._future:
            raise CommandError("the registry could not be written; see the log", kind="failed")
