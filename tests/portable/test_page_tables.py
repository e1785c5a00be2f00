"""The tables of the terminal's pages say what the declarations say: read and written alike."""

import importlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocols.jt808 import walk
from protocols.jt808.catalog import MESSAGES
from protocols.jt808.terminal_subset import TERMINAL_PAGES
from protocols.wire import bodies
from protocols.wire.errors import RemoteProtocolError

from ..protocols.strategies import wire_values

KINDS = [
    (family, message_id, edition)
    for family, ids in TERMINAL_PAGES.items()
    for message_id in ids
    for edition in sorted(MESSAGES[message_id].bodies)
]
RAW = (0x8103, 0x0104, 0x8700, 0x8701, 0x0700)  # values that the terminal keeps as bytes
POSITIONS = (0x0500, 0x0801, 0x0802)  # items that the terminal keeps as bytes
PROPERTY = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)


def layout(family, message_id, edition):
    table = importlib.import_module(f"protocols.wire.pages.{family}")
    return bodies.layout_of(table.BODIES, message_id, edition)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind[1]:04X}-{kind[2]}")
@PROPERTY
@given(st.data())
def test_bodies_are_read_and_written_as_declared(kind, data):
    values = data.draw(wire_values(*kind[1:]))
    body = walk.encode_body(*kind[1:], values)
    read = bodies.decode_layout(layout(*kind), body)
    assert bodies.encode_layout(layout(*kind), read) == body
    if kind[1] not in RAW + POSITIONS:
        assert read == values


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind[1]:04X}-{kind[2]}")
@PROPERTY
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(kind, body):
    try:
        read = bodies.decode_layout(layout(*kind), body)
    except RemoteProtocolError:
        return
    assert bodies.encode_layout(layout(*kind), read) == body
