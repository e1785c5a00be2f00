"""Messages as JSON: decode and encode are inverses, byte for byte, also for real terminals' dirt."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocols.jt808 import codec, walk
from protocols.jt808.catalog import MESSAGES, lookup, lookup_name
from protocols.jt808.editions import edition_evidence, edition_of_body, edition_of_registration
from protocols.wire.errors import LocalProtocolError, RemoteProtocolError
from protocols.wire.framing import build_frame, open_frame

from .strategies import damaged_bodies, declared, wire_values

PROPERTY = settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
POSITION = "000000000000000301dc89d0073d8aa5000c025d005a250102030405"


def payload_of(text: str) -> bytes:
    return bytes.fromhex(text.replace(" ", ""))


def there_and_back(payload: bytes, edition: int | None = None) -> dict:
    """The message of a payload, having shown that its JSON encodes to the same frame."""
    message = json.loads(json.dumps(codec.decode_payload(payload, edition)))
    assert codec.encode_message(message) == build_frame(payload)
    return message


def position_message(body: str) -> dict:
    data = payload_of(body)
    return there_and_back(payload_of(f"0200 {len(data):04x} 013800138000 0001") + data)


@st.composite
def headers(draw: st.DrawFn, message_id: int, body_length: int) -> bytes:
    """Any header whose length is right: wrong version bit, reserved bit, encryption, odd package items."""
    attributes = body_length | draw(st.sampled_from([0, 0, 0x8000, 0x0400, 0x1C00]))
    layout_2019 = draw(st.booleans())
    wrong = draw(st.integers(0, 9)) == 0
    attributes |= 0x4000 if layout_2019 != wrong else 0
    packaged = draw(st.integers(0, 4)) == 0
    attributes |= 0x2000 if packaged else 0
    head = message_id.to_bytes(2, "big") + attributes.to_bytes(2, "big")
    head += draw(st.binary(min_size=1, max_size=1)) if layout_2019 else b""
    width = 10 if layout_2019 else 6
    phones = st.one_of(
        st.binary(min_size=width, max_size=width), st.just(payload_of("0138001380" * 2)[:width])
    )
    tail = draw(st.binary(min_size=2, max_size=2)) + (
        draw(st.binary(min_size=4, max_size=4)) if packaged else b""
    )
    return head + draw(phones) + tail


@PROPERTY
@given(declared, st.booleans(), st.data())
def test_any_frame_with_a_right_check_byte_comes_back(kind, damaged, data):
    message_id, edition = kind
    body = walk.encode_body(*kind, data.draw(wire_values(*kind)))
    if damaged:
        body = data.draw(damaged_bodies(body))
    body = body[:1023]
    payload = data.draw(headers(message_id, len(body))) + body
    there_and_back(payload)
    there_and_back(payload, edition)


@PROPERTY
@given(st.integers(0, 0xFFFF), st.binary(max_size=60), st.data())
def test_unknown_messages_come_back(message_id, body, data):
    there_and_back(data.draw(headers(message_id, len(body))) + body)


def test_the_wrong_version_bit_is_kept_and_the_length_chooses_the_layout():
    message = there_and_back(payload_of("0002 4000 013800138000 0001"))
    assert (message["edition"], message["version_bit"], message["phone"]) == (2013, True, "013800138000")
    message = there_and_back(payload_of("0002 0000 01 00000000013800138000 0001"))
    assert (message["edition"], message["version_bit"], message["version"]) == (2019, False, 1)


def test_a_phone_that_is_no_bcd_and_odd_bits_are_kept():
    message = there_and_back(payload_of("0002 8000 0138001380ff 0001"))
    assert message["phone"] == {"hex": "0138001380ff"} and message["reserved_bit"] is True
    message = there_and_back(payload_of("0200 0402 013800138000 0001 abcd"))
    assert message["encryption"] == 1 and message["body_hex"] == "abcd"
    message = there_and_back(payload_of("0200 2002 013800138000 0001 0000 0005 abcd"))
    assert message["package"] == {"total": 0, "number": 5} and message["body_hex"] == "abcd"


def test_a_body_that_does_not_fit_says_where_and_what_was_understood():
    message = there_and_back(payload_of("0200 0009 013800138000 0001 00000001 00000003 01"))
    assert message["error"] == "0x0200 latitude_udeg: 4 bytes needed, 1 left (at byte 8)"
    assert message["understood"] == {"alarm": ["emergency"], "status": ["acc_on", "fixed"]}
    assert "body" not in message


def test_impossible_times_and_undecodable_text_stay_hex():
    message = position_message(POSITION[:-12] + "000000000000")
    assert message["body"]["time_bcd"] == {"hex": "000000000000"}
    message = position_message(POSITION[:-12] + "2513010a0000")
    assert message["body"]["time_bcd"] == {"hex": "2513010a0000"}
    message = there_and_back(payload_of("0102 0003 013800138000 0001 41ff42"))
    assert message["body"]["auth_code"] == {"hex": "41ff42", "readable": "A�B"}, "kept, and marked"


def test_reserved_bits_and_truncated_items_are_kept():
    message = position_message("00000000 80000001" + POSITION[16:] + "010400")
    assert message["body"]["status"] == ["acc_on", "bit_31"]
    assert message["body"]["items"] == [] and message["body"]["trailing"] == {"hex": "010400"}


def test_a_batch_with_a_wrong_count():
    listed = f"001c{POSITION}"
    message = there_and_back(payload_of(f"0704 0021 013800138000 0001 0001 01 {listed}"))
    assert message["body"]["kind"] == "blind_zone" and len(message["body"]["reports"]) == 1
    message = there_and_back(payload_of(f"0704 003f 013800138000 0001 0001 01 {listed}{listed}"))
    assert message["body"]["trailing"] == {"hex": listed}
    message = there_and_back(payload_of(f"0704 0021 013800138000 0001 0003 01 {listed}"))
    assert "reports" in message["error"] and message["understood"]["count"] == 3
    assert message["understood"]["reports"][0]["speed_dkmh"] == 605


def test_registration_text_is_gbk_with_its_padding():
    body = (
        payload_of("0035 0064")
        + b"70111"
        + b"DY-1".ljust(20, b"\0")
        + b"T000001"
        + b"\x02"
        + "云A12345".encode("gbk")
    )
    message = there_and_back(payload_of(f"0100 {len(body):04x} 013800138000 0001") + body)
    assert message["edition"] == 2013
    assert message["body"] == {
        "province": 53,
        "city": 100,
        "maker": "70111",
        "model": "DY-1",
        "terminal_id": "T000001",
        "plate_colour": "yellow",
        "plate": "云A12345",
    }


def registration(model_bytes: int, colour: int, plate: bytes) -> bytes:
    return bytes(4) + b"70111" + b"MODEL".ljust(model_bytes, b"\0") + b"T000001" + bytes([colour]) + plate


@pytest.mark.parametrize(
    ("body", "edition"),
    [
        (registration(8, 2, "云A12345".encode("gbk")), 2011),
        (registration(8, 0, b"LFV2A21K5A4012345"), 2011),  # 42 bytes: longer than a 2013 one
        (registration(8, 2, "云A12345".encode("gbk") + b"\0"), 2011),
        (registration(20, 2, "云A12345".encode("gbk")), 2013),
        (registration(20, 0, b"LFV2A21K5A4012345"), 2013),
        (registration(20, 1, b""), 2013),
        (registration(20, 200, b"\xff"), 2013),
        (registration(8, 200, b"\xff"), 2011),
        (b"", 2011),
    ],
)
def test_the_edition_of_a_registration(body, edition):
    assert edition_of_registration(body) == edition
    assert edition_of_registration(body, 2019) == 2019


@pytest.mark.parametrize(
    ("message_id", "body", "edition"),
    [
        (0x0702, "06cdf5d0a1c3f7" + "00" * 60 + "04c0a5c3f7", 2011),
        (0x0702, "02250102180000", 2013),
        (0x0702, "06cdf5", 2013),  # fits neither
        (0x0801, "00000007 00 00 00 01 ffd8ffd9", 2011),
        (0x0801, "00000007 00 00 00 01" + "00" * 28, 2013),
        (0x0802, "0006 0001 00 01 00" + "00" * 28, 2011),
        (0x0802, "0006 0000", 2013),
        (0x0200, "00", 2013),
        (0x0704, "0000 00", 2013),
        (0x0F00, "", 2013),
    ],
)
def test_the_edition_of_a_body(message_id, body, edition):
    data = payload_of(body)
    assert edition_of_body(message_id, data) == edition
    assert edition_of_body(message_id, data, 2019) == 2019
    head = payload_of(f"{message_id:04x} {len(data):04x} 013800138000 0001")
    assert there_and_back(head + data)["edition"] == edition


@pytest.mark.parametrize(
    ("message_id", "body", "edition"),
    [
        (0x0100, registration(8, 2, "云A12345".encode("gbk")).hex(), 2011),
        (0x0100, registration(20, 2, "云A12345".encode("gbk")).hex(), 2013),
        (0x0702, "06cdf5d0a1c3f7" + "00" * 60 + "04c0a5c3f7", 2011),
        (0x0702, "02250102180000", 2013),
        (0x0801, "00000007 00 00 00 01 ffd8ffd9", 2011),
        (0x0801, "00000007 00 00 00 01" + "00" * 28, None),  # a position, or 28 bytes of a picture
        (0x0802, "0006 0001 00 01 00" + "00" * 28, 2011),
        (0x0802, "0006 0001 00000007 00 01 00" + "00" * 28, 2013),
        (0x0802, "0006 0000", None),
        (0x0704, "0001 01 001c" + "00" * 28, 2013),
        (0x0704, "00", None),
        (0x0200, "00" * 28, None),
        (0x0200, "00" * 28 + "0104 00000001", None),
        (0x0200, "00" * 28 + "0104 00000001 3001 10", 2013),
        (0x0200, "00" * 28 + "3002 1000", None),  # a vendor's own
        (0x0200, "00", None),
        (0x0002, "", None),
        (0x0005, "0010 0000", None),
        (0x0F00, "", None),
    ],
)
def test_what_a_message_proves_of_its_terminal(message_id, body, edition):
    data = payload_of(body)
    assert edition_evidence(message_id, data) == edition
    assert edition_evidence(message_id, data, 2019) == 2019


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"phone": "12345678901234567890123"}, "phone"),
        ({"phone": "12a"}, ""),
        ({"serial": 65536}, "serial"),
        ({"serial": "x"}, "serial"),
        ({"body": {"reply_serial": 1, "reply_id": 2, "result": "perhaps"}}, "result"),
        ({"body": {"reply_serial": 1, "reply_id": 2}}, "result"),
        ({"body": {"reply_serial": 1, "reply_id": 2, "result": 0, "extra": 1}}, "extra"),
        ({"body": {"reply_serial": -1, "reply_id": 2, "result": 0}}, "reply_serial"),
        ({"body_hex": "0g"}, ""),
        ({"body_hex": "00" * 1024}, "body_length"),
        ({"message": "PositionReport"}, "message"),
        ({"message": "NoSuch"}, "message"),
        ({"sequence": 1}, "sequence"),
        ({"package": {"total": 1}}, "number"),
        ({"edition": 1999}, "edition"),
    ],
)
def test_what_cannot_be_encoded_is_named(change, field):
    message = {
        "id": "0x8001",
        "edition": 2013,
        "phone": "13800138000",
        "serial": 1,
        "body": {"reply_serial": 1, "reply_id": 2, "result": "ok"},
    }
    assert codec.encode_message(message)[1:13] == payload_of("8001 0005 013800138000 0001")
    with pytest.raises(LocalProtocolError) as caught:
        codec.encode_message(message | change)
    assert caught.value.field == field


def test_a_value_without_a_place_is_not_dropped_in_silence():
    with pytest.raises(LocalProtocolError) as caught:
        codec.encode_message(
            {"id": "0x8100", "phone": "1", "body": {"reply_serial": 1, "result": 3, "auth_code": "x"}}
        )
    assert caught.value.field == "auth_code"


def test_a_name_is_enough():
    frame = codec.encode_message(
        {"message": "TerminalHeartbeat", "phone": "013800138000", "serial": 1, "body": {}}
    )
    assert frame.hex() == "7e000200000138001380000001a97e"


def test_no_header_no_message():
    with pytest.raises(RemoteProtocolError):
        codec.decode_payload(b"\x00" * 11)


def test_the_catalog_answers():
    assert len(MESSAGES) == 95
    report = lookup(0x0200)
    assert (report.name, report.direction, report.answered_by, report.editions) == (
        "PositionReport",
        "up",
        0x8001,
        (2011, 2013, 2019),
    )
    assert lookup(0x0704).editions == (2013, 2019)
    assert lookup_name("PositionReport") is report and lookup(0x0F00) is None
    assert all(message.chinese and message.clause for message in MESSAGES.values())
    assert (
        open_frame(codec.encode_message({"id": "0x0003", "phone": "1", "body": {}})[1:-1])[:2] == b"\x00\x03"
    )


HEARTBEAT = {"message": "TerminalHeartbeat", "serial": 1, "body": {}}


def test_the_edition_decides_the_header_of_a_phone_that_people_wrote():
    """The frames are those of the heartbeat vectors."""
    short = HEARTBEAT | {"phone": "13800138000"}
    assert codec.encode_message(short | {"edition": 2013}).hex() == "7e000200000138001380000001a97e"
    assert codec.encode_message(short | {"edition": 2019}).hex() == "7e0002400001000000000138001380000001e87e"


def test_a_phone_that_its_edition_cannot_hold_is_refused_by_name():
    with pytest.raises(LocalProtocolError, match="16 digits, 12 at most") as caught:
        codec.encode_message(HEARTBEAT | {"phone": "1380013800099999", "edition": 2013})
    assert caught.value.field == "phone"
