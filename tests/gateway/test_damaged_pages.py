"""A page of the journal's file that is not what was written: SQLite itself cannot follow the group."""

import logging
import random
import sqlite3
from pathlib import Path

import pytest

from edge_gateway.journal import STORED, Journal, JournalError, Origin, read_totals

from .support import Outcomes, report

TRUCK = Origin("00000000013800138000", 2019, 1)
GROUPS, EACH = 4, 400  # some 30 KB a group: a chain of overflow pages for each
RECEIVED_MS = 1_700_000_000_000
SEED = 20260714


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal of four long groups, closed."""
    chance, journal = random.Random(SEED), Journal(tmp_path / "journal.db")
    for first in range(1, GROUPS * EACH, EACH):
        run = [(first + n, 0, report(first + n)[2] + chance.randbytes(40)) for n in range(EACH)]
        store(journal, run)
    journal.close()
    return tmp_path / "journal.db"


def store(journal: Journal, run: list[tuple[int, int, bytes]]) -> None:
    outcomes = Outcomes()
    journal.submit(TRUCK, RECEIVED_MS, run, outcomes)
    assert outcomes.wait(1) == [STORED]


def break_chain(path: Path, first_sequence: int) -> None:
    """Spoils the pointer to the next page in an overflow page of the group."""
    connection = sqlite3.connect(path)
    size = connection.execute("PRAGMA page_size").fetchone()[0]
    (blob,) = connection.execute(
        "SELECT records FROM record_group WHERE first_sequence = ?", (first_sequence,)
    ).fetchone()
    connection.close()
    data = bytearray(path.read_bytes())
    found = data.find(blob[2 * size : 2 * size + 48])
    assert found > 0, f"seed {SEED}: the group has no overflow page"
    at = found // size * size
    data[at : at + 4] = b"\x7f\xff\xff\xf0"
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data[at : at + 4])
    connection = sqlite3.connect(path)
    with pytest.raises(sqlite3.DatabaseError, match="malformed"):
        connection.execute(
            "SELECT * FROM record_group WHERE first_sequence = ?", (first_sequence,)
        ).fetchall()
    connection.close()


def taken(journal: Journal) -> list[int]:
    """Delivers everything as a destination does: over what is set aside, over no other gap."""
    sequences: list[int] = []
    while journal.confirmed_sequence < journal.last_sequence:
        cursor = journal.confirmed_sequence
        run = journal.read_after(cursor, 150, 1 << 20)
        if run and run[0].sequence == cursor + 1:
            sequences += [record.sequence for record in run]
            try_twice(lambda through=run[-1].sequence: journal.confirm(through))
        else:
            behind = journal.set_aside_after(cursor)
            assert behind > cursor, f"seed {SEED}: nobody explains the gap behind {cursor}"
            journal.confirm(behind)
    return sequences


def try_twice(action) -> None:
    """As a terminal and a delivery do that were told to try again."""
    try:
        action()
    except (AssertionError, JournalError):
        action()


@pytest.mark.parametrize("bad", range(GROUPS))
def test_delivery_goes_on_behind_a_group_that_sqlite_cannot_read(path, bad, caplog):
    first = bad * EACH + 1
    break_chain(path, first)
    whole = [n for n in range(1, GROUPS * EACH + 1) if not first <= n < first + EACH]
    with caplog.at_level(logging.ERROR):
        journal = Journal(path)
        assert taken(journal) == whole
        assert f"the records {first}…{first + EACH - 1} are damaged" in caplog.text
        for number in range(3):  # deletion behind the cursor comes in these commits, and must not fail them
            store(journal, [report(10_000 + number)])
            journal.confirm(journal.last_sequence)
        assert journal.stats()["damaged"] == EACH
        assert journal.stats()["failed_commits"] == 0
        journal.close()
    totals = read_totals(path)
    assert (totals["damaged"], totals["queued"]) == (EACH, 0)
    assert totals["delivered"] == len(whole) + 3
    again = Journal(path)
    assert again.last_sequence == GROUPS * EACH + 3
    assert again.read_after(0, 10, 1 << 20)[:1] in ([], again.read_after(GROUPS * EACH, 1, 1 << 20))
    again.close()


def test_a_delivered_group_that_cannot_be_deleted_fails_nobody(path):
    journal = Journal(path)
    journal.confirm(EACH)  # fewer than a deletion is worth: the group is still there
    break_chain(path, 1)
    assert taken(journal) == list(range(EACH + 1, GROUPS * EACH + 1)), "the others, one deletion on the way"
    for number in range(3):
        try_twice(lambda number=number: store(journal, [report(10_000 + number)]))
        try_twice(lambda: journal.confirm(journal.last_sequence))
    assert journal.stats()["failed_commits"] <= 1, "the second try finds it out of the way"
    assert journal.confirmed_sequence == GROUPS * EACH + 3
    assert journal.stats()["damaged"] == 0, "it was delivered before"
    journal.close()
    connection = sqlite3.connect(path)
    left = [row[0] for row in connection.execute("SELECT first_sequence FROM record_group")]
    connection.close()
    assert left == [1], "the others are deleted"


def test_the_totals_can_be_read_while_nobody_has_found_it_yet(path):
    break_chain(path, EACH + 1)
    totals = read_totals(path)
    assert (totals["journalled"], totals["queued"]) == (GROUPS * EACH, GROUPS * EACH)


def test_a_file_that_is_no_database_is_still_an_error(path):
    path.write_bytes(b"x" * 100_000)
    with pytest.raises(JournalError):
        Journal(path)
