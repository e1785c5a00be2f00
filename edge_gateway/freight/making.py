"""Freight's parts, made from the configuration: in the order in which they need each other.

Raises StoreError, which names the key that is to be changed.
"""

import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from protocols.driver_code.lists import ListError, read_seals
from protocols.freight.capacity import Code
from protocols.freight.documents import PROVINCE_2_0, SPECIFICATION
from protocols.freight.registers import SnapshotError
from protocols.guomi import choose

from ..commands import StoreError
from ..config import Config
from .authority import Authority
from .authority_api import AuthorityApi
from .book import Book
from .closing import Closing
from .codes_down import CodesDown
from .desk import DeskRules, FreightDesk
from .gate import Moment, Policy
from .gatekeeper import Gatekeeper
from .paperwork import Audit, Paperwork
from .proof import Evidence
from .registers import Registers, content_of, presence_of, trust_of
from .releasing import gate_of
from .signing import signer_of
from .trips import Rules, Trips
from .whose import Terminals, Whose

_DKMH_IN_KMH: Final = 10
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class House:
    """Everything of freight that knows no thread and no loop. audit: (who, what, terminal, detail); moved:
    called when there may be something for the broker or for the command desk."""

    def __init__(self, config: Config, terminals: Terminals, audit: Audit, moved: Callable[[], None]) -> None:
        section = config.freight
        self.book = Book(config.freight_path, section.max_bytes)
        self.registers = _registers(config, self.book)
        self.whose = Whose(terminals, self.registers)
        self.evidence = Evidence(self.book, config.gateway.id, section.evidence, signer_of(config))
        self.authority = _authority(config, self.registers)
        self.codes = CodesDown(self.book, self.registers, self.whose, _seals(section.seal_file))
        self.papers = Paperwork(
            self.book,
            self.registers,
            self.evidence,
            profile=PROVINCE_2_0 if section.profile == PROVINCE_2_0.name else SPECIFICATION,
            gate=gate_of(),
            audit=audit,
            moved=moved,
            utc_ms=lambda: time.time_ns() // 1_000_000,
        )
        self.trips = _trips(config, self)
        self.papers.paid = self.trips
        self.desk = FreightDesk(
            self.book,
            self.registers,
            self.evidence,
            rules=DeskRules(section.presence_required, section.order_type, section.order_life_s * 1000),
            papers=self.papers,
            trips=self.trips,
            codes=self.codes,
            audit=audit,
            terminal_of=self.whose.terminal_of,
            edition_of=self.whose.edition_of,
            moved=moved,
            ask_colour=self.authority.colour if self.authority else lambda _: None,
        )


def _registers(config: Config, book: Book) -> Registers:
    section = config.freight
    try:
        registers = Registers(book, choose(), trust_of(section.trust_file))
        with book.turn():
            for reference, key in presence_of(section.presence_file).items():
                registers.add_presence(reference, key)
        if section.revocations_file:
            registers.take_revocations(content_of(section.revocations_file))
        if section.snapshot_file:
            registers.take_snapshot(content_of(section.snapshot_file))
    except (ListError, SnapshotError) as error:
        raise StoreError(f"freight: {error}") from error
    return registers


def _seals(path: str) -> dict[str, bytes]:
    if not path:
        return {}
    try:
        if Path(path).stat().st_mode & _OTHERS:
            raise StoreError(f"freight.seal_file: {path} holds keys and others may read it: chmod 600")
        return read_seals(content_of(path))
    except (ListError, OSError) as error:
        raise StoreError(f"freight.seal_file: {error}") from error


def _authority(config: Config, registers: Registers) -> Authority | None:
    section = config.freight
    if not section.authority_url:
        return None
    try:
        api = AuthorityApi(
            section.authority_url, section.authority_account, section.authority_secret_file,
            section.authority_ca_file,
        )  # fmt: skip
    except ValueError as error:
        raise StoreError(f"freight.authority_url: {error}") from error
    return Authority(api, config.gateway.id, registers)


def _trips(config: Config, house: House) -> Trips:
    section = config.freight
    policy = Policy(
        frozenset(Moment(each) for each in section.gate),
        frozenset(Code(each) for each in section.overridable),
        section.stop_unverified,
    )
    gate = Gatekeeper(
        house.book,
        house.registers,
        house.evidence,
        policy=policy,
        edition_of=house.whose.edition_of,
        vehicle_of=house.whose.vehicle_of,
    )
    interval_s = section.location_interval_s
    closing = Closing(house.book, house.registers, house.evidence, house.papers.submit, interval_s)
    rules = Rules(section.location_delay_s, round(section.moving_kmh * _DKMH_IN_KMH))
    return Trips(house.book, gate, closing, rules)
