"""The pure parts: hours, texts, track, gate, life, orders, files of the configuration."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_gateway.freight import life, texts
from edge_gateway.freight.gate import Moment, Outcome, Policy, decide, driver_text, refused_overrides
from edge_gateway.freight.hours import hours_of
from edge_gateway.freight.track import Point, Trip, location_document, point_of, thinned
from firmware.terminal.pages import waybill as page
from protocols.freight import Kind, check
from protocols.freight.capacity import Answer, Code, Reason, Verdict
from protocols.freight.documents import POSITIONS_MAX
from tests.freight import fleet

from .house import KUNMING, House

intervals = st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 5000)), max_size=12)


@given(intervals, st.integers(0, 2000), st.integers(2001, 6000))
def test_driving_and_rest_fill_the_time_exactly(
    cards: list[tuple[int, int]], from_s: int, until_s: int
) -> None:
    hours = hours_of(cards, from_s, until_s, 600, 60)
    seconds = {second for begin, end in cards for second in range(max(begin, from_s), min(end, until_s))}
    assert hours.driving_s == len(seconds)
    assert hours.driving_s + hours.rest_s == until_s - from_s
    assert bool(hours.too_long) == (hours.longest_s > 600)


def test_a_rest_that_is_long_enough_begins_a_new_stretch() -> None:
    assert hours_of([(0, 500), (560, 1100)], 0, 2000, 600, 60).too_long == ()
    assert hours_of([(0, 500), (559, 1100)], 0, 2000, 600, 60).too_long == (659,)


class Cab:
    """What the waybill page asks of a vehicle."""

    day, second, edition, place, driver = 9565, 43_200, 2013, True, b""
    latitude_udeg, longitude_udeg = KUNMING
    waybill = b""

    def __init__(self) -> None:
        self.posted: list[bytes] = []
        self.store = self.mail = self

    def put(self, key: str, value: bytes) -> None:
        """The store."""

    def change_load(self, number: bytes, loaded: bool) -> None:
        """The load."""
        self.waybill = number if loaded else b""

    def post(self, message_id: int, body: bytes) -> None:
        """The mail."""
        self.posted.append(body)


def test_the_terminals_page_takes_our_order_and_we_read_its_reports() -> None:
    cab = Cab()
    assert page.take(cab, texts.order_text("YD1", "螺纹钢 17.5t"))
    assert page.take(cab, b"#YD;U")
    loaded, unloaded = (texts.read_report(body[4:]) for body in cab.posted)
    assert (loaded.loaded, loaded.number, loaded.cargo) == (True, "YD1", "螺纹钢 17.5t")
    assert (loaded.latitude_udeg, loaded.longitude_udeg) == KUNMING
    assert (unloaded.loaded, unloaded.number) == (False, "YD1")
    assert (page.MARK.decode(), page.VERSION.decode()) == (texts.MARK, texts.VERSION)
    assert page.CARGO_BYTES_MAX == texts.CARGO_BYTES_MAX


@pytest.mark.parametrize(
    ("number", "cargo", "field"),
    [
        ("", "x", "number"),
        ("1;2", "", "number"),
        ("x" * 21, "", "number"),
        ("1", "钢" * 61, "cargo"),
        ("1", "🚚", "cargo"),
    ],
)
def test_an_order_that_no_screen_takes_names_its_field(number: str, cargo: str, field: str) -> None:
    with pytest.raises(texts.TextError, match=f"^{field}"):
        texts.order_text(number, cargo)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xff",
        b"DYWB2;L;1;260310120000;;;;",
        b"DYWB1;X;1;260310120000;;;;",
        b"DYWB1;L;;260310120000;;;;",
        b"DYWB1;L;1;269910120000;;;;",
        b"DYWB1;L;1;260310120000;91000000;0;;",
        b"DYWB1;L;1;260310120000;x;0;;",
        b"DYWB1;L;1;260310120000;0;0;",
    ],
)
def test_what_is_no_report_of_ours_is_refused(content: bytes) -> None:
    with pytest.raises(texts.TextError):
        texts.read_report(content)


@given(st.binary(max_size=80))
def test_any_content_is_read_or_refused(content: bytes) -> None:
    try:
        texts.read_report(b"DYWB1;" + content)
    except texts.TextError:
        return


def at(second: int) -> Point:
    return Point(second, *KUNMING, 500, 0, "")


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=300, unique=True), st.integers(1, 600))
def test_a_thinned_track_keeps_its_ends_and_its_order(seconds: list[int], interval_s: int) -> None:
    points = [at(second) for second in sorted(seconds)]
    kept = thinned(points, interval_s, most=50)
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    assert [each.time_s for each in kept] == sorted(each.time_s for each in kept)
    assert len(kept) <= 50


def test_a_long_track_fits_one_document_and_conforms() -> None:
    trip = Trip("YD1", "0000", fleet.PLATE, fleet.COLOUR, "张三", fleet.IDENTITY, (KUNMING, None))
    document = location_document(trip, [at(second) for second in range(0, 200_000, 10)], 10)
    assert document is not None
    assert len(document["positions"]) <= POSITIONS_MAX
    assert check(Kind.LOCATION, document) == ()
    assert location_document(trip, [], 10) is None


@pytest.mark.parametrize("status", [0, 3 | 1 << 5])
def test_positions_that_prove_nothing_are_no_points(house: House, status: int) -> None:
    good = house.position(house.now_s).body
    assert point_of(2013, good) is not None
    assert point_of(2013, good[:4] + status.to_bytes(4, "big") + good[8:]) is None
    assert point_of(2013, good[:20]) is None


def test_south_and_west_are_negative(house: House) -> None:
    body = house.position(house.now_s).body
    point = point_of(2013, body[:4] + (0b1111).to_bytes(4, "big") + body[8:])
    assert point is not None
    assert (point.latitude_udeg, point.longitude_udeg) == (-KUNMING[0], -KUNMING[1])


CLASS = Reason(Code.CLASS, "driver.driving", "A2 is needed")
RED = Reason(Code.RED, "driver.code", "drove red")
NOTE = Reason(Code.YELLOW, "driver.code", "one open")
STALE = Reason(Code.STALE, "snapshot", "old")
LOOSE = Policy(overridable=frozenset({Code.CLASS}))


@pytest.mark.parametrize(
    ("answer", "reasons", "policy", "aside", "outcome"),
    [
        (Answer.YES, (NOTE,), Policy(), (), Outcome.PASSED),
        (Answer.NO, (CLASS,), LOOSE, (), Outcome.STOPPED),
        (Answer.NO, (CLASS,), LOOSE, ("class",), Outcome.OVERRIDDEN),
        (Answer.NO, (CLASS,), Policy(), ("class",), Outcome.STOPPED),
        (Answer.NO, (CLASS, RED), LOOSE, ("class", "red"), Outcome.STOPPED),
        (Answer.UNVERIFIED, (STALE,), Policy(), (), Outcome.WARNED),
        (Answer.UNVERIFIED, (STALE,), Policy(stop_unverified=True), (), Outcome.STOPPED),
        (Answer.UNVERIFIED, (STALE, RED), Policy(), (), Outcome.STOPPED),
    ],
)
def test_the_gate_decides_by_its_table(
    answer: Answer, reasons: tuple[Reason, ...], policy: Policy, aside: tuple[str, ...], outcome: Outcome
) -> None:
    assert decide(Verdict(answer, reasons), policy, aside) is outcome


def test_what_may_not_be_set_aside_is_named() -> None:
    assert refused_overrides(Verdict(Answer.NO, (CLASS, RED, NOTE)), LOOSE) == [RED]


def test_the_driver_is_told_three_reasons_and_no_more() -> None:
    text = driver_text(Verdict(Answer.NO, (CLASS, RED, NOTE, STALE, replace(RED, words="x"))), "YD1")
    assert text.startswith("【停运】运单YD1")
    assert text.count(";") == 2
    assert text.endswith("…")
    text.encode("gbk")


def test_every_step_of_the_life_is_in_the_table_and_no_state_is_lost() -> None:
    assert {state for steps in life.TRANSITIONS.values() for state in steps.values()} | {life.CREATED} == set(
        life.TRANSITIONS
    )
    assert life.following(life.PAID, life.LOAD) is None
    assert len(Moment) == 4
