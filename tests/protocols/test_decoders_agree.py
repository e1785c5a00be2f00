"""construct is the oracle: the generated decoders and the table codec say what it says, valid body or not."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocols.jt808 import fast, oracle
from protocols.jt808.catalog import MESSAGES
from protocols.wire import bodies
from protocols.wire.errors import LocalProtocolError, RemoteProtocolError

from .strategies import DECLARED, damaged_bodies, declared, wire_values

PROPERTY = settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
DECODERS = {"construct": oracle.decode_body, "generated": fast.decode_body, "table": bodies.decode_body}


def verdicts(message_id: int, edition: int, body: bytes) -> dict[str, Any]:
    """What each decoder makes of the body: its values, or "refused"."""
    found = {}
    for name, decode in DECODERS.items():
        try:
            found[name] = decode(message_id, edition, body)
        except RemoteProtocolError:
            found[name] = "refused"
    return found


@PROPERTY
@given(declared, st.data())
def test_valid_bodies_read_and_written_alike(kind, data):
    values = data.draw(wire_values(*kind))
    body = bodies.encode_body(*kind, values)
    assert oracle.encode_body(*kind, values) == body
    assert verdicts(*kind, body) == dict.fromkeys(DECODERS, values)


@PROPERTY
@given(declared, st.data())
def test_damaged_bodies_judged_alike(kind, data):
    body = data.draw(damaged_bodies(bodies.encode_body(*kind, data.draw(wire_values(*kind)))))
    found = verdicts(*kind, body)
    assert found["generated"] == found["construct"] and found["table"] == found["construct"]


@pytest.mark.parametrize("item_id", range(256), ids="{:02x}".format)
def test_every_item_of_every_short_length_read_alike(item_id):
    for length in range(41):
        body = bytes(28) + bytes([item_id, length]) + bytes(range(1, length + 1))
        found = verdicts(0x0200, 2019, body)
        assert found["generated"] == found["construct"] and found["table"] == found["construct"]
        assert len(found["construct"]["items"]) == 1
        assert bodies.encode_body(0x0200, 2019, found["construct"]) == body


@PROPERTY
@given(declared, st.binary(max_size=80))
def test_any_bytes_judged_alike_and_written_back(kind, body):
    found = verdicts(*kind, body)
    assert found["generated"] == found["construct"] and found["table"] == found["construct"]
    if found["construct"] != "refused":
        assert (
            bodies.encode_body(*kind, found["construct"])
            == body
            == oracle.encode_body(*kind, found["construct"])
        )


@pytest.mark.parametrize("kind", DECLARED, ids=lambda kind: f"{kind[0]:04X}-{kind[1]}")
def test_every_declared_message_is_known_everywhere(kind):
    assert fast.knows(*kind) and bodies.knows(*kind)


def test_what_an_edition_lacks_is_known_nowhere():
    assert 2011 not in MESSAGES[0x0704].bodies
    assert not fast.knows(0x0704, 2011) and not bodies.knows(0x0704, 2011)
    for decode in (fast.decode_body, bodies.decode_body):
        with pytest.raises(LocalProtocolError):
            decode(0x0704, 2011, b"")
        with pytest.raises(LocalProtocolError):
            decode(0x0900, 2013, b"")


@pytest.mark.parametrize("edition", [2011, 2013, 2019])
def test_a_short_position_names_field_and_offset(edition):
    with pytest.raises(RemoteProtocolError) as caught:
        fast.decode_body(0x0200, edition, bytes(17))
    assert (caught.value.message_id, caught.value.field, caught.value.offset) == (0x0200, "altitude_m", 16)
