"""The follower over several journals: each by its own place, none held up by another, nothing taken twice."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edge_gateway.delivery.apart.keeper import chore_of
from edge_gateway.freight import CURSOR, following
from edge_gateway.freight.following import Follower
from edge_gateway.freight.sources import JournalFile
from edge_gateway.journal import STORED, Journal, Origin
from protocols.freight.values import time_text
from protocols.monitoring.records import MESSAGE, pack_message
from tests.gateway.support import store, wait_for

from .house import EDITION, KUNMING, House

PHONES = ("00000000013900000001", "00000000013900000002")


def loaded(journal: Journal, phone: str, number: str, at_s: int) -> None:
    """A terminal's 0x0701, durable."""
    text = f"DYWB1;L;{number};{time_text(at_s)[2:]};{KUNMING[0]};{KUNMING[1]};;steel".encode("gbk")
    body = len(text).to_bytes(4, "big") + text
    assert (
        store(journal, Origin(phone, EDITION, 0), [(at_s & 0xFFFF, MESSAGE, pack_message(0x0701, body))])
        == STORED
    )


@contextmanager
def followed(house: House, journals: dict[str, Journal], asked: list[str]) -> Iterator[Follower]:
    """A follower over the files of journals that somebody else writes."""

    def source(name: str, journal: Journal) -> JournalFile:
        def ask(what: str, arguments: list[Any]) -> None:
            asked.append(what)
            journal.ask(chore_of(CURSOR, what, arguments))

        return JournalFile(journal.path, name, ask)

    sources = [source(name, journal) for name, journal in journals.items()]
    follower = Follower(
        house.book, house.intake, sources, now=house.desk.now, tick=lambda _: None, moved=lambda: None
    )
    follower.start()
    try:
        yield follower
    finally:
        follower.stop()


def journals_in(folder: Path) -> dict[str, Journal]:
    made = {}
    for name in ("worker-0", "worker-1"):
        (folder / name).mkdir(exist_ok=True)
        made[name] = Journal(folder / name / "journal.db", destinations=(CURSOR,))
    return made


def states(house: House) -> dict[str, int]:
    """Waybill → its events."""
    found = house.desk.waybills("", 0, 100)
    return {each["number"]: len(house.desk.waybill(each["number"], "0000")["events"]) for each in found}


def test_what_was_taken_is_not_taken_again_and_the_cursor_follows(
    house: House, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(following, "CONFIRM_S", 0.0)
    journals, asked = journals_in(tmp_path), list[str]()
    for phone, journal in zip(PHONES, journals.values(), strict=True):
        loaded(journal, phone, f"W{phone[-1]}", house.now_s)
    with followed(house, journals, asked):
        wait_for(lambda: len(states(house)) == 2)
        wait_for(lambda: all(each.confirmed_sequence == 1 for each in journals.values()), "the cursors")
    before = states(house)
    house.book.close()  # killed
    house.open()
    loaded(journals["worker-1"], PHONES[1], "W3", house.now_s + 1)
    with followed(house, journals, asked) as follower:
        assert follower.cursors() == {"worker-0": 1, "worker-1": 1}
        wait_for(lambda: "W3" in states(house))
    assert {name: count for name, count in states(house).items() if name != "W3"} == before
    for journal in journals.values():
        journal.close()


def test_a_damaged_journal_holds_up_no_other_and_is_set_aside(house: House, tmp_path: Path) -> None:
    journals, asked = journals_in(tmp_path), list[str]()
    loaded(journals["worker-0"], PHONES[0], "LOST", house.now_s)
    with sqlite3.connect(journals["worker-0"].path) as connection:
        connection.execute("UPDATE record_group SET records = zeroblob(length(records))")
    connection.close()
    loaded(journals["worker-0"], PHONES[0], "W1", house.now_s + 1)
    loaded(journals["worker-1"], PHONES[1], "W2", house.now_s)
    with followed(house, journals, asked) as follower:
        wait_for(lambda: set(states(house)) == {"W1", "W2"})
        wait_for(lambda: not follower.problem, "all is well again")
    assert "set_aside" in asked
    for journal in journals.values():
        journal.close()


def test_a_journal_that_is_not_there_yet_is_waited_for(house: House, tmp_path: Path) -> None:
    source = JournalFile(tmp_path / "journal.db", "worker-0", lambda *_: None)
    assert (source.last_sequence, len(source.read_after(0, 10, 1000))) == (0, 0)
    (tmp_path / "journal.db").write_bytes(b"")  # its writer has just begun
    assert source.last_sequence == 0
    journal = Journal(tmp_path / "journal.db", destinations=(CURSOR,))
    loaded(journal, PHONES[0], "W1", house.now_s)
    assert source.last_sequence == 1
    journal.close()
