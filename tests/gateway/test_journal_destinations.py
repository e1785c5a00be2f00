"""Several cursors in one journal: the slowest one keeps the groups, and nothing is given up in silence."""

import logging
import queue
import sqlite3

import pytest

from edge_gateway.journal import STORED, Journal, JournalError, Origin, read_totals, schema
from protocols.monitoring.records import LIVE

TRUCK = Origin("013800138000", 2013)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.db"


def fill(journal, first, last):
    """Commits of one record each, so that each group is one record."""
    for number in range(first, last + 1):
        outcomes = queue.SimpleQueue()
        report = (number & 0xFFFF, LIVE, number.to_bytes(28, "big"))
        journal.submit(TRUCK, 1000 + number, [report], outcomes.put)
        assert outcomes.get(timeout=10) == STORED


def kept(path):
    with sqlite3.connect(path) as connection:
        return [row[0] for row in connection.execute("SELECT first_sequence FROM record_group ORDER BY 1")]


def test_groups_are_deleted_behind_the_slowest(path):
    journal = Journal(path, destinations=("province", "company"))
    fill(journal, 1, 10)
    journal.destination("province").confirm(10)
    journal.destination("company").confirm(4)
    assert journal.confirmed_sequence == 4
    journal.close()
    assert kept(path)[0] == 5
    figures = read_totals(path)["destinations"]
    assert figures["province"]["queued"] == 0 and figures["company"]["queued"] == 6
    again = Journal(path, destinations=("province", "company"))
    assert [again.destination(name).confirmed_sequence for name in ("province", "company")] == [10, 4]
    assert again.last_sequence == 10
    again.close()


def test_what_was_confirmed_ahead_is_remembered(path):
    journal = Journal(path)
    fill(journal, 1, 20)
    view = journal.destination("")
    view.confirm(3, [(8, 12), (15, 15)])
    journal.close()
    assert read_totals(path)["destinations"][""]["queued"] == 20 - 3 - 6
    again = Journal(path)
    view = again.destination("")
    assert (view.confirmed_sequence, view.ahead) == (3, ((8, 12), (15, 15)))
    view.confirm(12, [(15, 15)])
    assert view.ahead == ((15, 15),)
    with pytest.raises(ValueError):
        view.confirm(12, [(15, 21)])
    again.close()


def test_what_is_given_up_is_counted_for_that_destination_alone(path):
    journal = Journal(path, destinations=("a", "b"))
    fill(journal, 1, 10)
    journal.destination("a").cut_loose(6, (), 6)
    journal.destination("b").confirm(2)
    assert (journal.destination("a").lost, journal.destination("b").lost) == (6, 0)
    journal.close()
    figures = read_totals(path)["destinations"]
    assert (figures["a"]["lost"], figures["a"]["confirmed"], figures["b"]["lost"]) == (6, 6, 0)


def test_a_destination_that_is_no_longer_configured_holds_nothing_back(path):
    journal = Journal(path, destinations=("a", "b"))
    fill(journal, 1, 10)
    journal.destination("a").confirm(10)
    journal.close()
    journal = Journal(path, destinations=("a",))
    assert journal.confirmed_sequence == 10
    journal.close()
    assert kept(path) == []
    assert not read_totals(path)["destinations"]["b"]["active"]


def test_a_destination_that_comes_back_too_late_loses_loudly(path, caplog):
    test_a_destination_that_is_no_longer_configured_holds_nothing_back(path)
    with caplog.at_level(logging.ERROR):
        journal = Journal(path, destinations=("a", "b"))
    assert "10 records were deleted while destination 'b' was not configured" in caplog.text
    assert (journal.destination("b").lost, journal.destination("b").confirmed_sequence) == (10, 10)
    assert journal.last_sequence == 10
    journal.close()


def test_a_new_destination_begins_with_the_oldest_kept_record(path):
    journal = Journal(path, destinations=("a",))
    fill(journal, 1, 10)
    journal.destination("a").confirm(7)
    journal.close()
    journal = Journal(path, destinations=("a", "new"))
    view = journal.destination("new")
    assert (view.confirmed_sequence, view.lost) == (7, 0)
    assert journal.confirmed_sequence == 7
    with pytest.raises(KeyError):
        journal.destination("unknown")
    journal.close()


def test_each_destination_has_its_own_refusals(path):
    journal = Journal(path, destinations=("a", "b"))
    fill(journal, 1, 3)
    for name, sequences in (("a", (1, 2)), ("b", (2,))):
        journal.destination(name).reject([(sequence, "no") for sequence in sequences])
        journal.destination(name).confirm(3)
    journal.close()
    figures = read_totals(path)["destinations"]
    assert (figures["a"]["rejected"], figures["b"]["rejected"]) == (2, 1)


def test_a_file_of_version_1_keeps_its_cursor(path):
    connection = schema.connect(path)
    schema.migrate(connection, schema.MIGRATIONS[:1])
    connection.execute("UPDATE cursor SET confirmed = 41")
    connection.close()
    journal = Journal(path)
    assert (journal.confirmed_sequence, journal.last_sequence) == (41, 41)
    journal.close()


def test_a_closed_journal_moves_no_cursor(path):
    journal = Journal(path)
    fill(journal, 1, 1)
    journal.close()
    with pytest.raises(JournalError, match="closed"):
        journal.destination("").confirm(1)
