"""The whole authority as one process: positions' service, freight line, HTTP API, books; one folder of data.

`positions.sqlite` is the service's, `books.sqlite` and `keys.json` are the books'. A courier thread takes
pushes and snapshots to the broker: whatever waits in the books goes out again after a restart.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import uvicorn

from protocols.monitoring.documents import DocumentReceipt, Upload
from protocols.monitoring.envelopes import Envelope, PlainEnvelope
from protocols.monitoring.topics import DEFAULT_PREFIX
from protocols.wire.errors import LocalProtocolError

from .books import POSITIONS
from .books.consents import Audit, Consents
from .bureau import Waiting
from .desk import Desk
from .guard import SharedEnvelope
from .licences import Licences
from .line import Line
from .persons import Persons
from .roadside import Positions, Roadside
from .service import Authority
from .snapshots import RENEW_S, WATCHED, sealed_for
from .store import Store, TrackPoint
from .web import Services, create_app

ANCHOR: Final = "anchor"
COURIER_S: Final = 0.1  # between two looks at what waits: a colour must be on a screen within 3 s
_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """folder: of all data. broker: host, port. port: of the API on loopback, 0 for a free one. presence: see
    `Bureau`. envelope: of both lines; plain when absent."""

    folder: Path
    broker: tuple[str, int]
    port: int = 0
    prefix: str = DEFAULT_PREFIX
    client_id: str = "authority"
    presence: bool = False
    envelope: Envelope | None = None


def services_of(desk: Desk, positions: Positions) -> Services:
    """The parts that the API asks."""
    return Services(
        desk.guomi,
        desk.bureau,
        desk.accounts,
        Roadside(desk.bureau, lambda: positions),
        Persons(desk.bureau),
        Licences(desk.bureau, desk.guomi),
        Consents(desk.book),
        Audit(desk.book),
    )


class LastPositions:
    """The newest positions, read from the service's file; opened for each question, for it is asked rarely
    and from any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def last_position(self, identity: str) -> TrackPoint | None:
        """See `Store`."""
        with Store(self._path, read_only=True) as store:
            return store.last_position(identity)


class House:
    """`with House(settings) as house:` runs everything; `house.port` is the API's."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.desk = Desk(settings.folder, presence=settings.presence)
        positions = settings.folder / POSITIONS
        envelope = SharedEnvelope(settings.envelope or PlainEnvelope())
        host, port = settings.broker
        self._authority = Authority(
            host,
            port,
            positions,
            settings.prefix,
            client_id=settings.client_id,
            envelope=envelope,
        )
        self._line = Line(
            settings.broker,
            self._take,
            anchor=self._keep_anchor,
            on_connected=self._wake,
            prefix=settings.prefix,
            client_id=f"{settings.client_id}-freight",
            envelope=envelope,
        )
        self._web = _Web(create_app(services_of(self.desk, LastPositions(positions))), settings.port)
        self._due = threading.Event()
        self._ending = threading.Event()
        self._courier = threading.Thread(target=self._carry, name="courier", daemon=True)
        self._under_way: dict[str, Waiting] = {}
        self._snapshots: dict[str, tuple[int, int]] = {}  # gateway → (last change in it, when sent)

    @property
    def port(self) -> int:
        """Where the API listens, on loopback."""
        return self._web.port

    def __enter__(self) -> House:
        self._authority.start()
        self._line.start()
        self._web.start()
        self._courier.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._due.set()
        self._courier.join()
        self._web.stop()
        self._line.stop()
        self._authority.stop()
        self.desk.close()

    def wait_until_ready(self, timeout_s: float) -> bool:
        """Whether both subscriptions stood within `timeout_s` each."""
        return self._authority.wait_until_ready(timeout_s) and self._line.wait_until_ready(timeout_s)

    def stats(self) -> dict[str, Any]:
        """Counts of both lines."""
        return self._authority.stats() | {"freight": dict(self._line.counts)}

    def _take(self, upload: Upload) -> DocumentReceipt:
        return self.desk.arrivals.take(upload, self.desk.clock())

    def _keep_anchor(self, gateway: str, payload: bytes) -> None:
        """Evidence anchors, so that a bundle can be held against what was published in its time."""
        now_s = self.desk.clock()
        name = f"{gateway}/{self.desk.guomi.sm3(payload).hex()}"
        self.desk.book.put(
            ANCHOR, name, {"payload": payload.hex(), "received_s": now_s}, at_s=now_s, actor=gateway,
            action="published", link=gateway,
        )  # fmt: skip

    def _wake(self) -> None:
        self._under_way.clear()
        self._due.set()

    def _carry(self) -> None:
        """In a thread of its own: takes to the broker what waits."""
        while not self._ending.is_set():
            self._due.wait(COURIER_S)
            self._due.clear()
            if not self._line.wait_until_ready(0):
                continue
            try:
                self._carry_pushes()
                self._carry_snapshots(self.desk.clock())
            except Exception:  # a bug or a full disk; the next look tries again
                _LOG.exception("what waits could not be sent")

    def _carry_pushes(self) -> None:
        for name in self._line.sent():
            waiting = self._under_way.pop(name, None)
            if waiting is not None:
                self.desk.bureau.sent(waiting)
        for waiting in self.desk.bureau.waiting():
            if self._under_way.get(waiting.name) != waiting:
                self._under_way[waiting.name] = waiting
                try:
                    self._line.send_code(waiting.gateway, waiting.name, waiting.payload)
                except LocalProtocolError as error:  # no key to seal to this one: the others get theirs
                    _LOG.error("no code goes to gateway %s: %s", waiting.gateway, error)

    def _carry_snapshots(self, now_s: int) -> None:
        latest = self.desk.book.latest(WATCHED)
        for gateway in self.desk.bureau.registry.gateways():
            known, sent_s = self._snapshots.get(gateway, (0, 0))
            if known != latest or now_s - sent_s >= RENEW_S:
                _, sealed = sealed_for(self.desk.bureau, self.desk.guomi, gateway, now_s)
                try:
                    self._line.send_snapshot(gateway, sealed)
                except LocalProtocolError as error:  # told once for each change; keys are read at the start
                    _LOG.error("no registers go to gateway %s: %s", gateway, error)
                self._snapshots[gateway] = (latest, now_s)


class _Web:
    """uvicorn in a thread, on loopback only."""

    def __init__(self, app: Any, port: int) -> None:
        self._listener = socket.create_server(("127.0.0.1", port), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        config = uvicorn.Config(
            app, log_config=None, access_log=False, lifespan="off", server_header=False,
            limit_concurrency=100, timeout_graceful_shutdown=3,
        )  # fmt: skip
        self._server = _Quiet(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([self._listener],), name="api", daemon=True
        )

    def start(self) -> None:
        """Serves from now on; connections that come earlier wait in the listener."""
        self._thread.start()

    def stop(self) -> None:
        """Answers what is asked, then ends."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join()
        self._listener.close()


class _Quiet(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the process's."""
        yield
