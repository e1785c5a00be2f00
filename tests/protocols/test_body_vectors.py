"""Every message in every edition has a body that was built by hand from its table, and reads as it says."""

import pytest

from protocols.jt808 import codec, fast, oracle, walk
from protocols.jt808.catalog import MESSAGES
from protocols.jt808.explain import explain_frame
from protocols.jt808.plan import plan_of
from protocols.jt808.present import present_fields, unpresent_fields
from protocols.wire.framing import build_frame
from protocols.wire.header import build_header
from tests.vectors import load

from .strategies import DECLARED

BODIES = [
    (int(vector["id"], 16), edition, vector) for vector in load("bodies") for edition in vector["editions"]
]
PHONES = {
    2011: bytes.fromhex("013800138000"),
    2013: bytes.fromhex("013800138000"),
    2019: bytes.fromhex("00000000013800138000"),
}


def name_of(argument: object) -> str:
    return argument["name"].replace(" ", "-") if isinstance(argument, dict) else f"{argument:04x}"


@pytest.mark.parametrize(("message_id", "edition", "vector"), BODIES, ids=name_of)
def test_a_body_reads_as_its_table_says(message_id, edition, vector):
    body = bytes.fromhex(vector["body"])
    plan = plan_of(message_id, edition)
    values = unpresent_fields(plan, vector["values"])
    assert present_fields(plan, values) == vector["values"]
    for decode in (walk.decode_body, fast.decode_body, oracle.decode_body):
        assert decode(message_id, edition, body) == values
    for encode in (walk.encode_body, oracle.encode_body):
        assert encode(message_id, edition, values) == body


@pytest.mark.parametrize(("message_id", "edition", "vector"), BODIES, ids=name_of)
def test_a_frame_of_it_is_decoded_explained_and_encoded_again(message_id, edition, vector):
    body = bytes.fromhex(vector["body"])
    frame = build_frame(build_header(message_id, len(body), PHONES[edition], 1) + body)
    payload = build_header(message_id, len(body), PHONES[edition], 1) + body
    message = codec.decode_payload(payload, edition)
    assert message["body"] == vector["values"] and message["message"] == MESSAGES[message_id].name
    assert codec.encode_message(message) == frame
    listing = explain_frame(frame, edition)
    leftover = "trailing" in vector["values"]
    assert bool(listing.problems) == leftover
    shown = b"".join(row.data for row in listing.rows)
    assert shown[:-1] == payload, "explain shows every byte once"
    entry = MESSAGES[message_id]
    assert entry.name in listing.title and entry.chinese in listing.title


def test_no_message_of_any_edition_is_without_a_vector():
    covered = {(message_id, edition) for message_id, edition, _ in BODIES}
    assert covered == set(DECLARED)


# The ids of the index of the reference, with those of T/JSATL 12 and JT/T 1078.
INDEX = """
0001 8001 0002 0003 0004 8004 0005 8003 0100 8100 0102 8103 8104 8106 0104 8105 8107 0107 8108 0108 0200 8201
0201 8202 8203 8204 8300 8301 0301 8302 0302 8303 0303 8304 8400 8401 8500 0500 8600 8601 8602 8603 8604 8605
8606 8607 8608 0608 8700 0700 8701 0701 8702 0702 0704 0705 0800 0801 8800 8801 0805 8802 0802 8803 8804 8805
8900 0900 0901 8A00 0A00 9208 1210 1211 1212 9212 9003 1003 9101 9102 9105 1005 9201 9202 9205 1205 9206 1206
9207 9301 9302 9303 9304 9305 9306
"""


def test_every_id_of_the_index_is_declared():
    assert sorted(MESSAGES) == sorted(int(each, 16) for each in INDEX.split())
