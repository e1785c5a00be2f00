"""Driver identity and waybill: the reader's lines, 0x0702 in every edition, 0x0701, what a cut leaves."""

import harness
from cab import Cab, Header

from firmware.terminal.pages import driver as page
from firmware.terminal.pages import waybill
from firmware.terminal.vehicle.vehicle import WAYBILL_ITEM
from protocols.wire import tables

# From the fact sheet's vectors (built from the standard's tables): 王小明, card in and out, bodies only.
NAME = b"\xcd\xf5\xd0\xa1\xc3\xf7"
ISSUER = b"\xc0\xa5\xc3\xf7\xca\xd0\xb5\xc0\xc2\xb7\xd4\xcb\xca\xe4\xb9\xdc\xc0\xed\xbe\xd6"
NUMBER = b"530100199001011234"
BODY_2013 = (
    b"\x01\x25\x01\x02\x08\x00\x00\x00\x06" + NAME + NUMBER + b"\0\0\x14" + ISSUER + b"\x20\x30\x12\x31"
)
BODY_2019 = BODY_2013 + NUMBER + b"\0\0"
OUT_2013 = b"\x02\x25\x01\x02\x18\x00\x00"
CARD = b"IN,0," + NAME + b"," + NUMBER + b"," + ISSUER + b",20301231," + NUMBER


def line(text):
    check = 0
    for byte in text:
        check ^= byte
    return text + b"*%02x\n" % check


def cab_of(edition):
    cab = Cab(edition=edition, second=8 * 3600 - 1)
    cab.day = 9133  # 2025-01-02
    return cab


def check_card_in_and_out_as_the_standard_writes_them():
    for edition, body in ((2013, BODY_2013), (2019, BODY_2019)):
        cab = cab_of(edition)
        told = []
        cab.vehicle.on_driver = told.append
        cab.vehicle.feed_card(line(CARD))
        cab.drive(1)  # before the first fix there is no time to write
        assert cab.mail.posted == [(0x0702, body)], cab.mail.posted
        assert cab.vehicle.driver == NUMBER and told == [NUMBER]
        cab.second = 18 * 3600 - 1
        cab.vehicle.feed_card(line(b"OUT"))
        cab.drive(1)
        assert cab.mail.posted[1] == (0x0702, OUT_2013)
        assert cab.vehicle.driver == b"" and told == [NUMBER, b""]


def check_2011_knows_identities_only():
    cab = cab_of(2011)
    cab.vehicle.feed_card(line(CARD) + line(b"OUT") + line(b"IN,3"))
    cab.drive(1)
    body = b"\x06" + NAME + NUMBER + bytes(2) + NUMBER + bytes(22) + b"\x14" + ISSUER
    assert cab.mail.posted == [(0x0702, body)]
    assert page.handle(cab, Header(0x8702), b"", 0) == tables.RESULT_UNSUPPORTED


def check_a_card_that_cannot_be_read():
    cab = cab_of(2019)
    cab.vehicle.feed_card(line(b"IN,2"))
    cab.drive(1)
    assert cab.mail.posted == [(0x0702, b"\x01\x25\x01\x02\x08\x00\x00\x02")]
    assert cab.vehicle.driver == b""


def check_asked_again():
    cab = cab_of(2019)
    assert page.handle(cab, Header(0x8702), b"", 0) == tables.RESULT_FAILED  # no time yet
    cab.vehicle.feed_card(line(CARD))
    cab.drive(1)
    cab.power_on()  # kept over a power cut
    cab.second -= 1
    cab.drive(1)
    assert page.handle(cab, Header(0x8702), b"", 0) is None
    assert cab.mail.posted[1] == cab.mail.posted[0]


def check_another_card_signs_the_first_driver_off():
    cab = cab_of(2013)
    other = CARD.replace(b",5301", b",5302")
    cab.vehicle.feed_card(line(CARD) + line(CARD) + line(other))
    cab.drive(1)
    assert [body[0] for _, body in cab.mail.posted] == [1, 1, 2, 1]


def check_damaged_lines_say_nothing():
    cab = cab_of(2019)
    good = line(CARD)
    for at in range(len(CARD)):
        cab.vehicle.feed_card(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        cab.vehicle.feed_card(b"\n")
        cab.drive(1)
    cab.vehicle.feed_card(b"x" * 500 + b"\n")
    for text in (b"IN,0,a,,c,20301231,e", b"IN,0,a,b,c,2030,e", b"IN,9", b"OUT,1", b"", b"IN,0,a,b"):
        cab.vehicle.feed_card(line(text))
        cab.drive(1)
    assert cab.mail.posted == [] and cab.vehicle.reader.refused == 1


def check_lines_cut_anywhere():
    cab = cab_of(2019)
    for byte in line(CARD):
        cab.vehicle.feed_card(bytes([byte]))
    cab.drive(1)
    assert cab.mail.posted == [(0x0702, BODY_2019)]


def check_the_waybill_goes_with_the_positions():
    cab = cab_of(2019)
    assert not waybill.load(cab.vehicle, b"YD1", b"")  # no time yet
    cab.drive(2)
    assert waybill.take(cab.vehicle, b"#YD;L;YD20260101001;\xcb\xae\xc4\xe0 30t\0")
    message_id, body = cab.mail.posted[0]
    assert message_id == 0x0701 and int.from_bytes(body[:4], "big") == len(body) - 4
    fields = body[4:].split(b";")
    assert fields == [
        b"DYWB1",
        b"L",
        b"YD20260101001",
        b"250102080001",
        b"25000000",
        b"102700000",
        b"",
        b"\xcb\xae\xc4\xe0 30t",
    ], fields
    cab.power_on()
    assert cab.vehicle.waybill == b"YD20260101001" and cab.vehicle.loaded
    assert cab.report()[WAYBILL_ITEM] == b"YD20260101001"
    assert cab.vehicle.status_bits >> tables.STATUS_LOAD_SHIFT & 3 == 3
    cab.drive(2)
    assert waybill.take(cab.vehicle, b"#YD;U") and not waybill.take(cab.vehicle, b"#YD;U")
    assert WAYBILL_ITEM not in cab.report() and not cab.vehicle.loaded
    assert cab.mail.posted[1][1][4:].split(b";")[1:3] == [b"U", b"YD20260101001"]


def check_what_is_no_waybill():
    cab = cab_of(2019)
    cab.drive(1)
    for text in (b"", b"#YD", b"#YD;L", b"#YD;L;", b"#YD;X;1", b"hello", b"#YD;L;" + b"1" * 21, b"#YD;U;2"):
        assert not waybill.take(cab.vehicle, text), text
    assert not waybill.take(cab.vehicle, b"#YD;L;1;" + b"x" * 121)
    assert not waybill.load(cab.vehicle, b"1;2", b"")
    assert cab.mail.posted == [] and cab.vehicle.waybill == b""


def check_items_never_outgrow_the_body():
    cab = cab_of(2019)
    cab.drive(2)
    waybill.load(cab.vehicle, b"12345678901234567890", b"")
    cab.vehicle.on_input(1, 1, cab.now_ms)
    cab.wait(200)
    for size in range(40):
        buffer = bytearray(size)
        end = cab.vehicle.write_items(buffer, 0)
        assert end <= size
        at = 0
        while at < end:
            at += 2 + buffer[at + 1]
        assert at == end


harness.run(globals())
