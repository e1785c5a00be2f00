"""The integer geometry against oracles of its own: big integers, fractions and floats."""

import math
from fractions import Fraction

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from firmware.terminal.vehicle import geometry, shapes

SMALL_MAX = 1 << 30  # of a 32-bit board's small integers
FACTORS = st.one_of(
    st.integers(-(1 << 29) + 1, (1 << 29) - 1), st.integers(-70000, 70000), st.integers(-2, 2)
)
LATITUDES = st.integers(-60_000_000, 60_000_000)
LONGITUDES = st.integers(-179_000_000, 179_000_000)
OFFSETS = st.one_of(st.integers(-3000, 3000), st.integers(-2_000_000, 2_000_000))
POINTS = st.tuples(st.integers(-50, 50), st.integers(-50, 50))
EARTH_M = 6_371_000


class Watched(int):
    """An integer that fails the test when arithmetic takes it out of a 32-bit board's small integers."""


def _watched(name):
    plain = getattr(int, name)

    def method(self, *others):
        result = plain(self, *others)
        if isinstance(result, int) and not isinstance(result, bool):
            assert -SMALL_MAX <= result < SMALL_MAX, (name, int(self), others, result)
            return Watched(result)
        return result

    return method


_OPERATIONS = "add radd sub rsub mul rmul floordiv rfloordiv rshift lshift neg abs and rand or ror"
for _name in _OPERATIONS.split():
    setattr(Watched, f"__{_name}__", _watched(f"__{_name}__"))


@given(FACTORS, FACTORS, FACTORS, FACTORS)
@example((1 << 29) - 1, (1 << 29) - 1, (1 << 29) - 1, (1 << 29) - 2)
@example(0, 5, 5, 0)
def test_products_are_compared_exactly_and_in_small_integers(a, b, c, d):
    wanted = (a * b > c * d) - (a * b < c * d)
    assert geometry.compare_products(*map(Watched, (a, b, c, d))) == wanted


@given(st.integers(-90_000_000, 90_000_000))
def test_cosine(latitude_udeg):
    found = geometry.cosine_e14(Watched(latitude_udeg))
    assert abs(found - 16384 * math.cos(math.radians(latitude_udeg / 1e6))) <= 3


@given(st.integers(-(1 << 29) + 1, (1 << 29) - 1), st.integers(0, 16384))
def test_scaled(length, factor):
    assert abs(geometry.scaled(Watched(length), Watched(factor)) - Fraction(length * factor, 16384)) < 2


@given(st.integers(1, SMALL_MAX - 1))
def test_square_root(square):
    assert shapes.square_root(Watched(square)) == math.isqrt(square)


def _inside(point, polygon):
    """Crossing numbers in fractions, the border inside: the oracle."""
    x, y = point
    inside = False
    for (x1, y1), (x2, y2) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        cross = (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)
        if cross == 0 and min(x1, x2) <= x <= max(x1, x2) and min(y1, y2) <= y <= max(y1, y2):
            return True
        if (y1 > y) != (y2 > y) and x < x1 + Fraction((y - y1) * (x2 - x1), y2 - y1):
            inside = not inside
    return inside


def _found_inside(point, polygon):
    """What Areas does with edge_crossing."""
    inside = False
    x1, y1 = map(Watched, polygon[-1])
    for vertex in polygon:
        x2, y2 = map(Watched, vertex)
        crossing = shapes.edge_crossing(*map(Watched, point), x1, y1, x2, y2)
        if crossing == 2:
            return True
        inside ^= bool(crossing)
        x1, y1 = x2, y2
    return inside


@given(POINTS, st.lists(POINTS, min_size=3, max_size=12))
def test_point_in_polygon_on_a_coarse_grid_where_borders_abound(point, polygon):
    assert _found_inside(point, polygon) == _inside(point, polygon)


@given(
    st.tuples(LONGITUDES, LATITUDES),
    st.lists(st.tuples(LONGITUDES, LATITUDES), min_size=3, max_size=64),
)
def test_point_in_polygon_as_wide_as_the_earth(point, polygon):
    assert _found_inside(point, polygon) == _inside(point, polygon)


@given(LONGITUDES, LATITUDES, st.integers(0, 63))
def test_a_vertex_is_inside(x, y, at):
    polygon = [(x + 1000 * k * k, y + 700 * (k % 7)) for k in range(at + 3)]
    assert _found_inside(polygon[at], polygon)


def _metres(latitude_a, longitude_a, latitude_b, longitude_b):
    """Haversine: the oracle of distances."""
    a, b = math.radians(latitude_a / 1e6), math.radians(latitude_b / 1e6)
    half = math.radians((longitude_b - longitude_a) / 1e6) / 2
    h = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(half) ** 2
    return 2 * EARTH_M * math.asin(min(1, math.sqrt(h)))


@given(LATITUDES, LONGITUDES, OFFSETS, OFFSETS, st.integers(1, 300_000))
def test_circle(latitude, longitude, north, east, radius_m):
    """Right but for a thin ring: 0.1 % of the radius and a metre."""
    there = (latitude + north, longitude + east)
    assume(abs(there[0]) <= 60_000_000 and abs(there[1]) <= 180_000_000)
    cosine = geometry.cosine_e14(Watched((there[0] + latitude) // 2))
    units = radius_m * geometry.UNITS_PER_10_KM // 10000
    found = geometry.in_circle(geometry.scaled(Watched(east), cosine), Watched(north), Watched(units))
    distance_m = _metres(latitude, longitude, *there)
    slack_m = 1 + 0.001 * radius_m
    if distance_m < radius_m - slack_m:
        assert found
    if distance_m > radius_m + slack_m:
        assert not found


def _leg_distance(x1, y1, x2, y2):
    """From the origin to a segment, in floats: the oracle."""
    dx, dy = x2 - x1, y2 - y1
    along = 0.0 if dx == dy == 0 else max(0.0, min(1.0, -(x1 * dx + y1 * dy) / (dx * dx + dy * dy)))
    return math.hypot(x1 + along * dx, y1 + along * dy)


NEAR = st.integers(-3000, 3000)
FAR = st.integers(-5_000_000, 5_000_000)


@settings(max_examples=400)
@given(st.one_of(NEAR, FAR), st.one_of(NEAR, FAR), st.one_of(NEAR, FAR), st.one_of(NEAR, FAR),
       st.integers(50, 2400), LATITUDES)  # fmt: skip
def test_near_a_leg(x1, y1, x2, y2, reach, latitude):
    cosine = geometry.cosine_e14(latitude)
    found = shapes.near_leg(*map(Watched, (x1, y1, x2, y2, reach, cosine)))
    scale = cosine / 16384
    distance = _leg_distance(x1 * scale, y1, x2 * scale, y2)
    if distance < reach - 4:
        assert found
    if distance > reach + 4:
        assert not found


@settings(max_examples=200)
@given(FAR, FAR, st.floats(0, 1), st.integers(-3000, 3000), st.integers(50, 2400))
def test_near_a_long_leg_that_passes_by(dx, dy, part, aside, reach):
    """The fix lies beside the leg at a known distance."""
    length = math.hypot(dx, dy)
    assume(length > 1000)
    foot = (part * dx - aside * dy / length, part * dy + aside * dx / length)
    x1, y1 = round(-foot[0]), round(-foot[1])
    found = shapes.near_leg(*map(Watched, (x1, y1, x1 + dx, y1 + dy, reach, 16384)))
    distance = _leg_distance(x1, y1, x1 + dx, y1 + dy)
    if distance < reach - 4:
        assert found
    if distance > reach + 4:
        assert not found
