"""A large group is read in many small runs and taken apart once; bounds and order stay what they were."""

import queue

import pytest

from edge_gateway.journal import STORED, Journal, Origin, runs
from protocols.monitoring.records import LIVE

TRUCK = Origin("013800138000", 2013)


@pytest.fixture
def journal(tmp_path):
    journal = Journal(tmp_path / "journal.db")
    for group in range(3):  # 100 records each
        outcomes = queue.SimpleQueue()
        reports = [(at, LIVE, (100 * group + at).to_bytes(28, "big")) for at in range(100)]
        journal.submit(TRUCK, 1000 + group, reports, outcomes.put)
        assert outcomes.get(timeout=10) == STORED
    yield journal
    journal.close()


@pytest.fixture
def taken_apart(monkeypatch):
    firsts, real = [], runs.unpack_records

    def counted(contents, records, first_sequence, *more):
        firsts.append(first_sequence)
        return real(contents, records, first_sequence, *more)

    monkeypatch.setattr(runs, "unpack_records", counted)
    return firsts


def test_each_group_is_taken_apart_once(journal, taken_apart):
    after, read = 0, []
    while found := journal.read_after(after, 7, 1 << 20):
        read += found
        after = found[-1].sequence
    assert [record.sequence for record in read] == list(range(1, 301))
    assert [int.from_bytes(record.body, "big") for record in read] == list(range(300))
    assert len(taken_apart) <= 6, "a run that ends in the next group may take its beginning first"


def test_runs_go_on_over_groups_and_keep_both_bounds(journal):
    assert [record.sequence for record in journal.read_after(90, 150, 1 << 20)] == list(range(91, 241))
    assert len(journal.read_after(0, 1000, 28 * 130)) == 130
    assert len(journal.read_after(50, 10, 28 * 4)) == 4
    assert len(journal.read_after(50, 10, 1)) == 1, "one at least"
    assert journal.read_after(300, 10, 1 << 20) == []


def test_few_groups_are_kept(journal, monkeypatch):
    monkeypatch.setattr(runs, "GROUPS_KEPT", 1)
    for after in (0, 120, 220, 5):
        assert journal.read_after(after, 3, 1 << 20)[0].sequence == after + 1
        assert len(journal._reader._runs._groups) == 1


def test_a_group_too_large_to_keep_is_read_all_the_same(journal, monkeypatch):
    monkeypatch.setattr(runs, "GROUP_BYTES_MAX", 100)
    assert [record.sequence for record in journal.read_after(98, 5, 1 << 20)] == [99, 100, 101, 102, 103]
    assert not journal._reader._runs._groups
