"""The twins of the hot path: what is in C does byte for byte what the portable one does."""

import os
import random
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_gateway.journal import dedupe, rows
from edge_gateway.journal.dedupe import SLOTS_MAX, SLOTS_MIN, PortableRing
from edge_gateway.journal.packed import pack_reports, unpack_reports
from edge_gateway.journal.rows import PortableRows
from edge_gateway.session import lane
from edge_gateway.session.lane import PortableLane, parts_for
from protocols.monitoring.records import LIVE, MESSAGE, pack_message, record_id
from protocols.wire.framing import DELIMITER
from protocols.wire.header import parse_header

from .support import PHONE_2013, PHONE_2019, body_of, frame

hotpath = pytest.importorskip(
    "edge_gateway._hotpath", reason="the twins in C are not built, or DIANYUN_PURE is set"
)

HEADERS = [parse_header(frame(0x0200, body_of(1), 1, phone)[1:-2]) for phone in (PHONE_2013, PHONE_2019)]
NAMED = b"13800138000\0"


def test_the_twins_are_used_where_they_are_built():
    assert lane.ReportLane is hotpath.ReportLane and rows.Rows is hotpath.Rows
    assert dedupe.RecentIds is hotpath.RecentIds


@pytest.mark.parametrize(
    "first", ["edge_gateway.session.lane", "edge_gateway.journal.rows", "edge_gateway._hotpath"]
)
def test_they_are_chosen_whatever_is_imported_first(first):
    script = (
        f"import {first}; from edge_gateway.session import lane;"
        " from edge_gateway.journal import dedupe, rows;"
        " print(lane.ReportLane.__module__, rows.Rows.__module__, dedupe.RecentIds.__module__)"
    )
    for pure, expected in (("", {"edge_gateway._hotpath"}), ("1", None)):
        if pure and first == "edge_gateway._hotpath":
            continue
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "DIANYUN_PURE": pure},
            capture_output=True,
            text=True,
            check=True,
        )
        modules = set(done.stdout.split())
        assert modules == expected if expected else "edge_gateway._hotpath" not in modules


def lanes(header):
    parts = parts_for(header)
    return hotpath.ReportLane(*parts), PortableLane(*parts)


PIECES = st.one_of(
    st.tuples(
        st.integers(0, 0xFFFF), st.integers(0, 2**32 - 1), st.integers(34, 300), st.sampled_from([0, 1])
    ).map(
        lambda drawn: frame(0x0200, body_of(drawn[1], drawn[2]), drawn[0], (PHONE_2013, PHONE_2019)[drawn[3]])
    ),
    st.binary(max_size=40),
    st.sampled_from(
        [b"\x7e", b"\x7e\x7e", b"\x7d", b"\x7d\x01\x7e", frame(0x0002), frame(0x0200, bytes(27))]
    ),
    st.integers(0, 3000).map(lambda size: b"\x02" * size),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=12), st.integers(0, 0xFFFF), st.data())
def test_the_lane_takes_the_same(pieces, serial, data):
    stream = bytearray(b"".join(pieces))
    for _ in range(data.draw(st.integers(0, 2))):
        if stream:
            stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))
    at = data.draw(st.integers(0, len(stream)))
    for header in HEADERS:
        native, portable = lanes(header)
        assert native.take(bytes(stream), at, serial) == portable.take(bytes(stream), at, serial)


@settings(max_examples=200, deadline=None)
@given(
    st.integers(28, 60),
    st.lists(st.integers(0, 2**32 - 1), min_size=3, max_size=8),
    st.sampled_from([1, 9, 20]),
    st.sampled_from([0, 0x7D7B, 0xFFF0]),
    st.sampled_from([b"", b"\x7e", b"\x7e\x02", b"\x7e\x7e\x7e"]),
    st.data(),
)
def test_the_lane_takes_many_of_one_size_alike(size, numbers, times, serial, end, data):
    """Read together as one by one: whole, spoiled somewhere, with a beginning of the next, with a delimiter
    for two."""
    frames = [
        frame(0x0200, body_of(number)[:24] + number.to_bytes(4, "big") + bytes(size - 28), at, PHONE_2019)
        for at, number in enumerate(numbers * times, 0x7D70)
    ]
    stream = bytearray(b"".join(frames) + end)
    if data.draw(st.booleans()):
        stream = bytearray(bytes(stream).replace(b"\x7e\x7e", b"\x7e"))
    for _ in range(data.draw(st.integers(0, 2))):
        stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.sampled_from([0, 2, 0x7D, 0x7E]))
    native, portable = lanes(HEADERS[1])
    assert native.take(bytes(stream), 0, serial) == portable.take(bytes(stream), 0, serial)


def test_the_lane_takes_bodies_up_to_the_longest():
    for size in (28, 1022, 1023):
        data = frame(0x0200, b"\x7d" * size, 7, PHONE_2013)
        for twin in lanes(HEADERS[0]):
            at, count, packed, answers = twin.take(data, 0, 0)
            assert (at, count) == (len(data), 1)
            assert unpack_reports(packed) == [(7, LIVE, b"\x7d" * size)]
            assert answers.startswith(DELIMITER) and answers.endswith(DELIMITER)


def test_the_lane_refuses_what_it_cannot_be_given():
    native, _ = lanes(HEADERS[0])
    for wrong in ((b"", 1, 0), (b"", -1, 0)):
        with pytest.raises(ValueError, match="outside"):
            native.take(*wrong)
    for wrong in (("text", 0, 0), (b"", 0), (b"", "0", 0), (bytearray(), 0, 0)):
        with pytest.raises(TypeError):
            native.take(*wrong)
    with pytest.raises(ValueError):
        hotpath.ReportLane(b"", b"", 0, 13, 0)


REPORTS = st.lists(
    st.tuples(
        st.integers(0, 0xFFFF),
        st.sampled_from([LIVE, 1, 2, 3, MESSAGE]),
        st.one_of(st.binary(max_size=400), st.integers(0, 5).map(body_of)),
    ),
    max_size=12,
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2**45), REPORTS), max_size=6), st.booleans())
def test_rows_are_the_same(submissions, wide):
    native, portable = hotpath.Rows(), PortableRows()
    rings = [hotpath.RecentIds() for _ in range(4)], [PortableRing() for _ in range(4)]
    for index, received_ms, reports in submissions:
        packed = pack_reports(reports)
        assert unpack_reports(packed) == reports
        taken = native.add(index, received_ms, packed, NAMED, rings[0][index])
        assert taken == portable.add(index, received_ms, packed, NAMED, rings[1][index])
    for name in ("count", "body_bytes", "longest", "earliest_ms", "latest_ms"):
        if portable.count or not name.endswith("_ms"):
            assert getattr(native, name) == getattr(portable, name), name
    assert native.counts(4) == portable.counts(4)
    assert native.columns(8, 4) == portable.columns(8, 4)
    if portable.longest <= 0xFFFF and portable.latest_ms - portable.earliest_ms < 1 << 32 and not wide:
        assert native.columns(4, 2) == portable.columns(4, 2)
    native.apply(rings[0])
    portable.apply(rings[1])
    assert [ring.pack() for ring in rings[0]] == [ring.pack() for ring in rings[1]]


@pytest.mark.parametrize("size", [0, 1, 100, 115, 116, 117, 128, 244, 245, 1000])
def test_names_are_those_of_the_contract(size):
    """Sizes around the hash's blocks of 128 bytes."""
    body = bytes(index & 0xFF for index in range(size))
    for made in (hotpath.Rows(), PortableRows()):
        ring = hotpath.RecentIds() if isinstance(made, hotpath.Rows) else PortableRing()
        made.add(0, 1, pack_reports([(5, LIVE, body), (5, MESSAGE, pack_message(0x0702, body))]), NAMED, ring)
        made.apply([ring])
        assert record_id("013800138000", body)[:8] in ring
        assert record_id("013800138000", body, MESSAGE, 5, 0x0702)[:8] in ring
        assert made.add(0, 1, pack_reports([(6, LIVE, body)]), NAMED, ring) == (0, 1, 0)


@pytest.mark.parametrize("packed", [b"\0", b"\0" * 6, b"\1\0\0\5\0\0\0four", b"\1\0\0\xff\xff\xff\xff"])
def test_what_is_no_packed_run_is_refused(packed):
    for made, ring in ((hotpath.Rows(), hotpath.RecentIds()), (PortableRows(), PortableRing())):
        with pytest.raises(ValueError, match="packed"):
            made.add(0, 1, packed, NAMED, ring)


@pytest.mark.parametrize("seed", range(12))
def test_a_ring_takes_many_as_it_takes_each(seed):
    rng = random.Random(seed)
    one, many, now_ms = PortableRing(), PortableRing(), 1_760_000_000_000
    for _ in range(200):
        now_ms += rng.choice([0, 40, 60_000])
        names = [rng.randbytes(8) for _ in range(rng.choice([0, 1, 10, 64, 65, 300]))]
        for name in names:
            one.add(name, now_ms)
        many.extend(names, now_ms)
        assert one.pack() == many.pack() and one.slots == many.slots
        if names:
            assert many.holds_any([rng.randbytes(8), rng.choice(names[-200:])])


@pytest.mark.parametrize("seed", range(12))
def test_rings_are_the_same(seed):
    """Bursts, pauses, clocks set back, restarts: the same names remembered, in the same slots."""
    rng = random.Random(seed)
    native, portable, now_ms, sizes = hotpath.RecentIds(), PortableRing(), 1_760_000_000_000, set()
    for _ in range(60):
        pace_ms = rng.choice([0, 1, 40, 900, 30_000])
        for _ in range(rng.choice([1, 63, 300, 900])):
            now_ms += pace_ms
            name = rng.randbytes(8)
            assert (name in native) == (name in portable)
            native.add(name, now_ms)
            portable.add(name, now_ms)
        sizes.add(portable.slots)
        assert native.pack() == portable.pack() and native.slots == portable.slots
        if rng.random() < 0.1:
            now_ms += rng.choice([-3_600_000, 3_600_000])
        if rng.random() < 0.1:
            native, portable = hotpath.RecentIds(*native.pack()), PortableRing(*portable.pack())
    assert min(sizes) == SLOTS_MIN and max(sizes) > SLOTS_MIN, sizes


@pytest.mark.parametrize("ring", [hotpath.RecentIds, PortableRing])
def test_a_ring_forgets_nothing_young(ring):
    """As many as there is room for, wherever in the ring they begin; and gives the room back."""
    for before in (0, 1, 100, 200, 255, 256, 300):
        made, now_ms = ring(), 10_000_000
        for number in range(before):
            made.add(number.to_bytes(8, "big"), now_ms)
            now_ms += 60_000
        burst = [(1 << 40 | number).to_bytes(8, "little") for number in range(SLOTS_MAX // 2)]
        for name in burst:
            now_ms += 5
            made.add(name, now_ms)
        assert all(name in made for name in burst)
        for number in range(3 * SLOTS_MAX):
            now_ms += 60_000
            made.add((1 << 50 | number).to_bytes(8, "little"), now_ms)
        assert made.slots == SLOTS_MIN
        for number in range(3 * SLOTS_MAX):
            made.add((1 << 51 | number).to_bytes(8, "little"), now_ms)
        assert made.slots == SLOTS_MAX and len(made.pack()[0]) == 8 * SLOTS_MAX


@pytest.mark.parametrize("ring", [hotpath.RecentIds, PortableRing])
def test_what_no_ring_packed_is_refused(ring):
    for packed, next_slot in (
        (b"1234567", 0),
        (bytes(8), 2),
        (bytes(8 * 256), 256),
        (bytes(8 * 8192), 0),
        (b"", -1),
    ):
        with pytest.raises(ValueError, match="ring"):
            ring(packed, next_slot)
