"""construct is the oracle: the generated decoders and the table codec say what it says, valid body or not."""

import json
from collections.abc import Callable
from importlib import import_module
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocols.jt808 import codec, fast, oracle, walk
from protocols.jt808.batch import decode_positions
from protocols.jt808.catalog import MESSAGES
from protocols.jt808.explain import explain_frame
from protocols.jt808.terminal_subset import TERMINAL_ITEM_VALUES, TERMINAL_MESSAGES, TERMINAL_PAGES
from protocols.wire import bodies
from protocols.wire.errors import LocalProtocolError, RemoteProtocolError
from protocols.wire.framing import FrameSplitter, PortableSplitter, build_frame
from protocols.wire.header import BODY_LENGTH_MAX, build_header

from .strategies import DECLARED, damaged_bodies, declared, wire_values

PROPERTY = settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
DECODERS = {"construct": oracle.decode_body, "generated": fast.decode_body, "walk": walk.decode_body}
TERMINAL = [kind for kind in DECLARED if kind[0] in TERMINAL_MESSAGES]
PAGED_LAYOUTS = {
    (message_id, edition): bodies.layout_of(page.BODIES, message_id, edition)
    for family, ids in TERMINAL_PAGES.items()
    for page in [import_module(f"protocols.wire.pages.{family}")]
    for message_id in ids
    for edition in (2013, 2019)
    if message_id in page.BODIES and (message_id, edition) in DECLARED
}
PAGED = sorted(PAGED_LAYOUTS)
PHONES = {2011: bytes(5) + b"\x7e", 2013: bytes(5) + b"\x7d", 2019: bytes(9) + b"\x7d"}


def verdicts(message_id: int, edition: int, body: bytes) -> dict[str, Any]:
    """What each decoder makes of the body: its values, or "refused"."""
    found = {name: verdict(decode, message_id, edition, body) for name, decode in DECODERS.items()}
    if message_id in TERMINAL_MESSAGES:
        # The table codec of the terminal keeps most additional items as bytes.
        table = verdict(bodies.decode_body, message_id, edition, body)
        assert table == as_terminal(found["construct"])
    return found


def verdict(decode: Callable[..., Any], *arguments: Any) -> Any:
    """The values, or "refused"."""
    try:
        return decode(*arguments)
    except RemoteProtocolError:
        return "refused"


def as_terminal(value: Any) -> Any:
    """The values with the items that the terminal does not take apart as bytes."""
    if isinstance(value, list):
        return [as_terminal(each) for each in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"id", "value"} and value["id"] not in TERMINAL_ITEM_VALUES:
        position = dict(ZERO, items=[value])
        return {"id": value["id"], "value": walk.encode_body(0x0200, 2019, position)[30:]}
    return {name: as_terminal(each) for name, each in value.items()}


ZERO = walk.decode_body(0x0200, 2019, bytes(28))


def check_valid(kind: tuple[int, int], data: st.DataObject) -> dict[str, Any]:
    """Valid values, after every codec took them alike."""
    values = data.draw(wire_values(*kind))
    body = walk.encode_body(*kind, values)
    assert oracle.encode_body(*kind, values) == body
    assert verdicts(*kind, body) == dict.fromkeys(DECODERS, values)
    if kind in TERMINAL:
        assert bodies.encode_body(*kind, as_terminal(values)) == body
    return values


@PROPERTY
@given(declared, st.data())
def test_valid_bodies_read_and_written_alike(kind, data):
    check_valid(kind, data)


def check_frames(kind: tuple[int, int], values: dict[str, Any], data: st.DataObject) -> None:
    """As JSON and back, explained to the last byte, and out of a stream that is cut anywhere."""
    message_id, edition = kind
    body = walk.encode_body(*kind, values)
    if len(body) > BODY_LENGTH_MAX:
        return
    payload = build_header(message_id, len(body), PHONES[edition], data.draw(st.integers(0, 65535))) + body
    frame = build_frame(payload)
    message = json.loads(json.dumps(codec.decode_payload(payload, edition)))
    assert codec.encode_message(message) == frame and ("body" in message or "understood" in message)
    listing = explain_frame(frame, edition)
    assert b"".join(row.data for row in listing.rows)[:-1] == payload
    stream = frame * 3
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    for twin in {PortableSplitter, FrameSplitter}:
        splitter = twin()
        pieces = [stream[at:end] for at, end in pairwise([0, *cuts, len(stream)])]
        assert [each for piece in pieces for each in splitter.receive(piece)] == [payload] * 3
    assert fast.decode_payload(payload, edition)[1] == values


def check_columns(edition: int, body: bytes) -> None:
    """Positions decoded as columns, alone and with others, say what the declaration says."""
    wanted = verdict(oracle.decode_body, 0x0200, edition, body)
    for count in (1, 13):
        columns = decode_positions([body] * count, edition)
        assert verdict(columns.row, count - 1) == wanted


@pytest.mark.slow
@pytest.mark.parametrize("kind", DECLARED, ids=lambda kind: f"{kind[0]:04X}-{kind[1]}")
@settings(PROPERTY, max_examples=25)
@given(st.data())
def test_every_declaration_reads_and_writes_alike(kind, data):
    values = check_valid(kind, data)
    check_frames(kind, values, data)
    body = data.draw(damaged_bodies(walk.encode_body(*kind, values)))
    found = verdicts(*kind, body)
    assert found["generated"] == found["construct"] and found["walk"] == found["construct"]
    if kind[0] == 0x0200:
        check_columns(kind[1], walk.encode_body(*kind, values))
        check_columns(kind[1], body)


@PROPERTY
@given(declared, st.data())
def test_valid_bodies_come_back_from_json_and_from_streams(kind, data):
    check_frames(kind, data.draw(wire_values(*kind)), data)


@PROPERTY
@given(st.sampled_from(PAGED), st.data())
def test_the_tables_of_the_terminals_pages_take_and_refuse_what_construct_does(kind, data):
    """Their values may be coarser, parts of a body kept as bytes; the bytes are the same."""
    layout = PAGED_LAYOUTS[kind]
    valid = walk.encode_body(*kind, data.draw(wire_values(*kind)))
    for body in (valid, data.draw(damaged_bodies(valid))):
        found = verdict(bodies.decode_layout, layout, body)
        assert (found == "refused") == (verdict(oracle.decode_body, *kind, body) == "refused")
        if found != "refused":
            assert bodies.encode_layout(layout, found) == body


@PROPERTY
@given(declared, st.data())
def test_damaged_bodies_judged_alike(kind, data):
    body = data.draw(damaged_bodies(walk.encode_body(*kind, data.draw(wire_values(*kind)))))
    found = verdicts(*kind, body)
    assert found["generated"] == found["construct"] and found["walk"] == found["construct"]


@pytest.mark.parametrize("item_id", range(256), ids="{:02x}".format)
def test_every_item_of_every_short_length_read_alike(item_id):
    lengths = [*range(41), 41, 46, 47, 48, 50, 59] if 0x60 <= item_id <= 0x70 else range(41)
    for length in lengths:
        body = bytes(28) + bytes([item_id, length]) + bytes(range(1, length + 1))
        found = verdicts(0x0200, 2019, body)
        assert found["generated"] == found["construct"] and found["walk"] == found["construct"]
        assert len(found["construct"]["items"]) == 1
        assert walk.encode_body(0x0200, 2019, found["construct"]) == body


@PROPERTY
@given(declared, st.binary(max_size=80))
def test_any_bytes_judged_alike_and_written_back(kind, body):
    found = verdicts(*kind, body)
    assert found["generated"] == found["construct"] and found["walk"] == found["construct"]
    if found["construct"] != "refused":
        assert (
            walk.encode_body(*kind, found["construct"])
            == body
            == oracle.encode_body(*kind, found["construct"])
        )


@pytest.mark.parametrize("kind", DECLARED, ids=lambda kind: f"{kind[0]:04X}-{kind[1]}")
def test_every_declared_message_is_known(kind):
    assert fast.knows(*kind)
    assert bodies.knows(*kind) == (kind in TERMINAL)


def test_what_an_edition_lacks_is_known_nowhere():
    assert 2011 not in MESSAGES[0x0704].bodies
    assert not fast.knows(0x0704, 2011) and not bodies.knows(0x0704, 2011)
    for decode in (fast.decode_body, walk.decode_body, bodies.decode_body):
        with pytest.raises(LocalProtocolError):
            decode(0x0704, 2011, b"")
        with pytest.raises(LocalProtocolError):
            decode(0x0F00, 2013, b"")


@pytest.mark.parametrize("edition", [2011, 2013, 2019])
def test_a_short_position_names_field_and_offset(edition):
    with pytest.raises(RemoteProtocolError) as caught:
        fast.decode_body(0x0200, edition, bytes(17))
    assert (caught.value.message_id, caught.value.field, caught.value.offset) == (0x0200, "altitude_m", 16)
