"""Distances, headings, curves: against figures that can be checked by hand."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.fleet.geometry import (
    METRES_PER_DEGREE,
    Point,
    Polyline,
    bearing_deg,
    between,
    bounds_of,
    distance_m,
    offset,
    smooth,
)

KUNMING = Point(25.04, 102.72, 1890)
DALI = Point(25.60, 100.25, 1975)
YUNNAN = st.builds(Point, st.floats(21, 29), st.floats(97, 106), st.floats(300, 4000))


def test_a_degree_of_latitude_is_about_111_kilometres():
    assert distance_m(Point(25, 102), Point(26, 102)) == pytest.approx(111_195, abs=5)


def test_kunming_to_dali_as_the_crow_flies():
    assert distance_m(KUNMING, DALI) == pytest.approx(256_000, rel=0.01)


@pytest.mark.parametrize(
    ("north", "east", "heading"), [(1, 0, 0), (0, 1, 90), (-1, 0, 180), (0, -1, 270), (1, 1, 45)]
)
def test_headings_go_clockwise_from_north(north, east, heading):
    there = offset(KUNMING, north * 1000, east * 1000)
    assert bearing_deg(KUNMING, there) == pytest.approx(heading, abs=0.05)


@given(YUNNAN, st.floats(-5000, 5000), st.floats(-5000, 5000))
def test_an_offset_is_as_far_as_it_says(point, north, east):
    moved = offset(point, north, east)
    assert distance_m(point, moved) == pytest.approx((north**2 + east**2) ** 0.5, rel=0.002, abs=0.01)


@given(YUNNAN, YUNNAN)
def test_distance_is_symmetric_and_halves_add_up(a, b):
    middle = between(a, b, 0.5)
    whole = distance_m(a, b)
    assert distance_m(b, a) == pytest.approx(whole)
    assert distance_m(a, middle) + distance_m(middle, b) == pytest.approx(whole, rel=0.005, abs=0.01)


@given(st.lists(YUNNAN, min_size=3, max_size=12, unique=True))
def test_a_smooth_curve_passes_through_every_waypoint(waypoints):
    curve = smooth(waypoints, 5_000)
    assert [point for point in curve if point in waypoints] == waypoints


def test_a_smooth_curve_has_no_gap_much_wider_than_its_step():
    waypoints = [Point(25, 102), Point(25.1, 102.3), Point(25.0, 102.6), Point(25.3, 102.7)]
    assert max(distance_m(a, b) for a, b in pairwise(smooth(waypoints, 500))) < 800


def test_a_line_is_walked_by_distance():
    line = Polyline([Point(25, 102), Point(25, 102), Point(25.01, 102), Point(25.01, 102.01)])
    assert line.at(-5) == Point(25, 102)
    assert line.at(METRES_PER_DEGREE * 0.005).latitude == pytest.approx(25.005)
    assert line.at(line.length_m + 1) == Point(25.01, 102.01)
    assert line.heading_deg(10) == pytest.approx(0)
    assert line.heading_deg(line.length_m) == pytest.approx(90, abs=0.1)
    assert line.nearest_m(Point(25.0101, 101.9999)) == pytest.approx(METRES_PER_DEGREE * 0.01)


def test_a_slice_has_both_ends():
    line = Polyline([Point(25, 102), Point(25.01, 102), Point(25.02, 102)])
    middle = METRES_PER_DEGREE * 0.01
    assert [p.latitude for p in line.slice(middle - 111.2, middle + 111.2)] == pytest.approx(
        [25.009, 25.01, 25.011], abs=1e-5
    )


def test_a_line_needs_two_places():
    with pytest.raises(ValueError, match="two different points"):
        Polyline([KUNMING, KUNMING])


def test_bounds_hold_all_points_and_a_margin():
    bounds = bounds_of([KUNMING, DALI], 0.1)
    assert bounds.south < KUNMING.latitude and bounds.north > DALI.latitude
    assert bounds.west == pytest.approx(DALI.longitude - 0.247)
    with pytest.raises(ValueError, match="no points"):
        bounds_of([])
