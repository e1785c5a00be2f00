"""A group whose bytes the disk changed: set aside and told of, and what is behind it is delivered."""

import logging
import sqlite3
from pathlib import Path

import pytest

from edge_gateway.delivery.source import BatchSource
from edge_gateway.delivery.window import Window
from edge_gateway.journal import STORED, Journal, Origin, read_totals
from protocols.monitoring.forms import decode_batch
from tests.delivery.settings import settings

from .support import RECEIVED_MS, Outcomes, everything, report

TRUCK = Origin("00000000013800138000", 2019, 1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal of three groups of ten, closed."""
    journal = Journal(tmp_path / "journal.db")
    for first in (1, 11, 21):
        outcomes = Outcomes()
        journal.submit(TRUCK, RECEIVED_MS, [report(first + number) for number in range(10)], outcomes)
        assert outcomes.wait(1) == [STORED]
    journal.close()
    return tmp_path / "journal.db"


def damage(path: Path, first_sequence: int, column: str = "records", at: int = 60) -> None:
    """Flips one bit of a group."""
    connection = sqlite3.connect(path)
    (blob,) = connection.execute(
        f"SELECT {column} FROM record_group WHERE first_sequence = ?", (first_sequence,)
    ).fetchone()
    changed = bytearray(blob)
    changed[at] ^= 1
    connection.execute(
        f"UPDATE record_group SET {column} = ? WHERE first_sequence = ?", (bytes(changed), first_sequence)
    )
    connection.commit()
    connection.close()


def delivered(journal: Journal) -> list[int]:
    """The sequences of what a delivery sends; it confirms each batch, and the cursor ends at the end."""
    window = Window(4, 1000, journal.confirmed_sequence, lambda: 0.0)
    source, sent = BatchSource(settings(max_records=7), journal.destination("")), []
    while found := source.next_batch(window.cursor, 0):
        window.add(found[0])
        if found[0].payload:
            sent += [record.sequence for record in decode_batch(found[0].payload).records]
        window.settle(found[0])
        journal.confirm(window.cursor)
    assert journal.confirmed_sequence == journal.last_sequence == 30
    return sent


@pytest.mark.parametrize("first", [1, 11, 21])
def test_what_is_not_damaged_is_delivered_and_the_rest_is_named(path, first, caplog):
    damage(path, first)
    journal = Journal(path)
    with caplog.at_level(logging.ERROR):
        assert delivered(journal) == [n for n in range(1, 31) if not first <= n < first + 10]
    assert f"the records {first}…{first + 9} are damaged" in caplog.text
    assert journal.stats()["damaged"] == 10
    journal.close()
    totals = read_totals(path)
    counts = {name: totals[name] for name in ("journalled", "delivered", "queued", "rejected", "damaged")}
    assert counts == {"journalled": 30, "delivered": 20, "queued": 0, "rejected": 0, "damaged": 10}
    connection = sqlite3.connect(path)
    (kept,) = connection.execute(
        "SELECT records FROM damaged_group WHERE first_sequence = ?", (first,)
    ).fetchone()
    connection.close()
    assert len(kept) > 300, "its bytes are kept"


def test_every_byte_of_a_group_is_checked(path):
    """The head and the contents too: a phone digit that flipped would be another truck's report."""
    connection = sqlite3.connect(path)
    sizes = connection.execute("SELECT length(contents), length(records) FROM record_group").fetchone()
    connection.close()
    for column, size in zip(("contents", "records"), sizes, strict=True):
        for at in range(0, size, 1 if column == "contents" else 11):
            damage(path, 11, column, at)
            journal = Journal(path)
            taken = [record.sequence for record in journal.read_after(0, 100, 1 << 20)]
            journal.close()
            assert taken == list(range(1, 11)), f"byte {at} of {column}"
            damage(path, 11, column, at)  # and back
    journal = Journal(path)
    assert len(everything(journal)) == 30
    journal.close()


def test_sequences_go_on_behind_a_damaged_end(path):
    damage(path, 21)
    journal = Journal(path)
    assert journal.read_after(20, 10, 1 << 20) == []
    journal.close()
    journal = Journal(path)
    outcomes = Outcomes()
    journal.submit(TRUCK, RECEIVED_MS, [report(99)], outcomes)
    assert outcomes.wait(1) == [STORED]
    assert [record.sequence for record in journal.read_after(20, 10, 1 << 20)] == [31]
    journal.close()


def test_the_totals_can_be_read_before_the_damage_is_found(path):
    damage(path, 11)
    damage(path, 21, "contents", 0)
    totals = read_totals(path)
    assert (totals["journalled"], totals["queued"], totals["damaged"]) == (30, 30, 0)


def test_what_was_delivered_before_is_not_counted_as_damaged(path):
    journal = Journal(path)
    journal.confirm(14)
    journal.close()
    damage(path, 11)
    journal = Journal(path)
    assert [record.sequence for record in journal.read_after(14, 3, 1 << 20)] == [21, 22, 23]
    assert journal.stats()["damaged"] == 6
    journal.close()


def test_records_that_are_gone_without_a_reason_are_not_passed_over(path):
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM record_group WHERE first_sequence = 11")
    connection.commit()
    connection.close()
    journal = Journal(path)
    with pytest.raises(LookupError, match="has lost the records behind 10"):
        delivered(journal)
    assert journal.confirmed_sequence == 10
    journal.close()


def test_a_dead_letter_of_a_damaged_group_does_not_fail_the_commit(path):
    journal = Journal(path)
    damage(path, 11)
    journal.reject([(12, "why")])
    assert journal.stats()["failed_commits"] == 0
    journal.close()
