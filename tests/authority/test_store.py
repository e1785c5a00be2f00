"""The store: once by record id, exact counts, durable, readable while it is written."""

import sqlite3
from pathlib import Path

import pytest

from protocols.monitoring.records import MESSAGE, Record, id_of, record_id
from protocols.wire.bcd import identity_of
from protocols.wire.errors import LocalProtocolError
from simulator.authority.store import Store, Stored, TerminalCounts
from tests.monitoring.mix import make_mix


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "authority.db"


def test_everything_comes_back_as_it_was(path: Path) -> None:
    records = make_mix(200, vehicles=20)
    with Store(path) as store:
        assert store.store("gw", records) == Stored(200, 0, 0)
    with Store(path, read_only=True) as store:
        assert [record for _, record in store.records()] == records
        assert store.stored_ids() == {record_id(record.phone, record.body) for record in records}


def test_the_same_journal_entry_again_is_redelivered(path: Path) -> None:
    records = make_mix(50)
    with Store(path) as store:
        store.store("gw", records)
        assert store.store("gw", records[10:40]) == Stored(0, 30, 0)
        assert store.counts() == TerminalCounts(50, 30, 0)
        assert store.duplicates() == []


def test_the_same_report_under_another_entry_is_duplicated_once(path: Path) -> None:
    record = make_mix(1)[0]
    again = record._replace(sequence=9, serial=77, received_ms=record.received_ms + 5)
    with Store(path) as store:
        assert store.store("gw", [record, again]) == Stored(1, 0, 1)
        assert store.store("gw", [again, record]) == Stored(0, 2, 0), (
            "a duplicate redelivered is one duplicate"
        )
        assert store.store("other", [record]) == Stored(0, 0, 1)
        name = record_id(record.phone, record.body)
        assert sorted(store.duplicates()) == [("gw", 9, name), ("other", 1, name)]
        assert store.counts() == TerminalCounts(1, 2, 2)


def test_the_counts_are_kept_per_terminal_whatever_the_width_of_its_phone(path: Path) -> None:
    record = make_mix(1)[0]
    wide = record._replace(
        sequence=2, phone=record.phone.zfill(20), edition=2019, body=record.body + b"\xf0\0"
    )
    with Store(path) as store:
        store.store("gw", [record, wide])
        identity = identity_of(record.phone)
        assert store.counts_by_terminal() == {identity: TerminalCounts(2, 0, 0)}
        assert store.received(identity) == 2
        assert store.received("1") == 0


def test_tracks_are_in_the_order_of_the_device(path: Path) -> None:
    records = make_mix(30, vehicles=1)
    backfilled = [record._replace(kind=1, message_id=0x0704) for record in records[:10]]
    moved = [record._replace(sequence=at) for at, record in enumerate(records[10:] + backfilled, 1)]
    with Store(path) as store:
        store.store("gw", moved)
        track = store.track(identity_of(records[0].phone))
    times = [point.reported_ms for point in track]
    assert times == sorted(times) and len(times) == 30
    assert [point.kind for point in track] == [1] * 10 + [0] * 20
    assert all(24_000_000 < point.latitude_udeg < 27_000_000 and point.fixed for point in track)


def test_a_time_that_is_none_is_stored_as_none(path: Path) -> None:
    record = make_mix(1)[0]
    bad = record._replace(body=record.body[:22] + b"\xff" * 6 + record.body[28:])
    with Store(path) as store:
        store.store("gw", [bad])
        assert store.track(identity_of(bad.phone))[0].reported_ms is None


def test_a_batch_that_fails_half_way_leaves_nothing(path: Path) -> None:
    good, bad = make_mix(2)
    with Store(path) as store:
        with pytest.raises(LocalProtocolError):
            store.store("gw", [good, bad._replace(serial=2**70)])
        assert store.counts() == TerminalCounts(0, 0, 0)
        assert store.stored_ids() == set()


def test_a_database_of_a_later_version_is_refused(path: Path) -> None:
    with Store(path):
        pass
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(sqlite3.DatabaseError, match="99"):
        Store(path)


def test_readers_see_what_was_committed_while_the_service_runs(path: Path) -> None:
    records = make_mix(20)
    with Store(path) as writer, Store(path, read_only=True) as reader:
        writer.store("gw", records[:10])
        assert len(reader.stored_ids()) == 10
        writer.store("gw", records[10:])
        assert reader.counts().received == 20


WAYBILL = Record(7, 5, "013800138000", 2013, 0, 0x0701, 3, MESSAGE, bytes.fromhex("00000003616263"))


def test_messages_stand_in_a_table_of_their_own_and_are_decoded_when_asked(path: Path) -> None:
    position = make_mix(1)[0]
    strange = WAYBILL._replace(sequence=8, message_id=0x0F01, body=b"")
    with Store(path) as store:
        assert store.store("gw", [position, WAYBILL, strange]) == Stored(3, 0, 0)
        assert [record for _, record in store.records()] == [position]
        (found,) = store.messages(0x0701)
        assert (found.record, found.gateway, found.record_id) == (WAYBILL, "gw", id_of(WAYBILL))
        assert found.read is not None
        assert [one.read for one in store.messages(identity="13800138000")][1] is None, "declared nowhere"
        assert store.counts() == TerminalCounts(3, 0, 0)


def test_a_message_is_stored_once_for_each_journal_entry(path: Path) -> None:
    """Its serial came round and it is another event, or the gateway journalled it twice: the ledger tells."""
    again = WAYBILL._replace(sequence=9)
    with Store(path) as store:
        assert store.store("gw", [WAYBILL]) == Stored(1, 0, 0)
        assert store.store("gw", [WAYBILL, again]) == Stored(1, 1, 0)
        assert store.message_entries("13800138000") == {id_of(WAYBILL): 2}
