"""What may move the cursor and what may not: receipts of every kind against one window."""

from collections import Counter

import pytest

from edge_gateway.delivery.confirmations import Confirmations
from edge_gateway.delivery.source import BatchSource
from edge_gateway.delivery.window import InFlight, Window
from protocols.monitoring.receipt import Receipt, Rejection, encode_receipt
from protocols.monitoring.records import record_id
from tests.monitoring.mix import make_mix

from .journal_in_memory import JournalInMemory
from .settings import settings


class Bench:
    """A journal with 30 records, of which 20 are on their way in two batches."""

    def __init__(self) -> None:
        self.journal = JournalInMemory()
        self.journal.append(make_mix(30))
        self.window = Window(4, 1000, 0, lambda: 0.0)
        self.counts: Counter[str] = Counter()
        self.source = BatchSource(settings(max_records=10), self.journal)
        self.confirmations = Confirmations("gw", self.window, self.journal, self.counts)
        self.taken = 0
        self.first, self.second = self.send(), self.send()

    def send(self) -> InFlight:
        found = self.source.next_batch(self.taken, 0)
        assert found
        self.window.add(found[0])
        self.taken = found[0].last
        return found[0]

    def receipt(self, batch: InFlight, **changes: object) -> bytes:
        values: dict = {"accepted": batch.count, "duplicate": 0} | changes
        return encode_receipt(Receipt("gw", batch.name, batch.digest, **values))


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_receipt_moves_the_cursor(bench: Bench) -> None:
    bench.confirmations.take_receipt(bench.receipt(bench.first))
    assert bench.window.cursor == 10
    assert bench.counts["confirmed_records"] == 10


def test_duplicate_receipts_are_counted_and_harmless(bench: Bench) -> None:
    first, second = bench.receipt(bench.first), bench.receipt(bench.second)
    for payload in (second, second, first, first, second):
        bench.confirmations.take_receipt(payload)
    assert bench.window.cursor == 20
    assert bench.counts["receipts_duplicate"] == 3
    assert bench.counts["confirmed_records"] == 20


@pytest.mark.parametrize("name", ["gw/1/30", "gw/21/10", "gw/500/10"])
def test_unknown_batches_are_counted_and_harmless(bench: Bench, name: str) -> None:
    count = int(name.rpartition("/")[2])
    bench.confirmations.take_receipt(encode_receipt(Receipt("gw", name, bench.first.digest, count, 0)))
    assert bench.window.cursor == 0
    assert bench.counts["receipts_unknown"] == 1


def test_a_receipt_for_another_gateway_is_unknown(bench: Bench) -> None:
    bench.confirmations.take_receipt(
        encode_receipt(Receipt("other", "other/1/10", bench.first.digest, 10, 0))
    )
    assert bench.counts["receipts_unknown"] == 1


def test_a_receipt_for_other_contents_of_the_same_name_moves_nothing(bench: Bench) -> None:
    """A journal that was set up anew counts from 1 again; its old receipts may still be at the broker."""
    stale = Receipt("gw", bench.first.name, "0" * 64, 10, 0)
    bench.confirmations.take_receipt(encode_receipt(stale))
    assert bench.window.cursor == 0
    assert bench.counts["receipts_mismatched"] == 1


@pytest.mark.parametrize("payload", [b"", b"{}", b"\xff", b'{"schema":"dianyun.receipt/1"}', b"[" * 99_999])
def test_malformed_receipts_are_counted_and_harmless(bench: Bench, payload: bytes) -> None:
    bench.confirmations.take_receipt(payload)
    assert bench.window.cursor == 0
    assert bench.counts["receipts_malformed"] == 1


def test_counts_that_do_not_account_for_the_batch_are_malformed(bench: Bench) -> None:
    payload = bench.receipt(bench.first).replace(b'"accepted":10', b'"accepted":9')
    bench.confirmations.take_receipt(payload)
    assert bench.window.cursor == 0
    assert bench.counts["receipts_malformed"] == 1


def test_a_refused_batch_stays(bench: Bench) -> None:
    bench.confirmations.take_receipt(bench.receipt(bench.first, accepted=0, error="wrong CRC-32"))
    assert bench.window.cursor == 0
    assert bench.window.find(bench.first.name) is bench.first
    assert bench.counts["receipts_refusing"] == 1


def test_rejected_records_become_dead_letters_and_the_cursor_moves(bench: Bench) -> None:
    record = bench.journal.records[3]
    rejected = (Rejection(record_id(record.phone, record.body), "no such vehicle"),)
    bench.confirmations.take_receipt(bench.receipt(bench.first, accepted=9, rejected=rejected))
    assert bench.journal.dead_letters == {4: "no such vehicle"}
    assert bench.window.cursor == 10
    assert bench.counts["rejected_records"] == 1


def test_rejecting_a_record_that_was_not_sent_is_malformed(bench: Bench) -> None:
    bench.confirmations.take_receipt(
        bench.receipt(bench.first, accepted=9, rejected=(Rejection(bytes(16), "what"),))
    )
    assert bench.window.cursor == 0
    assert bench.journal.dead_letters == {}
    assert bench.counts["receipts_malformed"] == 1
