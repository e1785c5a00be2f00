"""Positions: what the gateway asks of them without decoding, and the corners of the additional items."""

import pytest

from protocols.jt808 import fast
from protocols.wire import bodies
from protocols.wire.errors import RemoteProtocolError

BASIC = bytes.fromhex("000000000000000301dc89d0073d8aa5000c025d005a250102030405")
ODOMETER = bytes.fromhex("010400012345")


def batch(*reports: bytes, count: int | None = None, kind: int = 1, behind: bytes = b"") -> bytes:
    listed = b"".join(len(report).to_bytes(2, "big") + report for report in reports)
    return (len(reports) if count is None else count).to_bytes(2, "big") + bytes([kind]) + listed + behind


def items_of(data: str) -> tuple[list[dict], bytes]:
    values = fast.decode_body(0x0200, 2019, BASIC + bytes.fromhex(data))
    return values["items"], values["trailing"]


def test_a_batch_gives_its_reports_as_they_came():
    reports = [BASIC, BASIC + ODOMETER, BASIC + b"\x01"]
    assert fast.split_position_batch(batch(*reports)) == (1, reports)
    assert fast.split_position_batch(batch(BASIC, kind=0)) == (0, [BASIC])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        batch(),
        batch(BASIC, count=0),
        batch(BASIC, count=2),
        batch(BASIC, BASIC, count=1),
        batch(BASIC[:27]),
        batch(BASIC, behind=b"\x00"),
        batch(BASIC)[:-1],
        batch(BASIC, kind=2),
    ],
    ids=["empty", "no report", "count 0", "one missing", "one more", "short", "behind", "cut", "kind"],
)
def test_a_batch_that_cannot_be_taken_whole_is_refused(body):
    with pytest.raises(RemoteProtocolError) as caught:
        fast.split_position_batch(body)
    assert caught.value.message_id == 0x0704


def test_the_time_of_a_report():
    assert fast.position_time(BASIC + ODOMETER) == bytes.fromhex("250102030405")
    with pytest.raises(RemoteProtocolError):
        fast.position_time(BASIC[:-1])


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("1101 00", {"type": 0}),
        ("1105 01 00000007", {"type": 1, "area_id": 7}),
        ("1206 02 00000007 01", {"type": 2, "area_id": 7, "direction": 1}),
        ("1307 00000009 0258 01", {"section_id": 9, "time_s": 600, "result": 1}),
        ("1802 0005", 5),
        ("1803 0001 0a", {"behaviour": 1, "degree": 10}),
        ("2b04 0001 0002", {"ad1": 1, "ad0": 2}),
        ("051e" + "ff" * 30, b"\xff" * 30),
        ("0602 8005", 0x8005),  # sign and magnitude or two's complement: unresolved, so the word as it is
        ("0602 fffb", 0xFFFB),
        ("0104 ffffffff", 0xFFFFFFFF),
        ("0102 0001", b"\x00\x01"),  # a known id with another length
        ("0701 08", b"\x08"),  # not in the standard
        ("e100", b""),
        ("1102 0001", b"\x00\x01"),
    ],
)
def test_items_by_id_and_length(data, value):
    items, trailing = items_of(data.replace(" ", ""))
    assert (items, trailing) == ([{"id": int(data[:2], 16), "value": value}], b"")


@pytest.mark.parametrize("tail", ["01", "0104", "010400", "e1ff00"])
def test_a_truncated_last_item_is_kept_and_costs_nothing_else(tail):
    items, trailing = items_of(ODOMETER.hex() + tail)
    assert items == [{"id": 1, "value": 0x12345}]
    assert trailing == bytes.fromhex(tail)
    values = fast.decode_body(0x0200, 2013, BASIC + ODOMETER + bytes.fromhex(tail))
    assert bodies.encode_body(0x0200, 2013, values) == BASIC + ODOMETER + bytes.fromhex(tail)


def test_every_alarm_and_status_bit_has_its_name():
    from protocols.jt808.definitions.flags import ALARM, STATUS
    from protocols.jt808.words import flag_names

    alarms = flag_names(ALARM.bits, 0xFFFFFFFF)
    assert len(set(alarms)) == 32 and not any(name.startswith("bit_") for name in alarms)
    status = flag_names(STATUS.bits, 0xFFFFFFFF)
    assert [name for name in status if name.startswith("bit_")] == [
        f"bit_{number}" for number in range(23, 32)
    ]
    assert flag_names(STATUS.bits, 1 << 8) == ["load_half"] and flag_names(STATUS.bits, 3 << 8) == [
        "load_full"
    ]
