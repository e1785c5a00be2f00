"""Databases of versions 1 and 2, which had a row for each position, are taken over whole."""

import sqlite3
from pathlib import Path

import pytest

from protocols.monitoring.reading import read_position
from protocols.monitoring.records import Record, id_of
from protocols.wire.bcd import identity_of
from simulator.authority.schema import VERSION
from simulator.authority.store import Store, Stored, TerminalCounts
from tests.monitoring.mix import make_mix

from .test_store import WAYBILL

COLUMNS = """
  identity TEXT NOT NULL, gateway TEXT NOT NULL, sequence INTEGER NOT NULL,
  kind INTEGER NOT NULL, received_ms INTEGER NOT NULL, reported_ms INTEGER, latitude_udeg INTEGER NOT NULL,
  longitude_udeg INTEGER NOT NULL, altitude_m INTEGER NOT NULL, speed_dkmh INTEGER NOT NULL,
  direction_deg INTEGER NOT NULL, fixed INTEGER NOT NULL, alarm INTEGER NOT NULL, status INTEGER NOT NULL,
  edition INTEGER NOT NULL, version INTEGER NOT NULL, serial INTEGER NOT NULL, phone TEXT NOT NULL,
  body BLOB NOT NULL
"""
TERMINAL = """
  CREATE TABLE terminal (identity TEXT PRIMARY KEY, received INTEGER NOT NULL DEFAULT 0,
    redelivered INTEGER NOT NULL DEFAULT 0, duplicated INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
  CREATE TABLE duplicate (gateway TEXT NOT NULL, sequence INTEGER NOT NULL, id BLOB NOT NULL,
    PRIMARY KEY (gateway, sequence, id)) WITHOUT ROWID;
"""
LAYOUTS = {
    1: f"CREATE TABLE report (id BLOB PRIMARY KEY, {COLUMNS}) WITHOUT ROWID;",
    2: f"CREATE TABLE report (id BLOB NOT NULL UNIQUE, {COLUMNS});"
    "CREATE TABLE message (id BLOB NOT NULL, gateway TEXT NOT NULL, sequence INTEGER NOT NULL,"
    " identity TEXT NOT NULL, message_id INTEGER NOT NULL, received_ms INTEGER NOT NULL,"
    " edition INTEGER NOT NULL, version INTEGER NOT NULL, serial INTEGER NOT NULL, phone TEXT NOT NULL,"
    " body BLOB NOT NULL, UNIQUE (id, gateway, sequence));"
    "CREATE INDEX message_by_terminal ON message (identity, message_id, received_ms);"
    "CREATE INDEX message_by_id ON message (message_id, received_ms);",
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "authority.db"


def row_of(record: Record) -> tuple[object, ...]:
    read = read_position(record.body)
    place = (read.latitude_udeg, read.longitude_udeg, read.altitude_m, read.speed_dkmh, read.direction_deg)
    return (
        id_of(record), identity_of(record.phone), "gw", record.sequence, record.kind, record.received_ms,
        read.reported_ms, *place, read.fixed, read.alarm, read.status, record.edition, record.version,
        record.serial, record.phone, record.body,
    )  # fmt: skip


def make_old(path: Path, version: int, records: list[Record]) -> None:
    """A database as the program of that version left it: what it stored, one duplicate, and the counts."""
    old = sqlite3.connect(path)
    old.executescript(LAYOUTS[version] + TERMINAL)
    old.execute("CREATE INDEX report_by_terminal ON report (identity, reported_ms)")
    old.executemany(f"INSERT INTO report VALUES ({','.join('?' * 20)})", map(row_of, records))
    identity = identity_of(records[0].phone)
    old.execute("INSERT INTO terminal VALUES (?, ?, 3, 1)", (identity, len(records)))
    old.execute("INSERT INTO duplicate VALUES ('gw', 99999, ?)", (id_of(records[0]),))
    old.execute(f"PRAGMA user_version = {version}")
    old.commit()
    old.close()


@pytest.mark.parametrize("version", LAYOUTS)
def test_an_old_database_is_taken_over(path: Path, version: int) -> None:
    records = make_mix(1234, vehicles=1)
    make_old(path, version, records)
    with Store(path) as store:
        assert [record for _, record in store.records()] == records
        assert store.counts() == TerminalCounts(1234, 3, 1)
        assert store.duplicates() == [("gw", 99999, id_of(records[0]))]
        assert store.store("gw", records) == Stored(0, 1234, 0), "each is known by its name"
        assert store.store("gw", [WAYBILL._replace(sequence=1235)]) == Stored(1, 0, 0)
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (VERSION,)
        assert not database.execute("SELECT name FROM sqlite_schema WHERE name LIKE 'old%'").fetchall()


def test_who_only_reads_does_not_bring_a_database_up_to_date(path: Path) -> None:
    make_old(path, 2, make_mix(1))
    with pytest.raises(sqlite3.DatabaseError, match="older"):
        Store(path, read_only=True)
