"""What a scenario travels over, as processes: a broker, a whole authority that knows the world, a gateway.

One gateway serves every operator of the world, as that of a platform would. A second name is registered for
them: software of their own that does not check what it sends; no gateway of ours is behind it.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from protocols.monitoring.envelopes import PLAIN, Envelope, load_envelope

from ..authority.books.book import Book
from ..authority.desk import Desk
from ..authority.indicators import Report
from ..authority.reporting import report_of
from ..authority_process import HouseProcess
from ..broker import Broker, free_port
from ..gateway_process import GatewayProcess, Sections
from ..http_api import Api
from .keys import AUTHORITY, write_keys
from .registration import ACTOR, register
from .world import World

GATEWAY: Final = "trucks"
CARELESS: Final = "operators"
_BATCH_AGE_MS: Final = 200  # a batch that waits for company only makes a short run longer


class Site:
    """`with Site(folder, world) as site:` brings all of it up; leaving takes all of it down.

    folder: gets data, keys and logs. envelope: plain, guomi or rsa-aes. between: gives the port that all
    connect to, from the running broker: for a wire tap. Raises NotReady, BrokerError, GatewayError.
    """

    def __init__(
        self,
        folder: Path,
        world: World,
        envelope: str = PLAIN,
        between: Callable[[Broker], int] = lambda broker: broker.port,
    ) -> None:
        self.folder, self.world, self.envelope = folder.resolve(), world, envelope
        self._between, self._keys = between, folder.resolve() / "keys"
        self.broker = Broker(self.folder / "broker")
        self.gateway: GatewayProcess
        self.house: HouseProcess
        self.office: Api  # the gateway's API
        self.port = 0  # of the broker, or of what stands before it

    def __enter__(self) -> Site:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Whatever runs of it, in reverse order."""
        for part in ("gateway", "house", "broker"):
            if hasattr(self, part):
                getattr(self, part).stop()

    def careless_envelope(self) -> Envelope:
        """With what the operators' own software seals."""
        return load_envelope(
            self.envelope, self._keys / f"{CARELESS}.keys", self._keys / f"{AUTHORITY}.public"
        )

    def counts(self) -> tuple[int, int]:
        """(documents, positions) that the authority has."""
        try:
            with Book(self.house.books, read_only=True) as book, self.house.read() as store:
                return int(book.rows("SELECT count(*) FROM document")[0][0]), store.counts().received
        except sqlite3.OperationalError:  # the file is being made
            return 0, 0

    def report(self) -> Report:
        """What the authority computes from what it has."""
        return report_of(self.house.books, self.house.positions, self.world.period)

    def _start(self) -> None:
        self._write_books()
        if self.envelope != PLAIN:
            write_keys(self._keys, self.envelope, (GATEWAY, CARELESS, AUTHORITY))
        self.broker.start()
        self.port = self._between(self.broker)
        self.house = HouseProcess(self.folder / "authority", self.port, self._house_options())
        api_port = free_port()
        self.gateway = GatewayProcess(self.folder / "gateway", self.port, sections=self._sections(api_port))
        with ThreadPoolExecutor() as pool:  # each is a process that spends seconds on coming up
            for started in [pool.submit(self.house.start), pool.submit(self.gateway.start)]:
                started.result()
        token = self.gateway.token("office", "freight:read,freight:write")
        self.office = Api(f"http://127.0.0.1:{api_port}/api/v1", token=token)

    def _write_books(self) -> None:
        operators, now_s = list(self.world.registers.enterprises), int(time.time())
        desk = Desk(self.folder / "authority" / "data")
        try:
            registry = desk.bureau.registry
            register(registry, self.world, dict.fromkeys(operators, GATEWAY), now_s)
            with registry.book.writing():
                registry.put_gateway(CARELESS, operators, at_s=now_s, actor=ACTOR)
        finally:
            desk.close()

    def _house_options(self) -> tuple[str, ...]:
        if self.envelope == PLAIN:
            return ()
        peers = (f"--peers={self._keys / owner}.public" for owner in (GATEWAY, CARELESS))
        return (f"--envelope={self.envelope}", f"--keys={self._keys / AUTHORITY}.keys", *peers)

    def _sections(self, api_port: int) -> Sections:
        mqtt: dict[str, object] = {"envelope": self.envelope, "receipt_timeout_s": 5}
        if self.envelope != PLAIN:
            mqtt["envelope_keys"] = str(self._keys / f"{GATEWAY}.keys")
            mqtt["envelope_peers"] = str(self._keys / f"{AUTHORITY}.public")
        return {
            "gateway": {"id": GATEWAY},
            "mqtt": mqtt,
            "batch": {"max_age_ms": _BATCH_AGE_MS},
            "api": {"enabled": True, "port": api_port},
            "freight": {"enabled": True, "receipt_timeout_s": 3},
        }
