"""Small parts of operations: buckets, samples, throttle, CSV, migrations, frames of a stream."""

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_gateway.journal import Journal, Origin
from edge_gateway.log import QUIET_S, Throttle
from edge_gateway.metrics import Latency, take_sample
from edge_gateway.metrics.latency import BOUNDS_MS
from edge_gateway.metrics.sample import last_position
from edge_gateway.registry import Device, Fleet, Registry
from edge_gateway.registry.csv_files import export_fleet, import_fleet
from edge_gateway.tools.live import split_frames
from protocols.monitoring.records import LIVE
from protocols.wire.framing import build_frame
from tests.gateway.support import body_of, store


def test_latency_counts_reports_not_commits():
    latency = Latency()
    latency.observe(1, 3)
    latency.observe(7, 1)
    latency.observe(99_999, 1)
    rows = dict(latency.cumulative())
    assert (rows["0.001"], rows["0.01"], rows["10.0"], rows["+Inf"]) == (3.0, 4.0, 4.0, 5.0)
    assert latency.sum_ms == 3 + 7 + 99_999
    assert [latency.quantile_ms(share) for share in (0.5, 0.7, 1.0)] == [1.0, 10.0, float("inf")]


@given(st.lists(st.tuples(st.integers(0, 20_000), st.integers(1, 9))))
def test_latency_buckets_hold_everything_once(observed):
    latency = Latency()
    for ms, reports in observed:
        latency.observe(ms, reports)
    total = sum(reports for _, reports in observed)
    assert latency.cumulative()[-1][1] == sum(latency.counts) == total
    for bound in BOUNDS_MS:
        expected = sum(reports for ms, reports in observed if ms <= bound)
        assert dict(latency.cumulative())[str(bound / 1000)] == expected


def test_the_throttle_says_how_many_lines_it_left_out():
    throttle = Throttle()
    assert throttle.permit("a", "x", 0.0) == 0
    assert [throttle.permit("a", "x", 1.0) for _ in range(5)] == [None] * 5
    assert throttle.permit("b", "x", 1.0) == 0
    assert throttle.permit("a", "x", QUIET_S) == 5
    assert throttle.permit("a", "x", 2 * QUIET_S) == 0


def test_a_sample_tells_how_wrong_clocks_are_and_where_a_terminal_was(tmp_path):
    journal = Journal(tmp_path / "journal.db")
    good = body_of(1)
    impossible = good[:22] + bytes.fromhex("251332256199") + good[28:]
    store(journal, Origin("013800138000", 2013), [(1, LIVE, good), (2, LIVE, impossible)])
    sample = take_sample(journal)
    assert sample.impossible_times == 1 and len(sample.skew_s) == 1
    assert sample.worst_s == abs(sample.median_s) > 0
    shown = last_position(journal, "13800138000")
    assert shown["hex"] == impossible.hex() and shown["report"]["latitude_udeg"]
    assert last_position(journal, "1") is None
    journal.close()


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.integers(1, 50))
def test_frames_come_out_whole_however_they_are_cut(payloads, size):
    frames = [build_frame(payload) for payload in payloads]
    stream, found, held = b"".join(frames), [], b""
    for at in range(0, len(stream), size):
        pieces, held = split_frames(held + stream[at : at + size])
        found += pieces
    assert found == frames


DEVICE = Device(53, 102, b"M", b"X", b"T", 2, "云A1".encode("gbk"))


def test_a_registry_of_the_first_version_is_brought_up_to_date(tmp_path):
    path = tmp_path / "registry.db"
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE terminal (identity TEXT PRIMARY KEY, edition INTEGER NOT NULL,"
            " bound INTEGER NOT NULL, province INTEGER, city INTEGER, maker BLOB, model BLOB,"
            " terminal_id BLOB, plate_colour INTEGER, plate BLOB, in_use INTEGER NOT NULL,"
            " codes BLOB NOT NULL) WITHOUT ROWID"
        )
        connection.execute(
            "INSERT INTO terminal VALUES ('1', 2019, 1, 53, 1, x'41', x'42', x'43', 2, x'44', 1, ?)",
            (bytes(32),),
        )
        connection.execute("PRAGMA user_version=1")
    registry = Registry(path)
    terminal = registry.get("1")
    assert (terminal.status, terminal.group, terminal.edition, len(terminal.codes)) == (
        "approved",
        "",
        2019,
        1,
    )
    registry.close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version=9")
    with pytest.raises(Exception, match="version 9"):
        Registry(path)


def test_onboarding_by_list_and_by_block(tmp_path):
    registry = Registry(tmp_path / "registry.db", mode="closed")
    said = []
    registry.register("1", 2013, DEVICE, lambda result, code: said.append(result))
    registry.enlist("1", "approved", "", "", lambda written: None)
    registry.register("1", 2013, DEVICE, lambda result, code: said.append((result, code)))
    registry.run(lambda connection: None, lambda written: said.append("written"))
    registry.close()
    assert said[0] == 4 and said[1][0] == 0 and said[2] == "written"
    registry = Registry(tmp_path / "registry.db", mode="closed")
    assert registry.authenticate("1", said[1][1], False) == 2013
    registry.enlist("1", "blocked", "", "", lambda written: None)
    assert registry.authenticate("1", said[1][1], False) is None
    registry.close()


TEXT = st.text(
    st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp", "Zs", "Cf", "Co", "Cn")), max_size=20
)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(TEXT.filter(bool), TEXT), max_size=8, unique_by=lambda row: row[0]))
def test_what_csv_gives_csv_takes_back(rows):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        registry = Registry(Path(folder) / "registry.db")
        fleet = Fleet(registry)
        for name, note in rows:
            if not name.startswith("'") and not note.startswith("'"):
                fleet.put("groups", {"name": name, "note": note}, lambda written: None)
        done = []
        registry.run(lambda connection: None, done.append)
        registry._thread.close()
        before = fleet.listed("groups")
        text = export_fleet(fleet, "groups")
        fleet.close()
        other = Registry(Path(folder) / "other.db")
        again = Fleet(other)
        imported = import_fleet(text, again, "groups", lambda written: None)
        other._thread.close()
        assert (imported.taken, imported.errors) == (len(before), []) and again.listed("groups") == before
        again.close()
