"""From the journal to messages: bounds, order, and records that cannot be written."""

from edge_gateway.delivery.source import PAYLOAD_BYTES_MAX, BatchSource
from protocols.monitoring.forms import decode_batch
from protocols.monitoring.receipt import digest_of
from tests.monitoring.mix import make_mix

from .journal_in_memory import JournalInMemory
from .settings import settings


def _everything(source: BatchSource, last: int) -> list:
    batches, after = [], 0
    while after < last:
        found = source.next_batch(after, 0)
        assert found
        batches.append(found[0])
        after = found[0].last
    return batches


def test_batches_cover_the_journal_without_a_gap() -> None:
    journal = JournalInMemory()
    journal.append(make_mix(95))
    source = BatchSource(settings(max_records=40), journal)
    batches = _everything(source, 95)
    assert [batch.count for batch in batches] == [40, 40, 15]
    assert [record for batch in batches for record in decode_batch(batch.payload).records] == journal.records
    assert all(batch.digest == digest_of(batch.payload) for batch in batches)
    assert source.next_batch(95, 0) is None


def test_news_is_what_came_lately_and_not_too_much_of_it() -> None:
    records = [record._replace(received_ms=1000 + at) for at, record in enumerate(make_mix(100), 1)]
    journal = JournalInMemory()
    journal.append(records)
    source = BatchSource(settings(max_records=8), journal)
    assert [source.before_news(100, 1000 + first, 64) for first in (91, 100, 101, 102)] == [90, 99, 100, 100]
    assert source.before_news(100, 1000, 64) == 36, "a bound, in whole batches"
    assert source.before_news(100, 1000, 1000) == 0
    assert source.before_news(0, 1000, 64) == 0


def test_the_same_run_is_written_the_same_way_after_a_restart() -> None:
    journal = JournalInMemory()
    journal.append(make_mix(40))
    first, second = (BatchSource(settings(), journal).next_batch(0, 0) for _ in range(2))
    assert first and second
    assert first[0].payload == second[0].payload


def test_a_message_stays_below_what_brokers_take() -> None:
    """One large item a report; then small reports again, for which batches grow back."""
    large = [record._replace(body=record.body + b"\xf0\xff" + bytes(255)) for record in make_mix(1000)]
    journal = JournalInMemory()
    journal.append(large + make_mix(4000))
    source = BatchSource(settings(max_records=1000, max_bytes=2_000_000, form="json"), journal)
    batches = _everything(source, 5000)
    assert max(len(batch.payload) for batch in batches) <= PAYLOAD_BYTES_MAX
    assert 100 <= batches[0].count <= 500
    assert len(batches) < 25


def test_bodies_that_compress_well_still_fit_what_a_receiver_expands() -> None:
    journal = JournalInMemory()
    journal.append([record._replace(body=record.body + bytes(60_000)) for record in make_mix(200)])
    source = BatchSource(settings(max_records=10_000, max_bytes=16 << 20), journal)
    for batch in _everything(source, 200):
        assert decode_batch(batch.payload).count == batch.count


def test_a_record_that_cannot_be_written_is_a_dead_letter_and_holds_up_nobody() -> None:
    journal = JournalInMemory()
    records = make_mix(30)
    for at in (0, 12, 13):
        records[at] = records[at]._replace(phone="not a phone")
    journal.append(records)
    batches = _everything(BatchSource(settings(), journal), 30)
    assert [(batch.first, batch.last, bool(batch.payload)) for batch in batches] == [
        (1, 1, False), (2, 12, True), (13, 13, False), (14, 14, False), (15, 30, True),
    ]  # fmt: skip
    assert sorted(journal.dead_letters) == [1, 13, 14]
