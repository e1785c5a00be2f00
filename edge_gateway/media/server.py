"""The attachment server's shell: sockets, a thread for the disk, a timer. Decides nothing itself."""

import asyncio
import logging
import os
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, Final, cast

from ..log import event
from ..threads import BatchThread
from .attachments import Attachment, AttachmentSession, Data
from .orders import Orders
from .partials import Partials
from .schema import ATTACHMENT
from .store import MediaStore, NewMedia
from .transfers import Key, Transfers

CONNECTIONS_MAX: Final = 1024
IDLE_S: Final = 120.0  # of silence, then a connection is closed
HELD_BYTES: Final = 8 << 20  # of one connection, in the disk thread's hands, before reading stops
LOOK_AFTER_S: Final = 5.0
_log = logging.getLogger(__name__)
_Job = tuple["_Connection", Data | Attachment]


class AttachmentServer:
    """`await start(host, port)`, then `await stop()`; everything runs in the loop that started it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, store: MediaStore, orders: Orders) -> None:
        limits = store.limits
        self.counters: Counter[str] = Counter()
        self.transfers = Transfers(limits.transfers, limits.transfer_idle_ms, limits.file_bytes)
        self.orders = orders
        self._loop = loop
        self._store = store
        self._partials = Partials(store.folder / "incoming")
        self._failed: set[Key] = set()  # of the disk thread: a block of theirs could not be written
        self._disk: BatchThread[_Job] = BatchThread("attachments", self._write, self._abandon)
        self._connections: set[_Connection] = set()
        self._listener: asyncio.Server | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listens; gives the address. Raises OSError with the keys."""
        try:
            self._listener = await self._loop.create_server(lambda: _Connection(self), host, port)
        except OSError as error:
            raise OSError(f"media.host, media.port: cannot listen on {host}:{port}: {error}") from error
        self._look_after()
        address = self._listener.sockets[0].getsockname()
        return address[0], address[1]

    async def stop(self) -> None:
        """Closes every connection; what is whole is stored."""
        if self._timer:
            self._timer.cancel()
        if self._listener:
            self._listener.close()
        for connection in list(self._connections):
            connection.close("the gateway stops")
        await asyncio.to_thread(self._disk.close)

    def now_ms(self) -> int:
        """Monotonic milliseconds."""
        return int(self._loop.time() * 1000)

    def admit(self, connection: "_Connection") -> bool:
        """Takes a new connection in, unless there are too many."""
        if len(self._connections) >= CONNECTIONS_MAX:
            self.counters["attachments_refused_connections"] += 1
            return False
        self._connections.add(connection)
        return True

    def forget(self, connection: "_Connection") -> None:
        """A socket is gone."""
        self._connections.discard(connection)

    def new_session(self) -> AttachmentSession:
        """The core for a new connection."""

        def admits(identity: str, alarm: str) -> bool:
            return self.orders.admits(identity, alarm, time.time_ns() // 1_000_000)

        return AttachmentSession(self.transfers, admits, self.counters)

    def carry_out(self, connection: "_Connection", work: Data | Attachment) -> None:
        """Hands work to the disk thread, which keeps its order."""
        self._disk.put((connection, work))

    def stats(self) -> dict[str, Any]:
        """What is under way, and what happened."""
        return {
            "connections": len(self._connections),
            "transfers": len(self.transfers),
            "counters": dict(self.counters),
        }

    # In the disk thread.

    def _write(self, jobs: list[_Job]) -> None:
        for connection, work in jobs:
            if isinstance(work, Data):
                self._write_block(work)
                self._loop.call_soon_threadsafe(connection.written, len(work.data))
            else:
                self._store_file(connection, work)

    def _write_block(self, work: Data) -> None:
        try:
            self._partials.write(work.key, work.offset, work.data)
        except OSError as error:
            self._failed.add(work.key)
            _log.error("an attachment could not be written: %s", error)

    def _store_file(self, connection: "_Connection", work: Attachment) -> None:
        answer = partial(connection.answer, work.answer)
        path = self._partials.path_of(work.key)
        if work.key in self._failed:
            self._failed.discard(work.key)
            self._partials.remove(work.key)
            self._tell(answer, False)
            return
        try:
            path.touch()  # an empty file has no block
            os.truncate(path, work.size)  # announced anew as a shorter one, it has the rest of the longer one
        except OSError as error:
            _log.error("an attachment could not be finished: %s", error)
            self._tell(answer, False)
            return
        media = NewMedia(
            work.key.identity,
            ATTACHMENT,
            time.time_ns() // 1_000_000,
            type=work.type,
            name=work.key.name,
            alarm=work.key.alarm,
        )
        self._store.put_file(media, path, answer)

    def _tell(self, answer: Callable[[bool], None], stored: bool) -> None:
        self._loop.call_soon_threadsafe(answer, stored)

    def _abandon(self, jobs: list[_Job]) -> None:
        for connection, work in jobs:
            if isinstance(work, Attachment):
                self._tell(partial(connection.answer, work.answer), False)

    def _look_after(self) -> None:
        self._timer = self._loop.call_later(LOOK_AFTER_S, self._look_after)
        now_ms = self.now_ms()
        for key in self.transfers.idle(now_ms):
            self.counters["attachments_given_up"] += 1
            self._partials.remove(key)
        for connection in list(self._connections):
            connection.look_after(now_ms)


class _Connection(asyncio.Protocol):
    """One socket."""

    def __init__(self, server: AttachmentServer) -> None:
        self._server = server
        self._session = server.new_session()
        self._transport: asyncio.Transport | None = None
        self._heard_ms = server.now_ms()
        self._held = 0
        self._peer = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A socket was accepted."""
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self._peer = f"{peer[0]}:{peer[1]}" if peer else "?"
        if not self._server.admit(self):
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """The next bytes of the stream."""
        self._heard_ms = self._server.now_ms()
        self._session.receive(data, self._heard_ms)
        for work in self._session.work():
            if isinstance(work, Data):
                self._held += len(work.data)
            self._server.carry_out(self, work)
        if self._held > HELD_BYTES and self._transport is not None:
            self._transport.pause_reading()
        self._send()
        if self._session.closing:
            self.close(self._session.closing)

    def connection_lost(self, error: Exception | None) -> None:
        """The socket is gone; answers that come from now on are dropped."""
        self._transport = None
        self._server.forget(self)

    def written(self, size: int) -> None:
        """So many bytes are on their way to the disk."""
        before, self._held = self._held, self._held - size
        if before > HELD_BYTES >= self._held and self._transport is not None:
            self._transport.resume_reading()

    def answer(self, tell: Callable[[bool], None], stored: bool) -> None:
        """The store's answer: the core makes the 0x9212 of it."""
        tell(stored)
        self._send()

    def look_after(self, now_ms: int) -> None:
        """Ends what is silent for too long."""
        if now_ms - self._heard_ms > IDLE_S * 1000 and not self._held:
            self.close("idle")

    def close(self, reason: str) -> None:
        """Sends what is to be sent, then closes."""
        if self._transport is not None and not self._transport.is_closing():
            event(_log, logging.INFO, f"attachment connection closed: {reason}", peer=self._peer)
            self._transport.close()

    def _send(self) -> None:
        data = self._session.data_to_send()
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)
