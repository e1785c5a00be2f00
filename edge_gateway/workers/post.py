"""What a process is told when it is one worker of several, and its ways to the others."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..config import Config
from ..server import Server
from .door import Door
from .lifeline import Lifeline
from .owners import Share


@dataclass
class Post:
    """One worker's place. registry_path: of the file that all share. The numbers are open files: our end of
    the lifeline, our listener and inbox, and the ways to the others by their index."""

    share: Share
    registry_path: Path
    host: str
    port: int
    lifeline_file: int
    listener_file: int
    inbox_file: int
    way_files: dict[int, int]
    lifeline: Lifeline = field(init=False)
    _door: Door | None = field(init=False, default=None)

    @classmethod
    def of(cls, said: dict[str, Any], lifeline_file: int) -> "Post":
        """From the first line of the lifeline."""
        return cls(
            Share(said["index"], said["count"]),
            Path(said["registry"]),
            said["host"],
            said["port"],
            lifeline_file,
            said["listener"],
            said["inbox"],
            {int(index): number for index, number in said["ways"].items()},
        )

    async def begin(self, stop: Callable[[], None], reload: Callable[[Config], None]) -> None:
        """Holds on to the lifeline: `stop` when the supervisor is gone, `reload` for a new configuration."""

        def heard(line: dict[str, Any]) -> None:
            if "config" in line:
                reload(Config.model_validate_json(line["config"]))

        self.lifeline = Lifeline(heard, stop)
        loop = asyncio.get_running_loop()
        ours = socket.socket(fileno=self.lifeline_file)
        ours.setblocking(False)
        await loop.create_unix_connection(lambda: self.lifeline, sock=ours)

    def open_door(self, server: Server) -> None:
        """Terminals may come from now on."""
        ways = {index: socket.socket(fileno=number) for index, number in self.way_files.items()}
        listener, inbox = socket.socket(fileno=self.listener_file), socket.socket(fileno=self.inbox_file)
        self._door = Door(server, self.share, listener, inbox, ways)
        self._door.open()

    async def close_door(self) -> None:
        """No terminal comes in any longer; those at the door are cut."""
        if self._door:
            await self._door.close()
