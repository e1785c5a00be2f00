"""Positions decoded in columns say what `fast` and `construct` say of each body, valid or not."""

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocols.jt808 import fast, oracle, walk
from protocols.jt808.batch import Positions, decode_positions
from protocols.jt808.catalog import MESSAGES
from protocols.wire.errors import RemoteProtocolError
from protocols.wire.tables import NUMBER_ITEMS, POSITION_FIELDS
from tests.vectors import load

from .strategies import damaged_bodies, wire_values

POSITION = 0x0200
EDITIONS = MESSAGES[POSITION].editions
PROPERTY = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
PLAIN = walk.encode_body(
    POSITION,
    2019,
    {
        **fast.decode_body(POSITION, 2019, bytes(range(1, 29))),
        "items": [{"id": 1, "value": 74565}, {"id": 0x30, "value": 25}, {"id": 0x31, "value": 12}],
    },
)


@st.composite
def position_bodies(draw: st.DrawFn) -> bytes:
    """A body of one of the shapes that occur: any valid one, plain ones, damaged ones, any bytes."""
    kind = draw(st.sampled_from(["valid", "plain", "plain", "plain", "damaged", "any"]))
    if kind == "plain":
        return draw(st.binary(min_size=28, max_size=28)) + PLAIN[28:]
    if kind == "any":
        return draw(st.binary(max_size=60))
    body = walk.encode_body(POSITION, 2019, draw(wire_values(POSITION, 2019)))
    return draw(damaged_bodies(body)) if kind == "damaged" else body


def check(bodies: list[bytes], edition: int = 2019) -> Positions:
    """Row by row equal to the other decoders; the columns hold what the rows say."""
    found = decode_positions(bodies, edition)
    assert found.count == len(bodies)
    for row, body in enumerate(bodies):
        expected = verdict(oracle.decode_body, edition, body)
        assert verdict(lambda _, __, ___, row=row: found.row(row), edition, body) == expected
        assert verdict(fast.decode_body, edition, body) == expected
        check_columns(found, row, expected)
    return found


def verdict(decode: Any, edition: int, body: bytes) -> Any:
    try:
        return decode(POSITION, edition, body)
    except RemoteProtocolError as error:
        assert error.message_id == POSITION
        return "refused"


def check_columns(found: Positions, row: int, expected: Any) -> None:
    refused = expected == "refused"
    assert (row in found.refused) == refused
    for name, column in found.fields.items():
        value = column[row].tobytes() if column.ndim > 1 else int(column[row])
        assert value == (
            bytes(column.shape[-1]) if refused and column.ndim > 1 else 0 if refused else expected[name]
        )
    numbers = {}
    for each in [] if refused else expected["items"]:
        if isinstance(each["value"], int):
            numbers[each["id"]] = each["value"]
    for id_, column in found.items.items():
        assert bool(column.present[row]) == (id_ in numbers)
        assert int(column.value[row]) == numbers.get(id_, 0)
    assert set(numbers) <= set(found.items)


@PROPERTY
@given(st.lists(position_bodies(), max_size=40), st.sampled_from(EDITIONS))
def test_any_mixture_reads_as_the_other_decoders_read_it(bodies, edition):
    check(bodies, edition)


@PROPERTY
@given(st.lists(position_bodies(), min_size=1, max_size=3), st.integers(12, 30), st.randoms())
def test_many_of_few_shapes_read_alike(bodies, times, dice):
    """Enough of each that they are taken together."""
    mixture = [bytes(dice.randbytes(min(28, len(body)))) + body[28:] for body in bodies for _ in range(times)]
    dice.shuffle(mixture)
    check(mixture)


@pytest.mark.parametrize("count", [0, 1, 11, 12, 13, 64, 1024])
def test_plain_reports_need_nothing_but_columns(count):
    dice = random.Random(count)
    found = check([dice.randbytes(28) + PLAIN[28:] for _ in range(count)])
    assert not found.odd and not found.refused


def test_the_columns_are_those_of_the_declaration():
    found = decode_positions([PLAIN] * 20)
    assert [
        (name, column.dtype.itemsize * column[0].size) for name, column in sorted(found.fields.items())
    ] == [(name, width) for name, _, width in sorted(POSITION_FIELDS)]
    ids = sorted(set(NUMBER_ITEMS[::2]))
    widths = dict(zip(NUMBER_ITEMS[::2], NUMBER_ITEMS[1::2], strict=True))
    every = PLAIN[:28] + b"".join(bytes([id_, widths[id_]]) + b"\xfe" * widths[id_] for id_ in ids)
    for bodies in ([every], [every] * 20):
        found = check(bodies)
        assert sorted(found.items) == ids and not found.odd
        assert all(column.value.dtype == np.dtype(f"u{widths[id_]}") for id_, column in found.items.items())


@pytest.mark.parametrize("times", [1, 20])
@pytest.mark.parametrize(
    "rest",
    [
        "1101 00",
        "e1 02 0102",
        "01 04 00000001 01 04 00000002",
        "01 03 000000",
        "01",
        "01 04 0000",
        "1803 000102",
    ],
)
def test_what_columns_cannot_hold_is_kept_whole(rest, times):
    found = check([PLAIN[:28] + bytes.fromhex(rest)] * times)
    assert len(found.odd) == times


def test_reports_without_items_and_mixed_lengths():
    assert not check([PLAIN[:28]] * 20).items
    found = check([PLAIN[:28], PLAIN, PLAIN[:34]] * 20)
    assert not found.odd and found.items[1].present.sum() == 40


def test_one_short_body_costs_itself_alone():
    found = check([PLAIN] * 20 + [PLAIN[:27]] + [PLAIN] * 20)
    assert list(found.refused) == [20] and found.refused[20].field == "time_bcd"


def test_every_vector_reads_alike():
    """Bodies of the vectors, of whatever message."""
    bodies = [bytes.fromhex(vector["body"]) for vector in load("bodies")]
    assert len(check(bodies).refused) < len(check(bodies * 12).refused)


def test_a_thousand_shapes_of_one_length_are_read():
    """A hostile mixture: no two bodies of one length alike."""
    dice = random.Random(808)
    bodies = []
    for _ in range(300):
        cut = dice.randrange(1, 30)
        bodies.append(
            PLAIN[:28] + bytes([0xE0, cut]) + bytes(cut) + bytes([0xE1, 30 - cut]) + bytes(30 - cut)
        )
    check(bodies)
