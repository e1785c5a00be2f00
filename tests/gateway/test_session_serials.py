"""What the serials of a terminal say: frames that were lost on the way, by every road through the session."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_gateway.session import serials

from .session_desk import Desk
from .support import body_of


def heard(desk, *numbers, message_id=0x0200):
    content = [body_of(number % 1000) if message_id == 0x0200 else b"" for number in numbers]
    return [desk.frame(message_id, body, number) for number, body in zip(numbers, content, strict=True)]


def found(desk):
    return desk.counters["serial_gaps"], desk.counters["serials_missed"]


@pytest.mark.parametrize("edition", [2013, 2019])
def test_gaps_are_counted_and_resends_are_none(edition):
    desk = Desk(edition).log_in()  # with serial 1
    pieces = heard(desk, 2, 3, 4, 7, 8) + heard(desk, 7, 8, 9) + heard(desk, 10, message_id=0x0002)
    pieces += heard(desk, 14, 15)
    for piece in pieces:
        desk.say(piece)
    desk.say(desk.frame(0x0002, b"", 16))
    assert found(desk) == (2, 5), "5, 6 and 11 to 13"
    assert desk.counters[f"edition_{edition}"] == len(pieces) + 1


def test_a_gap_within_one_read_shows_by_the_next():
    desk = Desk().log_in()
    desk.say(b"".join(heard(desk, 2, 3, 6)))
    desk.say(b"".join(heard(desk, 7, 8)))
    assert found(desk) == (1, 2)


def test_serials_go_round_and_begin_anew():
    desk = Desk().log_in()
    desk.session.count_from(0xFFFD)
    desk.say(b"".join(heard(desk, 0xFFFE, 0xFFFF, 0)))
    desk.say(b"".join(heard(desk, 1)))
    assert found(desk) == (0, 0)
    desk.say(b"".join(heard(desk, 0x8000)))
    desk.say(b"".join(heard(desk, 0x8001)))
    assert found(desk) == (0, 0), "so far ahead it counts anew"


@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF))
def test_a_step_is_a_gap_a_resend_or_a_new_count(expected, first):
    missed, goes_on = serials.step(expected, first)
    assert 0 <= missed < serials.GAP_MAX and (goes_on or not missed)
    assert goes_on == ((first - expected) % 0x10000 < 0x10000 - serials.RESENT_MAX)
    if missed:
        assert (expected + missed) % 0x10000 == first
