"""Plates of every kind and of every colour: in registrations, parameters, recorder blocks and JT/T 809.

The bytes of the vectors are those of the GBK table; colours are the codes of JT/T 415-2006, JT/T 697.7-2014
and of the freight code set, as the protocol reference has them.
"""

import pytest

from protocols.jt808 import codec, fast, walk
from protocols.jt808.definitions.access import PLATE_COLOURS
from protocols.jt808.editions import edition_of_registration
from protocols.jt808.explain import explain_frame
from protocols.jt808.plan import plan_of
from protocols.jt808.present import present_fields
from protocols.jt809 import codec as codec_809
from protocols.jt809.framing import FrameSplitter, build_frame
from protocols.wire.framing import build_frame as build_frame_808
from protocols.wire.header import build_header
from tests.vectors import load

PLATES = load("plates")
WIDTHS = {2011: (5, 8, 7), 2013: (5, 20, 7), 2019: (11, 30, 30)}
PHONES = {2011: bytes(5) + b"\x01", 2013: bytes(5) + b"\x01", 2019: bytes(9) + b"\x01"}
plates = pytest.mark.parametrize("vector", PLATES, ids=lambda vector: vector["kind"].replace(" ", "-"))


def registration(edition: int, colour: int, plate: bytes) -> bytes:
    maker, model, terminal_id = WIDTHS[edition]
    fixed = b"70111".ljust(maker, b"\0") + b"DY-1".ljust(model, b"\0") + b"T000001".ljust(terminal_id, b"\0")
    return b"\x00\x35\x00\x64" + fixed + bytes([colour]) + plate


def test_every_colour_of_the_reference_has_a_plate():
    assert {vector["code"]: vector["colour"] for vector in PLATES} == {
        code: name for code, (name, _) in PLATE_COLOURS.items()
    }


@plates
@pytest.mark.parametrize("edition", [2011, 2013, 2019])
def test_a_registration_tells_its_plate_and_its_edition(vector, edition):
    body = registration(edition, vector["code"], bytes.fromhex(vector["gbk"]))
    payload = build_header(0x0100, len(body), PHONES[edition], 1) + body
    message = codec.decode_payload(payload)
    assert message["edition"] == edition == edition_of_registration(body, 2019 if edition == 2019 else 2013)
    assert (message["body"]["plate"], message["body"]["plate_colour"]) == (vector["plate"], vector["colour"])
    assert codec.encode_message(message) == build_frame_808(payload)
    rows = {row.name: row.text for row in explain_frame(build_frame_808(payload)).rows}
    assert rows["plate"] == f'"{vector["plate"]}"' and vector["colour"] in rows["plate_colour"]


@plates
def test_a_registration_of_2011_may_end_in_a_zero(vector):
    body = registration(2011, vector["code"], bytes.fromhex(vector["gbk"]) + b"\0")
    message = codec.decode_payload(build_header(0x0100, len(body), PHONES[2011], 1) + body)
    assert (message["edition"], message["body"]["plate"]) == (2011, vector["plate"] + "\0")


@plates
def test_a_plate_and_its_colour_are_parameters(vector):
    plate = bytes.fromhex(vector["gbk"])
    body = bytes([2, 0, 0, 0, 0x83, len(plate)]) + plate + bytes([0, 0, 0, 0x84, 1, vector["code"]])
    values = walk.decode_body(0x8103, 2019, body)
    assert fast.decode_body(0x8103, 2019, body) == values
    shown = present_fields(plan_of(0x8103, 2019), values)["parameters"]
    assert [each["value"] for each in shown] == [vector["plate"], vector["colour"]]


@plates
def test_a_recorder_knows_plates_of_twelve_bytes(vector):
    plate = bytes.fromhex(vector["gbk"])
    if len(plate) > 12:
        assert vector["colour"] == "none", "only a VIN is longer than the field"
        return
    data = b"LFV2A21K5A4012345" + plate.ljust(12, b"\0") + "大型汽车".encode("gbk").ljust(12, b"\0")
    block = b"\x55\x7a\x05" + len(data).to_bytes(2, "big") + b"\0" + data
    check = 0
    for byte in block:
        check ^= byte
    body = b"\x00\x01\x05" + block + bytes([check])
    shown = present_fields(plan_of(0x0700, 2013), walk.decode_body(0x0700, 2013, body))
    assert shown["frame"]["data"]["plate"] == vector["plate"]


@plates
def test_jt809_carries_it_and_colours_that_are_flags_are_escaped(vector):
    source = next(each for each in load("jt809") if each["edition"] == 2011 and "plate" in each["body"])
    message = codec_809.decode_payload(bytes.fromhex("".join(source["payload"])), 2011)
    message["body"]["plate"] = bytes.fromhex(vector["gbk"]).ljust(21, b"\0")
    message["body"]["plate_colour"] = vector["code"]
    payload = codec_809.encode_payload(message, 2011)
    frame = build_frame(payload)
    assert frame.count(b"\x5b") == 1 and frame.count(b"\x5d") == 1
    assert FrameSplitter().receive(frame) == [payload]
    assert codec_809.decode_payload(payload, 2011) == message


@pytest.mark.parametrize("edition", [2011, 2013, 2019])
@pytest.mark.parametrize("plate", [b"\xd4\xc6A1234\xff", b"\xd4", b"\x80\xff\xfe", b"\xd4\xc6A\x1b[2J"])
def test_bytes_that_are_no_text_are_kept_and_marked(edition, plate):
    body = registration(edition, 2, plate)
    payload = build_header(0x0100, len(body), PHONES[edition], 1) + body
    message = codec.decode_payload(payload, edition)
    shown = message["body"]["plate"]
    if b"\x1b" in plate:
        assert shown == "云A\x1b[2J"
    else:
        assert shown["hex"] == plate.hex() and "\ufffd" in shown["readable"]
    assert codec.encode_message(message) == build_frame_808(payload)
    row = next(row for row in explain_frame(build_frame_808(payload), edition).rows if row.name == "plate")
    assert row.data == plate and row.text.isprintable()
    assert b"\x1b" in plate or row.text.startswith("not readable as a whole")
