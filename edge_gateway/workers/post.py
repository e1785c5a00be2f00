"""What a process is told when it is one worker of several, and its ways to the others."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..config import Config
from ..registry import Roll
from ..server import Server
from ..transports import context_of
from .deputy import Deputy, Reload
from .door import Door
from .lifeline import Lifeline
from .owners import Share


@dataclass
class Post:
    """One worker's place. registry_path: of the file that all share. has_desk: whether the supervisor sends
    commands. cursors: of those in the supervisor who follow our journal. The numbers are open files: our end
    of the lifeline, our listener, inbox, and where they are wanted our listeners for TLS and datagrams; and
    the ways to the others by their index."""

    share: Share
    registry_path: Path
    host: str
    port: int
    has_desk: bool
    cursors: tuple[str, ...]
    lifeline_file: int
    files: dict[str, int]
    way_files: dict[int, int]
    lifeline: Lifeline = field(init=False)
    tls: ssl.SSLContext | None = field(init=False, default=None)
    _reload: Reload = field(init=False)
    _door: Door | None = field(init=False, default=None)
    _deputy: Deputy | None = field(init=False, default=None)

    @classmethod
    def of(cls, said: dict[str, Any], lifeline_file: int) -> "Post":
        """From the first line of the lifeline."""
        return cls(
            Share(said["index"], said["count"]),
            Path(said["registry"]),
            said["host"],
            said["port"],
            said["has_desk"],
            tuple(said["cursors"]),
            lifeline_file,
            said["files"],
            {int(index): number for index, number in said["ways"].items()},
        )

    async def begin(self, stop: Callable[[], None], reload: Reload) -> None:
        """Holds on to the lifeline: `stop` when the supervisor is gone, `reload` for a new configuration."""

        def heard(line: dict[str, Any], blob: bytes) -> None:
            if self._deputy:
                self._deputy.heard(line, blob)

        self._reload = reload
        self.lifeline = Lifeline(heard, stop)
        loop = asyncio.get_running_loop()
        ours = socket.socket(fileno=self.lifeline_file)
        ours.setblocking(False)
        await loop.create_unix_connection(lambda: self.lifeline, sock=ours)

    async def open_door(self, config: Config, server: Server, roll: Roll) -> None:
        """Terminals may come from now on. Raises OSError, with the keys, when TLS cannot be spoken."""
        self._deputy = Deputy(self.lifeline.say, server, roll, self._reload)
        self.lifeline.say({"listens": True})
        if self.has_desk:
            server.listener = self._deputy
        ways = {index: socket.socket(fileno=number) for index, number in self.way_files.items()}
        files = {name: socket.socket(fileno=number) for name, number in self.files.items()}
        self._door = Door(server, self.share, files["listener"], files["inbox"], ways)
        self._door.open()
        if "tls" in files:
            tls = config.tls
            self.tls = context_of(tls.certificate_file, tls.key_file, tls.client_ca_file)
            await self._door.open_tls(files["tls"], self.tls)
        if "udp" in files:
            await self._door.open_udp(files["udp"], config.udp.max_peers)

    async def order_files(self, terminal: str, edition: int, identifier: dict[str, Any]) -> None:
        """Has the supervisor order the files of an alarm. Raises OSError when it is to be tried again."""
        if self._deputy is None:
            raise OSError("the worker still starts")
        await self._deputy.order_files(terminal, edition, identifier)

    async def close_door(self) -> None:
        """No terminal comes in any longer; those at the door are cut."""
        if self._deputy:
            self._deputy.stop()
        if self._door:
            await self._door.close()
