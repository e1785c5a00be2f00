"""The recorder: what a trip leaves on flash, and what 0x8700 gets of it."""

import harness
from cab import DAY, DRIVING_S, REST_S, Cab, Header

from firmware.terminal.pages import recorder as page
from firmware.terminal.pages import trip_events, trip_files
from firmware.terminal.vehicle import blocks, inputs, trip
from protocols.wire import tables

COLLECT, SET, DATA = 0x8700, 0x8701, 0x0700
CARD = b"IN,0,Anna,530100000000000001,KM,20301231,530100199001011234"
LICENCE = b"530100199001011234"


def line(text):
    check = 0
    for byte in text:
        check ^= byte
    return text + b"*%02X\r\n" % check


def xor_of(data):
    check = 0
    for byte in data:
        check ^= byte
    return check


def ask(cab, command, data=None):
    """The data of the recorder's answer."""
    body = bytes([command])
    if data is not None:
        frame = b"\xaa\x75" + bytes([command, len(data) >> 8, len(data) & 255, 0]) + data
        body += frame + bytes([xor_of(frame)])
    result = page.handle(cab, Header(COLLECT, 9), body, cab.now_ms)
    if result is not None:
        return result
    message_id, answer, _ = cab.mail.answers.pop()
    assert message_id == DATA and answer[:3] == b"\x00\x09" + bytes([command])
    frame = answer[3:]
    assert frame[:2] == b"\x55\x7a" and xor_of(frame[:-1]) == frame[-1]
    if frame[2] == page.COLLECT_ERROR:
        return "error"
    assert frame[2] == command and frame[3] << 8 | frame[4] == len(frame) - 7
    return frame[6:-1]


def wanted(start, end, blocks=100):
    return start + end + bytes([blocks >> 8, blocks & 255])


def bcd(day, hour, minute, second=0):
    return blocks.time_bcd(day, hour * 3600 + minute * 60 + second)


def trip_of(cab):
    """8:00 to 8:05 at 36 km/h to the north, then ten minutes standing."""
    cab.drive(300, 36, north_m=10)
    cab.drive(600, 0)


def check_speed_every_second():
    cab = Cab(second=8 * 3600 - 1)
    cab.vehicle.on_input(inputs.SIGNALS, 0x20, 0)
    trip_of(cab)
    data = ask(cab, 0x08, wanted(bcd(DAY, 0, 0), bcd(DAY, 23, 59)))
    assert len(data) == 5 * 126
    for minute in range(5):
        block = data[minute * 126 : minute * 126 + 126]
        assert block[:6] == bcd(DAY, 8, minute)
        assert block[6:] == b"\x24\x20" * 60, block
    assert len(ask(cab, 0x08, wanted(bcd(DAY, 8, 1), bcd(DAY, 8, 2)))) == 2 * 126
    assert len(ask(cab, 0x08, wanted(bcd(DAY, 8, 0), bcd(DAY, 8, 9), 3))) == 3 * 126
    assert ask(cab, 0x08, wanted(bcd(DAY - 1, 8, 0), bcd(DAY - 1, 9, 0))) == b""
    assert len(ask(cab, 0x08)) == 5 * 126  # without a frame: all


def check_a_place_every_minute():
    cab = Cab(second=8 * 3600 - 1)
    trip_of(cab)
    data = ask(cab, 0x09, wanted(bcd(DAY, 0, 0), bcd(DAY, 23, 59)))
    assert len(data) == 666 and data[:6] == bcd(DAY, 8, 0)
    first = data[6:17]
    assert first[:4] == (102_700_000 * 3 // 5).to_bytes(4, "big")
    latitude = int.from_bytes(first[4:8], "big")
    assert abs(latitude - 25_000_000 * 3 // 5) < 100
    assert first[8:] == (1891).to_bytes(2, "big") + bytes([36])
    assert data[6 + 5 * 11 :] == (b"\x7f\xff\xff\xff" * 2 + b"\xff\xff\xff") * 55


def check_places_over_two_hours_come_one_answer_each():
    cab = Cab(second=9 * 3600 - 121)
    cab.drive(300, 36, north_m=10)
    first = ask(cab, 0x09)
    assert first[:6] == bcd(DAY, 8, 0) and len(first) == 666
    second = ask(cab, 0x09, wanted(bcd(DAY, 9, 0), bcd(DAY, 23, 0)))
    assert second[:6] == bcd(DAY, 9, 0) and len(second) == 666


def check_stops_drivers_power_and_settings():
    cab = Cab({DRIVING_S: 250, REST_S: 300}, second=8 * 3600 - 1)
    cab.vehicle.feed_card(line(CARD))
    cab.vehicle.on_input(inputs.SUPPLY_MV, 24000, 0)
    trip_of(cab)
    stop = ask(cab, 0x10)
    assert len(stop) == 234
    assert stop[6:24] == LICENCE
    # It stood for three seconds when the end of driving was sure; before that every second counts five times.
    assert stop[24:224] == b"\0\0" * 15 + b"\x24\0" * 85, stop[24:224]
    cab.vehicle.on_input(inputs.SUPPLY_MV, 0, cab.now_ms)
    cab.drive(5)
    cab.vehicle.on_input(inputs.SUPPLY_MV, 24000, cab.now_ms)
    cab.drive(5)
    power = ask(cab, 0x13)
    assert [power[at + 6] for at in range(0, len(power), 7)] == [1, 2, 1]
    overtime = ask(cab, 0x11)
    assert len(overtime) == 50 and overtime[:18] == LICENCE
    assert overtime[18:24] == bcd(DAY, 8, 0, 3) and overtime[24:30] == bcd(DAY, 8, 5, 1), overtime
    cab.vehicle.feed_card(line(b"OUT"))
    cab.drive(1)
    drivers = ask(cab, 0x12)
    assert [drivers[at + 24] for at in range(0, len(drivers), 25)] == [1, 2]
    assert drivers[6:24] == LICENCE
    data = b"VIN45678901234567" + b"\xd4\xc6A12345" + bytes(4) + bytes(12)
    frame = b"\xaa\x75\x82\x00\x29\x00" + data
    assert page.handle(cab, Header(SET), b"\x82" + frame + bytes([xor_of(frame)]), 0) == 0
    assert ask(cab, 0x05) == data
    assert ask(cab, 0x14)[6:] == b"\x82"
    assert ask(cab, 0x15) == b""


def check_single_answers():
    cab = Cab(second=8 * 3600 - 1)
    assert ask(cab, 0x02) == tables.RESULT_FAILED  # the recorder has no time yet
    cab.drive(1)
    assert ask(cab, 0x00) == b"\x12\x00"
    assert ask(cab, 0x01) == b"0" * 18
    assert ask(cab, 0x02, b"") == bcd(DAY, 8, 0)
    assert ask(cab, 0x03) == bcd(DAY, 8, 0) + bytes(6) + bytes(4) + b"\x00\x00\x12\x34"
    assert len(ask(cab, 0x04)) == 8 and len(ask(cab, 0x05)) == 41
    assert len(ask(cab, 0x06)) == 87 and len(ask(cab, 0x07)) == 35
    assert ask(cab, 0x20) == tables.RESULT_UNSUPPORTED
    good = b"\xaa\x75\x02\x00\x00\x00\xdd"
    for bad in (good[:-1] + b"\x00", b"\x55\x7a" + good[2:], good[:5], good + b"\0"):
        page.handle(cab, Header(COLLECT, 9), b"\x02" + bad, 0)
        assert cab.mail.answers.pop()[1][3:] == b"\x55\x7a\xfa\xd5"
        assert page.handle(cab, Header(SET), b"\x02" + bad, 0) == tables.RESULT_BAD_MESSAGE
    for command, data, result in (
        (0xC2, bytes(6), tables.RESULT_UNSUPPORTED),
        (0x83, bytes(5), tables.RESULT_BAD_MESSAGE),
        (0x83, bytes(6), tables.RESULT_OK),
        (0xC3, bytes(6) + b"\x12\x34", tables.RESULT_OK),
    ):
        frame = b"\xaa\x75" + bytes([command, 0, len(data), 0]) + data
        body = bytes([command]) + frame + bytes([xor_of(frame)])
        assert page.handle(cab, Header(SET), body, 0) == result, command
    assert ask(cab, 0x04)[6:] == b"\x12\x34"


def check_the_oldest_minutes_give_way():
    cab = Cab(second=0)
    memory = cab.vehicle.trip
    for minute in range(trip.SEGMENTS_MAX * trip.SLOTS + 100):
        cab.fix.speed_dkmh = 500
        memory.add(cab.fix, DAY + minute // 1440, minute % 1440 * 60, 0)
        if memory.full:
            memory.save()
    segments = trip_files.trip_segments(cab.files)
    assert len(segments) == trip.SEGMENTS_MAX and segments[0] > 0
    size = sum([len(cab.files.contents[trip.trip_segment_name(number)]) for number in segments])
    assert size <= 400_000
    # After a power cut it goes on where it was.
    assert trip_files.end_of_trip(cab.files) == (cab.vehicle.trip._segment, cab.vehicle.trip._slots)


def check_what_flash_lost_is_left_out():
    cab = Cab(second=8 * 3600 - 1)
    trip_of(cab)
    contents = cab.files.contents[trip.trip_segment_name(0)]
    contents[trip.SLOT_BYTES + 50] ^= 1
    # Cut while it wrote the last one.
    cab.files.contents[trip.trip_segment_name(0)] = contents[: 5 * trip.SLOT_BYTES - 7]
    assert len(ask(cab, 0x08)) == 3 * 126
    cab.power_on()
    cab.drive(61, 36)
    cab.drive(61, 0)
    blocks = ask(cab, 0x08)
    assert len(blocks) >= 4 * 126


def check_events_are_bounded():
    cab = Cab(second=8 * 3600)
    cab.drive(1)
    for number in range(250):
        trip_events.append(cab.files, blocks.POWER, bcd(DAY, 8, 0, 0) + bytes([number % 250]))
    size = 0
    for newer in (True, False):
        size += len(cab.files.contents[blocks.file_name(blocks.POWER, newer)])
    assert 50 * 7 <= size <= 100 * 7
    newest = cab.files.contents[blocks.file_name(blocks.POWER, True)]
    assert newest[-1] == 249


harness.run(globals())
