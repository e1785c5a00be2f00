"""The whole road as processes on this machine: broker, authority, gateway; up in this order, down in reverse.

Used by the demo and by the tests of the whole road. It knows nothing of trucks: they only need `server`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from protocols.monitoring.records import record_id
from protocols.wire.bcd import identity_of

from ..authority.store import Store, TerminalCounts
from ..authority_process import AuthorityProcess, HouseProcess
from ..broker import Broker
from ..fleet.events import FleetLog
from ..gateway_process import GatewayProcess, Sections
from ..ledger.ledger import Emitted, EmittedMessage, Ledger, Received, balance, gateway_counts

_POLL_S: Final = 0.1

# A lost receipt costs the demo a second, not ten; everything else is as `edge-gateway init` would have it.
FAST_DELIVERY: Final = {"batch": {"max_age_ms": 300}, "mqtt": {"receipt_timeout_s": 5}}


class Road:
    """`with Road(folder) as road:` brings everything up; leaving takes all of it down, whatever happened.

    folder: gets data, logs and configuration, one sub-folder each. sections: more TOML for the gateway.
    """

    def __init__(self, folder: Path, sections: Sections | None = None) -> None:
        self.folder = folder
        self._sections = sections if sections is not None else FAST_DELIVERY
        self.broker = Broker(folder / "broker")
        self._authority: AuthorityProcess | HouseProcess | None = None
        self._gateway: GatewayProcess | None = None

    def __enter__(self) -> Road:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def server(self) -> tuple[str, int]:
        """Where terminals connect."""
        return self.gateway.host, self.gateway.port

    @property
    def authority(self) -> AuthorityProcess | HouseProcess:
        """The authority. Raises RuntimeError before `start`."""
        if self._authority is None:
            raise RuntimeError("the road is not there yet")
        return self._authority

    @property
    def gateway(self) -> GatewayProcess:
        """The gateway. Raises RuntimeError before `start`."""
        if self._gateway is None:
            raise RuntimeError("the road is not there yet")
        return self._gateway

    def start(self) -> None:
        """The broker, then authority and gateway side by side. Both are subscribed when this returns: what is
        published before the first subscription goes nowhere."""
        self.broker.start()
        self._authority = self.make_authority()
        self._gateway = self.make_gateway()
        with ThreadPoolExecutor() as pool:  # each is a process that spends seconds on coming up
            for started in [pool.submit(self.authority.start), pool.submit(self.gateway.start)]:
                started.result()

    def make_authority(self) -> AuthorityProcess | HouseProcess:
        """For positions only; a road with more makes more."""
        return AuthorityProcess(self.folder / "authority", self.broker.port)

    def make_gateway(self) -> GatewayProcess:
        """As `edge-gateway init` would have it, but for the sections."""
        return GatewayProcess(self.folder / "gateway", self.broker.port, sections=self._sections)

    def stop(self) -> None:
        """Gateway, authority, broker; what was never started is left out."""
        for part in (self._gateway, self._authority, self.broker):
            if part is not None:
                part.stop()

    def parts(self) -> dict[str, bool]:
        """Which process runs, by name."""
        parts = {"broker": self.broker, "authority": self._authority, "gateway": self._gateway}
        return {name: part is not None and part.running for name, part in parts.items()}

    def received(self) -> TerminalCounts:
        """The authority's counts, from its store."""
        with self.authority.read() as store:
            return store.counts()

    def wait_delivered(self, reports: int, timeout_s: float) -> bool:
        """Whether the authority has `reports` reports and the gateway's queue is empty, in `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        return _wait(lambda: self.received().received >= reports, deadline) and _wait(
            lambda: self.gateway.status()["queued"] == 0, deadline
        )

    def ledger(self, log: FleetLog) -> Ledger:
        """The account of everything in `log`, from the gateway's database and the authority's store."""
        total, terminals = gateway_counts(self.gateway.status())
        return balance(emitted_of(log), total, terminals, received_by(self.authority.database))


def emitted_of(log: FleetLog) -> list[Emitted]:
    """The terminals' side of the ledger."""
    return [
        Emitted(
            identity,
            {sequence: (record_id(said.phone, body), body) for sequence, body in said.emitted.items()},
            frozenset(said.acknowledged),
            said.reused,
            {
                name: EmittedMessage(one.message_id, one.acknowledged, one.times, one.promised)
                for name, one in said.messages.items()
            },
        )
        for identity, said in log.terminals.items()
    ]


def received_by(database: Path) -> dict[str, Received]:
    """The authority's side. Record ids are computed anew from what is stored, not believed."""
    stored: dict[str, set[bytes]] = {}
    with Store(database, read_only=True) as store:
        for _, record in store.records():
            stored.setdefault(identity_of(record.phone), set()).add(record_id(record.phone, record.body))
        counts = store.counts_by_terminal()
        messages = {identity: store.message_entries(identity) for identity in counts}
    return {
        identity: Received(
            frozenset(stored.get(identity, ())), said.duplicated, said.redelivered, messages[identity]
        )
        for identity, said in counts.items()
    }


def _wait(condition: Callable[[], bool], deadline: float) -> bool:
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_S)
    return True
