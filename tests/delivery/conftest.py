"""A broker for the module, and journals of both kinds: the one in memory and the real one."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_gateway.journal.group import STORED
from edge_gateway.journal.journal import Journal
from edge_gateway.journal.origin import Origin
from protocols.monitoring.records import MESSAGE, Record, pack_message
from simulator.broker import Broker

from .journal_in_memory import JournalInMemory
from .waiting import wait_for


class JournalOnDisk(Journal):
    """The real journal, filled as sessions fill it."""

    def append(self, records: list[Record]) -> None:
        outcomes: list[int] = []
        for record in records:
            is_message = record.kind == MESSAGE
            body = pack_message(record.message_id, record.body) if is_message else record.body
            report = (record.serial, record.kind, body)
            origin = Origin(record.phone, record.edition, record.version)
            self.submit(origin, record.received_ms, [report], outcomes.append)
        wait_for(lambda: len(outcomes) == len(records), "commits")
        assert set(outcomes) <= {STORED}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with Broker(tmp_path / "broker") as running:
        yield running


@pytest.fixture(params=["memory", "disk"])
def make_journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable]:
    """Opens the journal; called again, it opens the same one anew."""
    opened: list[JournalOnDisk] = []
    in_memory = JournalInMemory()

    def make() -> JournalInMemory | JournalOnDisk:
        if request.param == "memory":
            return in_memory
        while opened:
            opened.pop().close()
        opened.append(JournalOnDisk(tmp_path / "journal.db"))
        return opened[-1]

    yield make
    for journal in opened:
        journal.close()
