"""The layout for those who move over from EMQX: topic, readable members, and nothing lost."""

import base64
import json

import pytest
from hypothesis import given

from protocols.monitoring import emqx_form
from protocols.monitoring.batch import Batch
from protocols.monitoring.records import BACKFILL, MESSAGE, Record, id_of
from protocols.wire.errors import RemoteProtocolError

from .mix import make_mix
from .strategies import batches

POSITION = make_mix(1)[0]


@given(batches())
def test_every_record_comes_back(batch: Batch) -> None:
    for record in batch.records:
        assert emqx_form.decode(emqx_form.encode(record)) == record


def test_a_position_can_be_read_without_us() -> None:
    document = json.loads(emqx_form.encode(POSITION))
    assert emqx_form.up_topic("jt808", POSITION) == f"jt808/{POSITION.phone}/{POSITION.phone}/up"
    assert document["header"] == {
        "msg_id": 0x0200, "encrypt": 0, "len": len(POSITION.body), "phone": POSITION.phone,
        "msg_sn": POSITION.serial,
    }  # fmt: skip
    body = document["body"]
    assert 24_000_000 < body["latitude"] < 27_000_000 and 100_000_000 < body["longitude"] < 104_000_000
    assert (body["time"], body["speed"]) == (POSITION.body[22:28].hex(), int.from_bytes(POSITION.body[18:20]))
    assert document["dianyun"]["record_id"] == id_of(POSITION).hex()


def test_a_backfilled_position_stands_in_a_batch_of_one() -> None:
    backfilled = POSITION._replace(kind=BACKFILL, message_id=0x0704)
    body = json.loads(emqx_form.encode(backfilled))["body"]
    assert (body["type"], body["length"], len(body["location"])) == (1, 1, 1)


def test_an_unknown_message_is_base64() -> None:
    unknown = Record(1, 0, "013800138000", 2013, 0, 0x0F42, 5, MESSAGE, b"\x01\xff")
    assert base64.b64decode(json.loads(emqx_form.encode(unknown))["body"]) == b"\x01\xff"


@pytest.mark.parametrize(
    ("member", "value", "field"),
    [
        ("record_id", "00" * 16, "dianyun.record_id"),
        ("kind", "x", "dianyun.kind"),
        ("edition", 1999, "dianyun.edition"),
    ],
)
def test_what_was_changed_on_the_way_is_refused(member: str, value: object, field: str) -> None:
    document = json.loads(emqx_form.encode(POSITION))
    document["dianyun"][member] = value
    with pytest.raises(RemoteProtocolError) as caught:
        emqx_form.decode(json.dumps(document).encode())
    assert caught.value.field == field
