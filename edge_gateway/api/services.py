"""What the routes are given: the parts of the running gateway, behind narrow ports."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

from fastapi import Request

from ..commands import CommandService, Rollouts
from ..commands.alarm_files import OrderFiles
from ..freight.desk import FreightDesk
from ..registry import Fleet, Roll
from ..tokens import Tokens


class Media(Protocol):
    """Pictures, sound and films that terminals sent."""

    def listed(self, terminal: str, after: int, limit: int) -> list[dict[str, Any]]:
        """Descriptions behind the number `after`, oldest first."""

    def file(self, number: int) -> tuple[Path, str] | None:
        """The file and content type of one; None when there is none."""


@dataclass
class Services:
    """commands … tokens: the parts. stats: figures of the whole gateway. last_position: the youngest report
    of a terminal as JSON, None when it is not at hand (called in a thread). disconnect: ends the connection
    of a terminal, for a reason. order_files: None without an attachment server. freight: None where it is
    off.
    """

    commands: CommandService
    rollouts: Rollouts
    registry: Roll
    fleet: Fleet
    tokens: Tokens
    stats: Callable[[], dict[str, Any]]
    last_position: Callable[[str], dict[str, Any] | None]
    disconnect: Callable[[str, str], object]
    body_max_bytes: int = 24 << 20
    media: Media | None = None
    order_files: OrderFiles | None = None
    freight: FreightDesk | None = None
    version: str = field(default="")


async def services_of(request: Request) -> Services:
    """A dependency: the services of the application."""
    return cast(Services, request.app.state.services)
