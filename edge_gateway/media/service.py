"""Media in a running gateway: opens the store, takes the pictures of sessions, runs the attachment server."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..session.events import StoreMedia
from .limits import MediaLimits
from .orders import Orders
from .schema import PICTURE
from .server import AttachmentServer
from .store import Deliver, MediaStore, NewMedia

if TYPE_CHECKING:
    from ..config import MediaSection


class MediaService:
    """`await start()`, then `await stop()`. `store` and `orders` are for the API."""

    def __init__(
        self, section: "MediaSection", folder: Path, loop: asyncio.AbstractEventLoop, deliver: Deliver
    ) -> None:
        """Opens or makes the folder; `deliver` brings callbacks into the loop. Raises MediaError."""
        self._section = section
        limits = MediaLimits(
            section.max_bytes, section.max_files, section.when_full, file_bytes=section.file_max_bytes
        )
        self.store = MediaStore(folder, limits, deliver)
        host = section.public_host or section.host
        self.orders = Orders(self.store, host, section.public_port or section.port)
        self._server: AttachmentServer | None = None
        if section.attachments:
            self._server = AttachmentServer(loop, self.store, self.orders)

    def take(self, asked: StoreMedia, answer: Callable[[bool], None]) -> None:
        """Stores what a 0x0801 brought; `answer(stored)` after the disk."""
        media = NewMedia(
            asked.identity,
            PICTURE,
            time.time_ns() // 1_000_000,
            asked.media_id,
            asked.type,
            asked.format,
            asked.event,
            asked.channel,
            asked.position,
        )
        self.store.put(media, asked.data, answer)

    def set_quota(self, section: "MediaSection") -> None:
        """Another quota, and what happens when it is reached, from the next file on."""
        self.store.limits = replace(
            self.store.limits,
            max_bytes=section.max_bytes,
            max_files=section.max_files,
            when_full=section.when_full,
        )

    async def start(self) -> dict[str, int]:
        """Listens where that is configured: its port by name. Raises OSError."""
        if self._server is None:
            return {}
        return {"attachments": (await self._server.start(self._section.host, self._section.port))[1]}

    async def stop(self) -> None:
        """Stores what is whole, closes everything."""
        if self._server is not None:
            await self._server.stop()
        await asyncio.to_thread(self.store.close)

    def stats(self) -> dict[str, Any]:
        """Of the store and, where it runs, of the attachment server."""
        return {
            "store": self.store.stats(),
            "attachments": self._server.stats() if self._server is not None else None,
        }
