"""Columns of positions say what one position says."""

from hypothesis import given
from hypothesis import strategies as st

from protocols.freight.values import seconds_of
from protocols.monitoring.records import LIVE, Record
from protocols.monitoring.table import RecordTable
from protocols.wire.tables import POSITION_BYTES
from simulator.authority.positions import taken_at
from simulator.authority.readings import UNREADABLE, readings_of, taken_from
from simulator.authority.track import point_of

BCD = st.integers(0, 0x99).map(lambda number: number.to_bytes(1, "big"))
TIMES = st.one_of(
    st.binary(min_size=6, max_size=6),
    st.lists(BCD, min_size=6, max_size=6).map(b"".join),
    st.datetimes().map(lambda moment: bytes.fromhex(moment.strftime("%y%m%d%H%M%S"))),
)
BODIES = st.builds(
    lambda head, time, tail: head + time + tail,
    st.binary(min_size=22, max_size=22),
    TIMES,
    st.binary(max_size=4),
)


@given(st.lists(BODIES, min_size=1, max_size=6))
def test_columns_equal_the_reading_of_each(bodies: list[bytes]) -> None:
    records = [Record(n, 0, "1", 2019, 1, 0x0200, n, LIVE, body) for n, body in enumerate(bodies, start=1)]
    expected = [
        (
            UNREADABLE if point.reported_ms is None else point.reported_ms // 1000,
            point.latitude_udeg,
            point.longitude_udeg,
            point.status,
        )
        for point in map(point_of, records)
    ]
    columns = readings_of(RecordTable.of(records).bodies.matrix(POSITION_BYTES))
    assert list(zip(*(column.tolist() for column in columns), strict=True)) == expected


def test_a_second_is_found_among_the_stored_times() -> None:
    body = bytes(22) + bytes.fromhex("260131235959")
    second = seconds_of("20260131235959")
    assert second is not None
    assert taken_from(second) == taken_at(body) < taken_from(second + 1)
    assert taken_from(-(10**12)) == 0
