"""Decoders compiled for one order of items: they say what the declaration says or nothing; bounded."""

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocols.jt808 import fast, layouts, oracle, walk
from protocols.jt808.generated import DECODERS
from protocols.jt808.layouts import LayoutMemory, compiled, layout_of
from protocols.jt808.nodes import ItemList, Number
from protocols.jt808.plan import plan_of
from protocols.wire.errors import RemoteProtocolError

from .strategies import damaged_bodies

EDITIONS = st.sampled_from(sorted(DECODERS))
ITEMS = next(node for node in plan_of(0x0200, 2019) if isinstance(node, ItemList))
NUMBERS = sorted(
    (item_id, width)
    for item_id, kind in ITEMS.known.items()
    for width, node in kind.layouts.items()
    if isinstance(node, Number)
)
BASIC = bytes.fromhex("000000000000000301dc89d0073d8aa5000c025d005a250102030405")
PROPERTY = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)


def with_items(*pairs: tuple[int, bytes]) -> bytes:
    return BASIC + b"".join(bytes([item_id, len(value)]) + value for item_id, value in pairs)


@st.composite
def regular_bodies(draw: st.DrawFn) -> bytes:
    """A block of any bytes and up to eight numeric items."""
    body = draw(st.binary(min_size=28, max_size=28))
    for item_id, width in draw(st.lists(st.sampled_from(NUMBERS), max_size=8)):
        body += bytes([item_id, width]) + draw(st.binary(min_size=width, max_size=width))
    return body


@PROPERTY
@given(EDITIONS, regular_bodies(), st.data())
def test_a_compiled_layout_says_what_the_declaration_says_or_nothing(edition, body, data):
    layout = layout_of(body, edition)
    assert layout is not None
    decoder = compiled(layout, edition)
    assert decoder(body) == oracle.decode_body(0x0200, edition, body)
    other = data.draw(damaged_bodies(body))
    if len(other) == len(body):
        found = decoder(other)
        assert (found is None) == (layout_of(other, edition) != layout)
        assert found in (None, oracle.decode_body(0x0200, edition, other))


@PROPERTY
@given(st.binary(max_size=70))
def test_only_bodies_of_whole_numeric_items_have_a_layout(body):
    layout = layout_of(body, 2019) if len(body) >= 28 else None
    if layout is not None:
        values = oracle.decode_body(0x0200, 2019, body)
        assert [item["id"] for item in values["items"]] == [item_id for item_id, _ in layout]
        assert all(isinstance(item["value"], int) for item in values["items"]) and not values["trailing"]


def test_an_order_is_compiled_when_it_was_seen_often_enough():
    memory, body = LayoutMemory(2019), with_items((1, bytes(4)), (0x30, b"\x07"))
    learnt = 0
    while memory.decode(body) is None:
        memory.learn(body)
        learnt += 1
    assert learnt == layouts.SAMPLE * layouts.SIGHTINGS
    assert memory.decode(body) == oracle.decode_body(0x0200, 2019, body)
    assert memory.decode(with_items((0x30, b"\x07"), (1, bytes(4)))) is None
    assert memory.decode(body + b"\x00") is None


def test_a_hostile_mix_of_orders_stays_within_the_bounds():
    memory, most, dice = LayoutMemory(2013), 0, random.Random(808)
    for _ in range(400):
        chosen = dice.choices(NUMBERS, k=dice.randint(0, 24))
        body = with_items(*((item_id, bytes(width)) for item_id, width in chosen))
        for _ in range(layouts.SAMPLE * layouts.SIGHTINGS):
            memory.learn(body)
        assert all(len(few) <= layouts.LAYOUTS_OF_A_LENGTH for few in memory.by_length.values())
        held = sum(map(len, memory.by_length.values()))
        assert held == len(memory._compiled) <= layouts.LAYOUTS_MAX
        most = max(most, held)
    assert most == layouts.LAYOUTS_MAX, "the mix must reach the bound"
    for _ in range(layouts.SAMPLE * 2 * layouts.SEEN_MAX):
        chosen = dice.choices(NUMBERS, k=12)
        memory.learn(with_items(*((item_id, bytes(width)) for item_id, width in chosen)))
        assert len(memory._seen) <= layouts.SEEN_MAX


def test_what_is_no_number_is_never_compiled():
    memory = LayoutMemory(2019)
    for body in (
        with_items((0x12, bytes(6))),
        with_items((0xE1, b"x")),
        BASIC + b"\x01",
        with_items((1, b"x")),
    ):
        for _ in range(4 * layouts.SAMPLE * layouts.SIGHTINGS):
            memory.learn(body)
    assert memory.by_length == {}


def test_the_road_uses_it_and_refuses_as_before():
    body = with_items((1, bytes(4)), (2, b"\x00\x09"), (3, b"\x01\x02"))
    for _ in range(layouts.SAMPLE * layouts.SIGHTINGS + layouts.SAMPLE):
        assert fast.decode_body(0x0200, 2011, body) == walk.decode_body(0x0200, 2011, body)
    assert fast._POSITION_LAYOUTS[2011].decode(body) is not None
    for short in (body[:27], b""):
        try:
            fast.decode_body(0x0200, 2011, short)
        except RemoteProtocolError as error:
            assert error.message_id == 0x0200
        else:
            raise AssertionError("taken")
