"""A long backlog that a filter leaves out: read in rounds, so that the line is looked after in between."""

import pytest

from edge_gateway.delivery.destination import Destination
from edge_gateway.delivery.link import Link
from edge_gateway.delivery.settings import Settings
from simulator.broker import Broker
from tests.monitoring.mix import make_mix

from .journal_in_memory import JournalInMemory
from .waiting import wait_for

RECORDS = 20_000


@pytest.mark.parametrize("jump", [True, False])
def test_the_line_is_looked_after_while_a_filter_passes_over_a_backlog(tmp_path, monkeypatch, jump):
    journal = JournalInMemory()
    first = make_mix(1)[0]
    journal.append([first] * RECORDS)
    reads, longest = 0, 0
    read, wait = journal.read_after, Link.wait

    def counted(*asked):
        nonlocal reads
        reads += 1
        return read(*asked)

    def waited(link, *args):
        nonlocal reads, longest
        longest, reads = max(longest, reads), 0
        wait(link, *args)

    monkeypatch.setattr(journal, "read_after", counted)
    monkeypatch.setattr(Link, "wait", waited)
    with Broker(tmp_path) as broker:
        settings = Settings(
            "a", "gw", "127.0.0.1", broker.port, max_records=10, window=8 if jump else RECORDS,
            terminals=("13999999999",),
        )  # fmt: skip
        destination = Destination(settings, journal)
        destination.start()
        try:
            wait_for(lambda: journal.confirmed_sequence == RECORDS, "the cursor at the end")
        finally:
            destination.stop()
    assert 0 < longest <= 130, "two lanes, 64 batches each, between two looks at the line"
    assert destination.stats()["filtered"] == RECORDS and destination.stats()["sent_records"] == 0
