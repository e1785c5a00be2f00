"""The name of a report, and the reading of one."""

from datetime import UTC, datetime
from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.monitoring.reading import ms_of_text, read_position, text_of_ms, utc_ms_of
from protocols.monitoring.records import (
    LIVE,
    MESSAGE,
    Record,
    id_of,
    message_hasher,
    pack_message,
    record_id,
    unpack_message,
)
from protocols.monitoring.topics import batch_id, gateway_of, parse_batch_id
from protocols.wire.errors import LocalProtocolError, RemoteProtocolError


def test_the_id_is_what_the_contract_says() -> None:
    """Written out, so that another implementation can be checked against this file."""
    expected = blake2b(b"13800138000\x00" + bytes(28), digest_size=16, person=b"dianyun.record").digest()
    assert record_id("013800138000", bytes(28)) == expected
    assert expected.hex() == "6428114d98f4ca5daf3925bd596b73be"


def test_the_id_does_not_depend_on_the_width_of_the_phone_field() -> None:
    assert record_id("013800138000", bytes(30)) == record_id("00000000013800138000", bytes(30))
    assert record_id("013800138000", bytes(30)) != record_id("013800138001", bytes(30))


def test_the_id_of_a_message_is_what_the_contract_says() -> None:
    """Identity, zero, serial, message id, body; under a personalisation that no position has."""
    named = b"13800138000\x00" + bytes((0, 5, 7, 1)) + b"waybill"
    expected = blake2b(named, digest_size=16, person=b"dianyun.message").digest()
    record = Record(1, 0, "013800138000", 2013, 0, 0x0701, 5, MESSAGE, b"waybill")
    assert id_of(record) == record_id("013800138000", b"waybill", MESSAGE, 5, 0x0701) == expected
    hasher = message_hasher("013800138000")
    hasher.update((5).to_bytes(2, "big") + pack_message(0x0701, b"waybill"))
    assert hasher.digest() == expected


def test_two_equal_events_are_two_facts_and_a_resend_is_one() -> None:
    event = Record(1, 0, "013800138000", 2013, 0, 0x0301, 5, MESSAGE, b"\x07")
    assert id_of(event) == id_of(event._replace(sequence=9, received_ms=77, phone="00000000013800138000"))
    assert len({id_of(event), id_of(event._replace(serial=6)), id_of(event._replace(message_id=0x0302))}) == 3


def test_serial_and_carrier_do_not_name_a_position() -> None:
    live = Record(1, 0, "013800138000", 2013, 0, 0x0200, 5, LIVE, bytes(28))
    assert id_of(live) == id_of(live._replace(serial=6)) == record_id("013800138000", bytes(28))


@given(st.integers(0, 0xFFFF), st.binary(max_size=40))
def test_packed_messages_come_back(message_id: int, body: bytes) -> None:
    assert unpack_message(pack_message(message_id, body)) == (message_id, body)


@given(st.integers(0, 253_402_300_799_999))
def test_times_come_back(utc_ms: int) -> None:
    assert ms_of_text(text_of_ms(utc_ms)) == utc_ms


@pytest.mark.parametrize("text", ["2026-01-01", "2026-01-01T00:00:00Z", "2026-01-01T08:00:00.000+08:00", "x"])
def test_other_spellings_of_times_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        ms_of_text(text)


@pytest.mark.parametrize(
    ("digits", "moment"),
    [
        ("260101000000", datetime(2025, 12, 31, 16, tzinfo=UTC)),
        ("000101075959", datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("240229120000", datetime(2024, 2, 29, 4, tzinfo=UTC)),
        ("230229120000", None),
        ("000000000000", None),
        ("ffffffffffff", None),
        ("261301000000", None),
        ("260101240000", None),
    ],
)
def test_device_times_are_beijing_times(digits: str, moment: datetime | None) -> None:
    expected = None if moment is None else int(moment.timestamp() * 1000)
    assert utc_ms_of(bytes.fromhex(digits)) == expected


def test_a_short_body_holds_no_position() -> None:
    with pytest.raises(RemoteProtocolError):
        read_position(bytes(27))


@pytest.mark.parametrize(
    "text", ["gw", "gw/1", "gw/0/1", "gw/01/1", "gw/1/0", "g w/1/1", "gw/1/1/1", "gw/1/100000"]
)
def test_wrong_batch_ids_are_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_batch_id(text)


def test_batch_ids_come_back() -> None:
    assert parse_batch_id(batch_id("gw-1_a", 2**62, 9999)) == ("gw-1_a", 2**62, 9999)
    with pytest.raises(LocalProtocolError):
        batch_id("gw", 0, 1)


def test_the_gateway_is_read_off_the_topic() -> None:
    assert gateway_of("gov/v1/pos/gw-1") == "gw-1"
    for topic in ("gov/v1/pos/", "gov/v1/pos/a b", "gov/v1/pos/a.b"):
        with pytest.raises(RemoteProtocolError):
            gateway_of(topic)
