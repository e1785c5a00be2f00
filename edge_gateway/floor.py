"""What serves terminals, as seen by what serves people: one process here, or several workers.

`Floor` is the port that `operations` stands on; `OwnFloor` is that of a gateway of one process, and of each
worker for its own part.
"""

import asyncio
import base64
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from .api.media import StoredMedia
from .commands import CommandService
from .config import Config
from .metrics import Sample, Snapshot, take_sample
from .metrics.sample import last_position
from .registry import OwnRoll, Registry, Roll
from .registry.csv_files import terminal_as_row
from .server import Server

if TYPE_CHECKING:
    from .api.services import Media
    from .commands.alarm_files import OrderFiles

REFRESH_S: Final = 5.0  # figures that need the disk are as old as this at most
Say = Callable[[Any], None]


class Floor(Protocol):
    """roll: the terminals. registry: whose file and writer vehicles and drivers share. media, order_files: as
    in `api.Services`."""

    @property
    def roll(self) -> Roll:
        """The terminals."""

    @property
    def registry(self) -> Registry:
        """Whose file and writer vehicles and drivers share."""

    @property
    def media(self) -> "Media | None":
        """Pictures and files; None where none are kept."""

    @property
    def order_files(self) -> "OrderFiles | None":
        """None without an attachment server."""

    def listen(self, listener: CommandService | None) -> None:
        """Who is told from now on which terminals are there and what they answer."""

    def disconnect(self, identity: str, reason: str) -> object:
        """Ends the connection that speaks for a terminal."""

    def last_position(self, identity: str) -> dict[str, Any] | None:
        """See `metrics.sample.last_position`; called in a thread."""

    def stats(self) -> dict[str, Any]:
        """As in the status file."""

    async def snapshots(self) -> Sequence[Snapshot]:
        """The figures of each process."""

    async def terminals(self, question: dict[str, Any]) -> list[dict[str, Any]]:
        """Rows of the registry, those online with their peers; at most `limit`, from behind `after`."""

    def frames(self, question: dict[str, Any], say: Say) -> Callable[[], None]:
        """The bytes of a terminal's connection from now on, as they come and go. Raises ValueError."""


class OwnFloor:
    """The server of this process."""

    def __init__(self, config: Config, server: Server, stats: Callable[[], dict[str, Any]]) -> None:
        media = server.media
        self.roll: Roll = OwnRoll(server.registry)
        self.registry = server.registry
        self.media: Media | None = StoredMedia(media.store) if media else None
        self.order_files: OrderFiles | None = (
            media.orders.order if media and config.media.attachments else None
        )
        self.disconnect = server.disconnect
        self.stats = stats
        self._server = server
        self._sample = Sample()
        self._sampled_s = -REFRESH_S
        self._sampling = asyncio.Lock()

    def listen(self, listener: CommandService | None) -> None:
        """See Floor."""
        self._server.listener = listener

    def last_position(self, identity: str) -> dict[str, Any] | None:
        """See Floor."""
        return last_position(self._server.journal, identity)

    async def snapshots(self) -> Sequence[Snapshot]:
        """See Floor; with what is too much work for a status file every second."""
        async with self._sampling:
            if time.monotonic() - self._sampled_s >= REFRESH_S:
                self._sample = await asyncio.to_thread(take_sample, self._server.journal)
                self._sampled_s = time.monotonic()
        stats = self.stats()
        stats["server"]["editions"] = self._server.editions()
        return [Snapshot(stats, self._server.latency, self._sample)]

    async def terminals(self, question: dict[str, Any]) -> list[dict[str, Any]]:
        """See Floor."""
        online = self._server.online()
        limit, after = int(question.get("limit", 100)), str(question.get("after", ""))
        rows: list[dict[str, Any]] = []
        for terminal in self.registry:
            if len(rows) >= limit:
                break
            if terminal.identity > after and (terminal.identity in online or not question.get("online")):
                rows.append(terminal_as_row(terminal) | {"peer": online.get(terminal.identity, "")})
        return rows

    def frames(self, question: dict[str, Any], say: Say) -> Callable[[], None]:
        """See Floor."""
        identity = str(question.get("terminal", "")).lstrip("0")
        if self.registry.get(identity) is None:
            raise ValueError(f"no terminal {question.get('terminal')!r} is registered")

        def tap(direction: str, data: bytes) -> None:
            say({"at": time.time(), "way": direction, "data": base64.b64encode(data).decode("ascii")})

        taps = self._server.taps
        taps.setdefault(identity, []).append(tap)

        def end() -> None:
            taps[identity].remove(tap)
            if not taps[identity]:
                del taps[identity]

        return end

    # What a worker's supervisor asks, by the control socket.

    async def snapshot(self, question: dict[str, Any]) -> dict[str, Any]:
        """The figures of this process, for the pages of all."""
        del question
        return (await self.snapshots())[0].as_json()

    async def position(self, question: dict[str, Any]) -> dict[str, Any] | None:
        """The last position of one terminal."""
        return await asyncio.to_thread(self.last_position, str(question.get("terminal", "")))
