"""Bodies by table."""

import harness

from protocols.wire import tables
from protocols.wire.bodies import decode_body, decode_into, encode_body, knows
from protocols.wire.errors import LocalProtocolError, RemoteProtocolError
from protocols.wire.lists import item_width

POSITION = {
    "alarm": 1 << 31,
    "status": 3,
    "latitude_udeg": 25040123,
    "longitude_udeg": 102712345,
    "altitude_m": 1892,
    "speed_dkmh": 605,
    "direction_deg": 359,
    "time_bcd": b"\x25\x01\x02\x03\x04\x05",
    "items": [
        {"id": 1, "value": 0xFFFFFFFF},
        {"id": 0x31, "value": 12},
        {"id": 0x11, "value": {"type": 0}},
        {"id": 0x11, "value": {"type": 1, "area_id": 7}},
        {"id": 0x12, "value": {"type": 2, "area_id": 7, "direction": 1}},
        {"id": 0xE1, "value": b"vendor"},
        {"id": 5, "value": b"\xff" * 30},
        {"id": 1, "value": b"\x01"},
    ],
    "trailing": b"\x01\x04\x00",
}
BASIC = (
    b"\x80\0\0\0\0\0\0\x03\x01\x7e\x14\xfb\x06\x1f\x44\x19\x07\x64\x02\x5d\x01\x67\x25\x01\x02\x03\x04\x05"
)


def both_ways(message_id, edition, values):
    body = encode_body(message_id, edition, values)
    assert decode_body(message_id, edition, body) == values, decode_body(message_id, edition, body)
    return body


def check_position():
    body = both_ways(tables.MSG_POSITION_REPORT, 2013, POSITION)
    assert body[: tables.POSITION_BYTES] == BASIC
    for name, at, width in tables.POSITION_FIELDS:
        value = POSITION[name]
        assert body[at : at + width] == (value if name == "time_bcd" else value.to_bytes(width, "big"))


def check_registration_in_each_edition():
    for edition, maker, model, terminal_id, size in (
        (2011, 5, 8, 7, 28),
        (2013, 5, 20, 7, 40),
        (2019, 11, 30, 30, 79),
    ):
        values = {
            "province": 53,
            "city": 100,
            "maker": b"m" * maker,
            "model": b"o" * model,
            "terminal_id": b"t" * terminal_id,
            "plate_colour": 2,
            "plate": b"\xd4\xc6A",
        }
        body = both_ways(tables.MSG_TERMINAL_REGISTRATION, edition, values)
        assert len(body) == size and body[-3:] == b"\xd4\xc6A"
        values["maker"] += b"x"
        error = harness.raised(LocalProtocolError, encode_body, 0x0100, edition, values)
        assert error.field == "maker" and error.message_id == 0x0100


def check_authentication():
    assert both_ways(0x0102, 2011, {"auth_code": b"code"}) == b"code"
    values = {"auth_code": b"code", "imei": b"8" * 15, "software_version": b"v" * 20}
    assert both_ways(0x0102, 2019, values) == b"\x04code" + b"8" * 15 + b"v" * 20
    values["auth_code"] = b"x" * 256
    harness.raised(LocalProtocolError, encode_body, 0x0102, 2019, values)
    assert harness.raised(RemoteProtocolError, decode_body, 0x0102, 2019, b"\x05code").field == "auth_code"


def check_conditions():
    assert both_ways(0x8100, 2013, {"reply_serial": 1, "result": 0, "auth_code": b"A1"}) == b"\0\x01\0A1"
    assert both_ways(0x8100, 2013, {"reply_serial": 1, "result": 3}) == b"\0\x01\x03"
    assert both_ways(0x8202, 2019, {"interval_s": 0}) == b"\0\0"
    assert both_ways(0x8202, 2019, {"interval_s": 10, "validity_s": 300}) == b"\0\x0a\0\0\x01\x2c"
    assert harness.raised(RemoteProtocolError, decode_body, 0x8100, 2013, b"\0\x01\x03A").offset == 3
    assert harness.raised(RemoteProtocolError, decode_body, 0x8202, 2013, b"\0\x01").field == "validity_s"
    assert (
        harness.raised(LocalProtocolError, encode_body, 0x8202, 2013, {"interval_s": 1}).field == "validity_s"
    )


def check_batch():
    reports = [dict(POSITION), dict(POSITION, items=[], trailing=b"")]
    body = both_ways(0x0704, 2013, {"count": 2, "kind": 1, "reports": reports, "trailing": b""})
    one_less = body[: len(body) - 30]
    error = harness.raised(RemoteProtocolError, decode_body, 0x0704, 2013, one_less)
    assert error.field == "reports" and error.offset == len(one_less) and error.message_id == 0x0704
    understood = {}
    harness.raised(RemoteProtocolError, decode_into, understood, 0x0704, 2013, one_less)
    assert understood["count"] == 2 and understood["reports"] == reports[:1]
    values = {"count": 3, "kind": 1, "reports": reports, "trailing": b""}
    assert harness.raised(LocalProtocolError, encode_body, 0x0704, 2013, values).field == "reports"


def check_query_response_nests_a_position():
    assert both_ways(0x0201, 2019, {"reply_serial": 7, "position": POSITION})[:2] == b"\0\x07"


def check_empty_bodies():
    for message_id in (0x0002, 0x0003, 0x8201):
        assert both_ways(message_id, 2011, {}) == b""
        assert harness.raised(RemoteProtocolError, decode_body, message_id, 2011, b"x").offset == 0


def check_ranges_and_types():
    good = {"reply_serial": 1, "reply_id": 2, "result": 0}
    for name, value in (
        ("reply_serial", 65536),
        ("reply_serial", -1),
        ("result", 256),
        ("result", b"\0"),
        ("result", None),
    ):
        bad = dict(good)
        bad[name] = value
        assert harness.raised(LocalProtocolError, encode_body, 0x0001, 2013, bad).field == name
    for name in good:
        short = dict(good)
        del short[name]
        assert harness.raised(LocalProtocolError, encode_body, 0x0001, 2013, short).field == name


def check_items_that_cannot_be_said():
    for item in (
        {"id": 256, "value": b""},
        {"id": -1, "value": b""},
        {"id": 1, "value": 1 << 32},
        {"id": 0x30, "value": 256},
        {"id": 0xE1, "value": 0},
        {"id": 0xE1, "value": b"x" * 256},
        {"id": 0x12, "value": {"type": 1}},
        {"id": 0x12, "value": {"type": 1, "area_id": -1, "direction": 0}},
        {"id": 1},
        7,
    ):
        harness.raised(LocalProtocolError, encode_body, 0x0200, 2013, dict(POSITION, items=[item]))


def check_what_is_known():
    assert knows(0x0200, 2011) and knows(0x0704, 2013) and not knows(0x0704, 2011)
    assert not knows(0x0200, 2012) and not knows(0x0900, 2013)
    harness.raised(LocalProtocolError, encode_body, 0x0704, 2011, {})
    harness.raised(LocalProtocolError, decode_body, 0x0900, 2013, b"")
    assert (item_width(1), item_width(0x31), item_width(0x12), item_width(0xE1)) == (4, 1, 0, 0)


def check_any_buffer_is_read():
    for buffer in (bytearray, memoryview):
        values = decode_body(0x0200, 2013, buffer(BASIC + b"\xe1\x01\x05"))
        assert values["time_bcd"] == POSITION["time_bcd"] and values["items"] == [
            {"id": 0xE1, "value": b"\x05"}
        ]


harness.run(globals())
