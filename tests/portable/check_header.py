"""Headers of both layouts."""

import harness

from protocols.wire.errors import LocalProtocolError, RemoteProtocolError
from protocols.wire.header import EDITION_2013, EDITION_2019, build_header, parse_header

PHONE = b"\x01\x38\x00\x13\x80\x00"
PHONE_2019 = b"\x00\x00\x00\x00" + PHONE


def check_both_layouts_there_and_back():
    for phone, edition, version in ((PHONE, EDITION_2013, 0), (PHONE_2019, EDITION_2019, 1)):
        for total, number in ((0, 0), (3, 2), (0xFFFF, 0xFFFF)):
            data = build_header(0x0200, 5, phone, 0xFFFE, total=total, number=number, encryption=1) + b"hello"
            header = parse_header(data)
            assert header.message_id == 0x0200 and header.serial == 0xFFFE and header.phone == phone
            assert header.edition == edition and header.version == version
            assert header.total == total and header.number == number
            assert header.subpackaged == (total > 0) and header.encryption == 1
            assert data[header.body_at :] == b"hello"


def check_the_length_outvotes_a_wrong_version_bit():
    data = bytearray(build_header(0x0002, 0, PHONE, 1))
    data[2] |= 0x40
    assert parse_header(bytes(data)).edition == EDITION_2013
    data = bytearray(build_header(0x0002, 0, PHONE_2019, 1))
    data[2] &= 0xBF
    assert parse_header(bytes(data)).edition == EDITION_2019


def check_what_fits_no_layout():
    data = build_header(0x0200, 5, PHONE, 1)
    for payload in (b"", data[:11], data, data + b"1234", data + b"123456"):
        harness.raised(RemoteProtocolError, parse_header, payload)
    assert harness.raised(RemoteProtocolError, parse_header, data).message_id == 0x0200


def check_ranges():
    for arguments in (
        (0x10000, 0, PHONE, 0),
        (-1, 0, PHONE, 0),
        (0, 1024, PHONE, 0),
        (0, 0, PHONE, 65536),
        (0, 0, PHONE[:5], 0),
        (0, 0, PHONE_2019, 0, 256),
        (0, 0, PHONE, 0, 1, 65536, 1),
        (0, 0, PHONE, 0, 1, 3, 0),
        (0, 0, PHONE, 0, 1, 3, 4),
        (0, 0, PHONE, 0, 1, 0, 0, 8),
    ):
        harness.raised(LocalProtocolError, build_header, *arguments)


harness.run(globals())
