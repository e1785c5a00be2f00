"""What the tests of the whole road share: a delivery, an authority, and the account between them."""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_gateway.delivery.destination import Destination
from edge_gateway.delivery.settings import Settings
from protocols.monitoring.records import MESSAGE, Record, id_of
from simulator.authority.service import Authority
from simulator.authority.store import Store, TerminalCounts
from tests.monitoring.mix import make_mix

from .journal_in_memory import JournalInMemory
from .waiting import wait_for


def a_seed() -> int:
    """A new seed, or that of $DELIVERY_SEED, printed so that a failure can be had again."""
    seed = int(os.environ.get("DELIVERY_SEED") or random.randrange(2**31))
    print(f"DELIVERY_SEED={seed}")
    return seed


def records_of(seed: int, count: int) -> list[Record]:
    """Positions of many vehicles, every twentieth record another message."""
    dice, records = random.Random(seed), make_mix(count, vehicles=50, seed=seed)
    return [
        record._replace(kind=MESSAGE, message_id=0x0900, serial=at & 0xFFFF, body=dice.randbytes(12))
        if at % 20 == 7
        else record
        for at, record in enumerate(records)
    ]


def account(database: Path, records: list[Record]) -> TerminalCounts:
    """Lost 0, duplicated 0, nothing else: every record is stored once. Gives the counts."""
    with Store(database, read_only=True) as store:
        names = store.stored_ids()
        messages = [one.record_id for one in store.messages()]
        counts = store.counts()
    stored, wanted = names | set(messages), {id_of(record) for record in records}
    lost, phantom = len(wanted - stored), len(stored - wanted)
    duplicated = counts.duplicated + len(messages) - len(set(messages))
    assert (lost, duplicated, phantom) == (0, 0, 0)
    assert counts.received == len(records)
    return counts


@contextmanager
def delivering(settings: Settings, journal: JournalInMemory) -> Iterator[Destination]:
    """A destination that is started and stopped."""
    destination = Destination(settings, journal)
    destination.start()
    try:
        yield destination
    finally:
        destination.stop()


@contextmanager
def authority(port: int, database: Path, host: str = "127.0.0.1", **more: object) -> Iterator[Authority]:
    """An authority that is subscribed."""
    with Authority(host, port, database, **more) as service:  # type: ignore[arg-type]
        assert service.wait_until_ready(20)
        yield service


def delivered(destination: Destination, journal: JournalInMemory, seconds: float = 60) -> None:
    """Returns when all of the journal is confirmed."""
    done: Callable[[], bool] = lambda: journal.confirmed_sequence == journal.last_sequence  # noqa: E731
    wait_for(done, destination.stats, seconds)
