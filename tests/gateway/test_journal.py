"""The journal: sequences, resends, cursor, bounds, dead letters, totals, restart."""

import sqlite3
import threading

import pytest

from edge_gateway.journal import (
    FAILED,
    FULL,
    STORED,
    Journal,
    JournalError,
    JournalLimits,
    Origin,
    read_totals,
    schema,
)
from protocols.monitoring.records import BACKFILL, LIVE, REPLY, Record

from .support import RECEIVED_MS, Outcomes, body_of, everything, report, store

TRUCK = Origin("013800138000", 2013)
OTHER = Origin("00000000013900139000", 2019, 1)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path):
    journal = Journal(path)
    yield journal
    journal.close()


def held(journal):
    """Holds the writer until the returned event is set: what comes meanwhile is one group."""
    inside, go = threading.Event(), threading.Event()
    deliver = journal._writer.deliver

    def holding(released):
        if threading.current_thread().name == "journal":
            inside.set()
            assert go.wait(20)
        deliver(released)

    journal._writer.deliver = holding
    journal.submit(Origin("1", 2013), RECEIVED_MS, [report(0)], lambda outcome: None)
    assert inside.wait(20)
    return go


def test_a_record_comes_back_as_it_was_submitted(journal):
    reports = [(7, LIVE, body_of(1)), (8, BACKFILL, body_of(2, 200)), (65535, REPLY, body_of(3))]
    assert store(journal, OTHER, reports) == STORED
    assert journal.read_after(0, 10, 1 << 20) == [
        Record(1, RECEIVED_MS, OTHER.phone, 2019, 1, 0x0200, 7, LIVE, body_of(1)),
        Record(2, RECEIVED_MS, OTHER.phone, 2019, 1, 0x0704, 8, BACKFILL, body_of(2, 200)),
        Record(3, RECEIVED_MS, OTHER.phone, 2019, 1, 0x0201, 65535, REPLY, body_of(3)),
    ]


def test_reading_is_bounded_by_count_and_bytes_and_always_gives_one(journal):
    store(journal, TRUCK, [report(number) for number in range(50)])
    assert [r.sequence for r in journal.read_after(20, 5, 1 << 20)] == [21, 22, 23, 24, 25]
    assert [r.sequence for r in journal.read_after(20, 50, 100)] == [21, 22]
    assert [r.sequence for r in journal.read_after(20, 50, 1)] == [21]
    assert journal.read_after(50, 5, 1 << 20) == []


def test_what_arrives_during_a_commit_is_one_group(journal):
    go = held(journal)
    outcomes = Outcomes()
    for number in range(1, 301):
        journal.submit(TRUCK, RECEIVED_MS, [report(number)], outcomes)
    go.set()
    assert outcomes.wait(300) == [STORED] * 300
    assert journal.stats()["groups"] == 2 and journal.stats()["group_max"] == 300


def test_a_resend_is_stored_once_and_acknowledged(journal):
    assert store(journal, TRUCK, [report(1)]) == STORED
    assert store(journal, Origin("00000000013800138000", 2019), [report(1)]) == STORED, "same identity"
    assert store(journal, OTHER, [report(1)]) == STORED
    assert [r.phone for r in everything(journal)] == [TRUCK.phone, OTHER.phone]
    assert journal.stats()["duplicates"] == 1


def test_a_resend_within_the_group_waits_for_that_commit_and_shares_its_fate(journal, monkeypatch):
    go = held(journal)
    outcomes = Outcomes()
    journal.submit(TRUCK, RECEIVED_MS, [report(1)], outcomes)
    journal.submit(TRUCK, RECEIVED_MS, [report(1)], outcomes)
    monkeypatch.setattr(journal._writer._store, "insert_group", refuse)
    go.set()
    assert outcomes.wait(2) == [FAILED, FAILED]
    assert store(journal, TRUCK, [report(1)]) == STORED, "the failed group left no trace in the ring"
    assert [r.sequence for r in everything(journal)] == [1, 2]


def refuse(*_):
    raise sqlite3.OperationalError("database or disk is full")


def test_after_a_write_error_the_journal_goes_on(journal, monkeypatch):
    monkeypatch.setattr(journal._writer._store, "insert_group", refuse)
    assert store(journal, TRUCK, [report(1)]) == FAILED
    assert store(journal, TRUCK, [report(1)]) == STORED
    assert journal.stats()["failed_commits"] == 1
    assert [r.sequence for r in everything(journal)] == [1]


def test_more_than_any_terminal_has_unanswered_are_known_again(path):
    """A link is cut under thousands of reports: sent again, also after a restart, none is stored twice."""
    journal = Journal(path)
    sent = [report(number) for number in range(3000)]
    for at in range(0, 3000, 500):
        store(journal, TRUCK, sent[at : at + 500])
    store(journal, TRUCK, sent)
    journal.close()
    journal = Journal(path)
    store(journal, TRUCK, sent)
    assert journal.last_sequence == 3000
    journal.close()


def test_rings_and_sequences_survive_a_restart(path):
    for number in range(40):
        journal = Journal(path)
        assert store(journal, TRUCK, [report(n) for n in range(number + 1)]) == STORED
        journal.close()
    journal = Journal(path)
    assert [r.serial for r in everything(journal)] == list(range(40))
    assert journal.last_sequence == 40
    journal.close()


def test_the_cursor_is_durable_monotone_and_bounded(path):
    journal = Journal(path)
    store(journal, TRUCK, [report(number) for number in range(10)])
    journal.confirm(7)
    journal.confirm(3)
    with pytest.raises(ValueError, match="ends at 10"):
        journal.confirm(11)
    journal.close()
    journal = Journal(path)
    assert (journal.confirmed_sequence, journal.last_sequence) == (7, 10)
    assert [r.sequence for r in everything(journal, 7)] == [8, 9, 10]
    journal.close()


def test_delivered_groups_are_deleted_and_the_sequence_goes_on(path):
    journal = Journal(path)
    for start in range(0, 6000, 500):
        store(journal, TRUCK, [report(start + number) for number in range(500)])
        journal.confirm(journal.last_sequence)
    assert journal.read_after(0, 1, 1 << 20)[0].sequence > 3000, "most is deleted while running"
    journal.close()
    journal = Journal(path)
    assert journal.read_after(0, 1, 1 << 20) == [], "all of it is after a clean end"
    store(journal, TRUCK, [report(5999), report(6000)])
    assert [r.sequence for r in everything(journal)] == [6001], "and resends are still recognised"
    assert read_totals(path)["terminals"]["13800138000"]["journalled"] == 6001
    journal.close()


def test_a_full_journal_refuses_and_opens_again_after_delivery(path):
    journal = Journal(path, JournalLimits(max_bytes=400_000))
    number = 0
    while store(journal, TRUCK, [report(number + offset) for offset in range(100)]) == STORED:
        number += 100
    assert 1000 < number == journal.last_sequence
    assert store(journal, TRUCK, [report(number - 1)]) == STORED, "a resend of a safe report needs no room"
    assert journal.stats()["refused_full"] == 100
    journal.confirm(number)
    assert store(journal, TRUCK, [report(number)]) == STORED
    assert [r.sequence for r in everything(journal, number)] == [number + 1]
    journal.close()


def test_a_stalled_disk_refuses_beyond_the_waiting_limit(path):
    journal = Journal(path, JournalLimits(max_waiting=10))
    go = held(journal)
    outcomes = Outcomes()
    for number in range(1, 31):
        journal.submit(TRUCK, RECEIVED_MS, [report(number)], outcomes)
    assert outcomes.seen == [FULL] * 19, "eleven wait: the limit, and one that found it not yet passed"
    go.set()
    assert outcomes.wait(30).count(STORED) == 11
    journal.close()


def test_dead_letters_are_kept_and_counted_once(path):
    journal = Journal(path)
    store(journal, TRUCK, [report(1), report(2), report(3)])
    store(journal, OTHER, [report(4)])
    journal.reject([(2, "time in the future"), (2, "time in the future"), (99, "never was")])
    journal.confirm(3)
    assert journal.stats()["rejected"] == 1
    journal.close()
    assert read_totals(path) == {
        "journalled": 4,
        "delivered": 2,
        "queued": 1,
        "rejected": 1,
        "damaged": 0,
        "destinations": {"": {"active": True, "confirmed": 3, "queued": 1, "rejected": 1, "lost": 0}},
        "terminals": {
            "13800138000": {"journalled": 3, "delivered": 2, "queued": 0, "rejected": 1, "duplicates": 0},
            "13900139000": {"journalled": 1, "delivered": 0, "queued": 1, "rejected": 0, "duplicates": 0},
        },
    }


def test_totals_can_be_read_while_it_runs_and_of_no_file(journal, path, tmp_path):
    store(journal, TRUCK, [report(1), report(1), report(2)])
    journal.confirm(1)
    totals = read_totals(path)
    assert (totals["journalled"], totals["delivered"], totals["queued"]) == (2, 1, 1)
    assert totals["terminals"]["13800138000"]["delivered"] == 1
    assert read_totals(tmp_path / "none.db")["journalled"] == 0


def test_listeners_hear_of_new_records_only(journal):
    heard = []
    journal.on_commit(lambda: heard.append(journal.last_sequence))
    store(journal, TRUCK, [report(1)])
    store(journal, TRUCK, [report(1)])
    store(journal, TRUCK, [report(2)])
    journal.confirm(2)
    assert heard == [1, 2]


def test_after_the_end_everything_is_refused(path):
    journal = Journal(path)
    journal.close()
    assert store(journal, TRUCK, [report(1)]) == FAILED
    with pytest.raises(JournalError, match="closed"):
        journal.reject([(1, "why")])


def test_a_bug_in_the_writer_refuses_instead_of_hanging(journal, monkeypatch):
    monkeypatch.setattr(journal._writer, "_commit", lambda *_: 1 // 0)
    assert store(journal, TRUCK, [report(1)]) == FAILED
    assert journal.died
    assert store(journal, TRUCK, [report(2)]) == FAILED


def test_an_old_file_is_migrated_and_a_newer_one_refused(path):
    Journal(path).close()
    connection = schema.connect(path)

    def add_column(connection):
        connection.execute("ALTER TABLE dead_letter ADD COLUMN noted TEXT")

    newest = len(schema.MIGRATIONS)
    assert schema.migrate(connection, (*schema.MIGRATIONS, add_column)) == newest
    assert schema.migrate(connection, (*schema.MIGRATIONS, add_column)) == newest + 1
    connection.close()
    with pytest.raises(JournalError, match=f"version {newest + 1}"):
        Journal(path)


def test_a_migration_that_fails_leaves_the_old_layout(path):
    Journal(path).close()
    connection = schema.connect(path)

    def half(connection):
        connection.execute("ALTER TABLE dead_letter ADD COLUMN noted TEXT")
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        schema.migrate(connection, (*schema.MIGRATIONS, half))
    connection.close()
    journal = Journal(path)
    assert store(journal, TRUCK, [report(1)]) == STORED
    journal.close()


def test_a_file_that_is_no_journal_is_named(path):
    path.write_bytes(b"this is not a database, " * 100)
    with pytest.raises(JournalError, match="cannot open the journal"):
        Journal(path)
