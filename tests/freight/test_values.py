"""Numbers and times of the documents, exact in whole numbers."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.freight.values import day_start, scaled, seconds_of, text_of, time_text


@given(st.integers(0, 10**18 - 1), st.integers(0, 6))
def test_scaled_and_text_turn_each_other_back(number: int, places: int) -> None:
    assert scaled(text_of(number, places), places) == number


@given(st.decimals(0, 10**9, places=3))
def test_scaled_is_exact(value: Decimal) -> None:
    assert scaled(str(value), 3) == int(value * 1000)
    assert scaled(float(value), 3) == int(value * 1000)


@pytest.mark.parametrize(
    "value", ["", "-1", "1.2345", ".5", "5.", "1e3", "５", " 1", None, True, [], float("nan"), 1e300]
)
def test_what_is_no_number_is_none(value: object) -> None:
    assert scaled(value, 3) is None


@given(st.integers(0, 4 * 10**9))
def test_times_turn_each_other_back(second: int) -> None:
    assert seconds_of(time_text(second)) == second


def test_times_are_of_beijing() -> None:
    assert seconds_of("19700101080000") == 0
    assert day_start("20260101") == 1767196800
    assert day_start("20260229") is None
