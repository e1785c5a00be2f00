"""A bad network between terminals and gateway: a loopback TCP proxy that splits, delays and cuts.

Bytes that it passes on are never changed or reordered, as TCP promises; a cut loses what is under way.
"""

from __future__ import annotations

import asyncio
import contextlib
from random import Random
from typing import Final

HOST: Final = "127.0.0.1"
_CHUNK: Final = 4096


class LinkCut:
    """`open` and give `port` to the terminals. start: cut all links and refuse new ones; stop: let them in.

    host, target_port: where the gateway listens. seed: of split sizes and delays. split_max: pieces of 1…n
    bytes, 0 leaves them as they come. delay_s: before each piece, uniform from 0. refusing: new links are not
    let in.
    """

    name = "link cut"

    def __init__(
        self, host: str, target_port: int, *, seed: int = 0, split_max: int = 0, delay_s: float = 0.0
    ) -> None:
        self._target = (host, target_port)
        self._random = Random(seed)
        self._split_max = split_max
        self._delay_s = delay_s
        self._server: asyncio.Server | None = None
        self._links: set[asyncio.Task[None]] = set()
        self.refusing = False
        self.port = 0
        self.strikes = 0
        self.links_cut = 0

    async def __aenter__(self) -> LinkCut:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Listens on a free loopback port."""
        self._server = await asyncio.start_server(self._serve, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Cuts everything and listens no more."""
        self.start()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        await asyncio.gather(*self._links, return_exceptions=True)

    def start(self) -> None:
        """Cuts every link in the middle of whatever it carries, and refuses new ones."""
        self.refusing = True
        self.cut()

    def cut(self) -> None:
        """Cuts every link there is now; new ones are let in as before."""
        self.strikes += 1
        self.links_cut += len(self._links)
        for link in self._links:
            link.cancel()

    def stop(self) -> None:
        """Lets new links in."""
        self.refusing = False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = asyncio.current_task()
        assert link is not None
        self._links.add(link)
        # A cut cancels this task; that is an ordinary end, and nobody waits for a result.
        with contextlib.suppress(asyncio.CancelledError):
            if not self.refusing:
                await self._join(reader, writer)
        self._links.discard(link)
        writer.transport.abort()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there_reader, there_writer = await asyncio.open_connection(*self._target)
        except OSError:
            return  # the gateway is down: this side is closed too, as a router would
        up = asyncio.create_task(self._carry(reader, there_writer))
        down = asyncio.create_task(self._carry(there_reader, writer))
        try:
            await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
        finally:
            up.cancel()
            down.cancel()
            there_writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(self._piece_size()):
                if self._delay_s:
                    await asyncio.sleep(self._random.uniform(0, self._delay_s))
                writer.write(data)
                await writer.drain()

    def _piece_size(self) -> int:
        return self._random.randint(1, self._split_max) if self._split_max else _CHUNK
