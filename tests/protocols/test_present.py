"""Presentation: a form that cannot be taken back is never used; numbers are written with all their digits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.jt808.definitions.can import CAN_ID
from protocols.jt808.definitions.flags import STATUS
from protocols.jt808.nodes import Fixed, Number, Rest
from protocols.jt808.present import present, unpresent
from protocols.jt808.times import iso_time
from protocols.jt808.units import with_unit
from protocols.wire.errors import LocalProtocolError, ProtocolError

CAN_WORD = Number("can_id", "", 4, bits=CAN_ID.bits, numbers=CAN_ID.numbers)
STATUS_WORD = Number("status", "", 4, bits=STATUS.bits)
TIME = Fixed("time_bcd", "", 6, "time")
MAKER = Fixed("maker", "", 5, "text")


def test_a_form_that_cannot_be_taken_back_is_not_used():
    ambiguous = Number("kind", "", 1, names={1: ("same", ""), 2: ("same", "")})
    assert present(ambiguous, 1) == "same" and present(ambiguous, 2) == 2


@pytest.mark.parametrize("value", [0, 1, 3, 0x100, 0x200, 0x300, 0x80000000, 0xFFFFFFFF, 0x00400003])
def test_flags_there_and_back(value):
    shown = present(STATUS_WORD, value)
    assert isinstance(shown, list) and unpresent(STATUS_WORD, shown) == value


@pytest.mark.parametrize(
    ("shown", "value"),
    [
        ("2025-01-02T03:04:05+08:00", "250102030405"),
        ("2025-01-01T19:04:05+00:00", "250102030405"),
        ("2025-01-01T19:04:05Z", "250102030405"),
    ],
)
def test_times_of_any_zone_are_written_in_beijing_time(shown, value):
    assert unpresent(TIME, shown) == bytes.fromhex(value)
    assert iso_time(bytes.fromhex(value)) == "2025-01-02T03:04:05+08:00"


@pytest.mark.parametrize(
    ("node", "shown"),
    [
        (TIME, "2025-01-02T03:04:05"),
        (TIME, "yesterday"),
        (TIME, 5),
        (MAKER, 5),
        (MAKER, "\ud800"),
        (MAKER, {"text": "x"}),
        (STATUS_WORD, ["flying"]),
        (STATUS_WORD, ["bit_x"]),
        (STATUS_WORD, True),
        (Number("result", "", 1, names={0: ("ok", "")}), "fine"),
    ],
)
def test_what_cannot_be_taken_back_names_its_field(node, shown):
    with pytest.raises(LocalProtocolError) as caught:
        unpresent(node, shown)
    assert caught.value.field == node.name


@pytest.mark.parametrize("raw", ["000000000000", "251301000000", "25010203040f", "250102246000"])
def test_what_is_no_time_is_shown_as_hex(raw):
    assert present(TIME, bytes.fromhex(raw)) == {"hex": raw}
    with pytest.raises((ProtocolError, ValueError)):
        iso_time(bytes.fromhex(raw))


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("latitude_udeg", 31_000_001, "31.000001°"),
        ("longitude_udeg", 5, "0.000005°"),
        ("speed_dkmh", 605, "60.5 km/h"),
        ("odometer_dkm", 10, "1.0 km"),
        ("altitude_m", 12, "12 m"),
        ("interval_s", 30, "30 s"),
        ("direction_deg", 359, "359°"),
        ("satellites", 12, "12"),
        ("reply_id", 2, "2"),
        ("m", 2, "2"),
    ],
)
def test_units(name, value, text):
    assert with_unit(name, value) == text


@pytest.mark.parametrize("name", ["王小明", "㐂䶮", "\U00020087"])
def test_names_outside_gbk_are_text_too(name):
    node = Rest("name", "", "text")
    assert present(node, name.encode("gb18030")) == name
    assert unpresent(node, name) == name.encode("gb18030")


@pytest.mark.parametrize(
    ("signed", "wire", "shown"),
    [
        ("sign_magnitude", 0x8005, -5),
        ("sign_magnitude", 0xFFFB, -32763),
        ("sign_magnitude", 0x8000, 0x8000),  # "minus zero" has no other form that can be taken back
        ("twos_complement", 0xFFFB, -5),
        ("twos_complement", 0x8005, -32763),
        ("twos_complement", 0x8000, -32768),
        ("", 0xFFFB, 0xFFFB),
    ],
)
def test_signed_numbers_both_ways(signed, wire, shown):
    node = Number("t", "", 2, signed=signed)
    assert present(node, wire) == shown and unpresent(node, shown) == wire


@given(st.integers(0, 2**32 - 1))
def test_numbers_in_a_word_there_and_back(word):
    shown = present(CAN_WORD, word)
    assert unpresent(CAN_WORD, shown) == word
    assert int(shown["id"], 16) == word & 0x1FFFFFFF


@pytest.mark.parametrize(
    ("shown", "field"),
    [
        ({"flags": []}, "can_id.id"),
        ({"id": "0x20000000", "flags": []}, "can_id.id"),
        ({"id": -1}, "can_id.id"),
        ({"id": 1, "flags": ["bit_3"]}, "can_id.id"),  # a bit of the number itself
        ({"id": 1, "speed": 2}, "can_id.speed"),
        ({"id": 1, "flags": ["can9"]}, "can_id"),
        ({"id": "x"}, "can_id"),
    ],
)
def test_numbers_that_a_word_cannot_hold_are_refused_by_name(shown, field):
    with pytest.raises(LocalProtocolError) as caught:
        unpresent(CAN_WORD, shown)
    assert caught.value.field == field
