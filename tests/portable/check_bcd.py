"""BCD and the identity behind a phone field."""

import harness

from protocols.wire.bcd import bcd_to_digits, digits_to_bcd, identity_of, is_bcd, to_bcd_byte
from protocols.wire.errors import LocalProtocolError, RemoteProtocolError


def check_digits_there_and_back():
    for digits, width, data in (
        ("13800138000", 6, b"\x01\x38\x00\x13\x80\x00"),
        ("13800138000", 10, b"\x00\x00\x00\x00\x01\x38\x00\x13\x80\x00"),
        ("", 2, b"\x00\x00"),
        ("9999", 2, b"\x99\x99"),
    ):
        assert digits_to_bcd(digits, width) == data
        assert bcd_to_digits(data) == "0" * (2 * width - len(digits)) + digits


def check_what_is_no_digit():
    for digits in ("12a", "1 2", "-1", "12345"):
        harness.raised(LocalProtocolError, digits_to_bcd, digits, 2)


def check_what_is_no_bcd():
    for data, offset in ((b"\x0a", 0), (b"\x12\xa0", 1), (b"\x99\x99\xff", 2)):
        assert not is_bcd(data)
        assert harness.raised(RemoteProtocolError, bcd_to_digits, data).offset == offset
    assert is_bcd(b"\x00\x99\x59")


def check_one_byte():
    assert [to_bcd_byte(number) for number in (0, 9, 10, 59, 99)] == [0, 9, 0x10, 0x59, 0x99]
    for number in (-1, 100):
        harness.raised(LocalProtocolError, to_bcd_byte, number)


def check_identity():
    assert identity_of("013800138000") == identity_of("00000000013800138000") == "13800138000"
    assert identity_of("000000") == "0"


harness.run(globals())
