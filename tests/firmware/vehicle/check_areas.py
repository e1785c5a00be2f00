"""Areas and routes: set by messages, kept over power cuts, crossed once, with their limits and times."""

import harness
import shapes
from cab import AREAS, MAX_SPEED, OVERSPEED_S, UDEG_PER_M, Cab, Header
from shapes import (
    ANSWER,
    APPEND,
    CIRCLES,
    LATITUDE,
    LONGITUDE,
    MODIFY,
    POLYGONS,
    QUERY,
    RECTANGLES,
    REPLACE,
    ROUTES,
    SPEED,
    TELL,
    TIMED,
    circle,
    polygon,
    route,
)

from firmware.terminal.pages import areas as page
from firmware.terminal.ram_files import RamFiles
from firmware.terminal.vehicle import area_file, inputs
from protocols.wire import tables
from protocols.wire.bodies import decode_layout, layout_of


def put_circles(cab, circles, setting=APPEND):
    return shapes.put_circles(cab, page, circles, setting)


def crossings(cab):
    """(type, id, direction) of each crossing reported."""
    return [(v[0], int.from_bytes(v[1:5], "big"), v[5]) for v in cab.items(tables.ITEM_AREA_CROSSED)]


def check_a_circle_is_entered_and_left_once():
    cab = Cab()
    cab.fix.latitude_udeg -= int(500 * UDEG_PER_M)
    assert put_circles(cab, [circle(0xFFFFFFFF, 200)]) == tables.RESULT_OK
    cab.drive(100, 36, north_m=10)
    assert crossings(cab) == [(1, 0xFFFFFFFF, 0), (1, 0xFFFFFFFF, 1)]
    start = 8 * 3600
    # In after 300 m of 10 m a second, out after 700; the second fix beyond the border tells.
    entered, left = cab.raised(tables.ALARM_AREA_CROSSED)
    assert start + 30 <= entered <= start + 33 and start + 70 <= left <= start + 73, (entered, left)


def check_a_way_along_the_border_crosses_once():
    cab = Cab()
    cab.fix.latitude_udeg -= int(100 * UDEG_PER_M)
    values = polygon(5, ((0, -5000), (0, 5000), (2000, 5000), (2000, -5000)))
    assert cab.area_message(page, POLYGONS, values) == tables.RESULT_OK
    cab.drive(10, 36, north_m=10.5)
    for step in range(200):
        cab.drive(1, 36, east_m=10, north_m=4 if step & 1 else -4)
    assert len(crossings(cab)) <= 1, crossings(cab)


def check_a_wild_fix_and_a_standing_truck_cross_nothing():
    cab = Cab()
    put_circles(cab, [circle(1, 100)])
    cab.drive(10, 36)
    for _ in range(20):
        cab.drive(1, 36, north_m=500)
        cab.drive(1, 36, north_m=-500)
        cab.drive(3, 36)
    cab.drive(10, 0)
    cab.drive(1, 0, north_m=130)
    cab.drive(60, 0)
    assert crossings(cab) == []


def check_rectangle_with_its_border():
    cab = Cab()
    values = {
        "setting": REPLACE,
        "count": 1,
        "areas": [
            {
                "id": 9,
                "attributes": TELL,
                "upper_left_latitude_udeg": LATITUDE + 1000,
                "upper_left_longitude_udeg": LONGITUDE,
                "lower_right_latitude_udeg": LATITUDE,
                "lower_right_longitude_udeg": LONGITUDE + 1000,
                "name": b"",
            }
        ],
    }
    assert cab.area_message(page, RECTANGLES, values) == tables.RESULT_OK
    areas = cab.vehicle.areas
    for latitude, longitude, inside in (
        (0, 0, True),
        (1000, 1000, True),
        (-1, 0, False),
        (0, 1001, False),
        (500, 500, True),
        (1001, 0, False),
    ):
        areas.load()
        areas.state[0] = 0
        cab.fix.latitude_udeg = LATITUDE + latitude
        cab.fix.longitude_udeg = LONGITUDE + longitude
        cab.drive(1)
        assert (areas.state[0] == 2) == inside, (latitude, longitude)
    values["areas"][0]["lower_right_latitude_udeg"] = LATITUDE + 2000
    from protocols.wire.errors import RemoteProtocolError

    harness.raised(RemoteProtocolError, cab.area_message, page, RECTANGLES, values)
    assert cab.areas() == 1  # what was there is there


def check_speed_limit_of_an_area_by_day_and_night():
    cab = Cab({MAX_SPEED: 100, OVERSPEED_S: 10}, second=21 * 3600 + 3400)
    limits = {"max_speed_kmh": 40, "overspeed_s": 3, "night_max_speed_kmh": 30}
    put_circles(cab, [circle(77, 3000, TELL | SPEED, **limits)])
    cab.drive(30, 39)
    assert not cab.on(tables.ALARM_OVERSPEED)
    cab.drive(6, 41)
    assert cab.on(tables.ALARM_OVERSPEED)
    assert cab.items(tables.ITEM_OVERSPEED)[0] == b"\x01\x00\x00\x00\x4d"
    cab.drive(30, 20)
    assert not cab.on(tables.ALARM_OVERSPEED)
    cab.second = 22 * 3600 + 10
    cab.drive(10, 39)
    assert cab.on(tables.ALARM_OVERSPEED)
    cab.drive(1, 39, north_m=4000)
    cab.drive(20, 39)
    assert not cab.on(tables.ALARM_OVERSPEED)


def check_periods():
    daily = {"start_bcd": b"\0\0\0\x08\x30\0", "end_bcd": b"\0\0\0\x18\0\0"}
    night = {"start_bcd": b"\0\0\0\x22\0\0", "end_bcd": b"\0\0\0\x06\0\0"}
    once = {"start_bcd": b"\x26\x01\x04\x10\0\0", "end_bcd": b"\x26\x01\x05\x09\0\0"}
    for period, times in (
        (daily, ((8, 0, False), (8.75, 0, True), (17.9, 0, True), (18.2, 0, False))),
        (night, ((21, 0, False), (23, 0, True), (5, 0, True), (7, 0, False))),
        (once, ((9, 0, False), (11, 0, True), (8, 1, True), (9.5, 1, False))),
    ):
        for hour, later, inside in times:
            cab = Cab(second=int(hour * 3600))
            cab.day += later
            assert put_circles(cab, [circle(3, 100, TELL | TIMED, **period)]) == tables.RESULT_OK
            cab.drive(2)
            assert (cab.vehicle.areas.state[0] == 2) == inside, (period, hour)
    bad = {"start_bcd": b"\0\0\0\x08\x30\0", "end_bcd": b"\x26\x13\x05\x09\0\0"}
    from protocols.wire.errors import RemoteProtocolError

    harness.raised(RemoteProtocolError, put_circles, Cab(), [circle(3, 100, TIMED, **bad)])


def check_route_sections_and_deviation():
    cab = Cab()
    timed = {"attributes": 1, "too_long_s": 60, "too_short_s": 40}
    fast = {"attributes": 2, "max_speed_kmh": 50, "overspeed_s": 2, "night_max_speed_kmh": 40}
    points = (
        (0, 0, 1, timed),
        (300, 0, 1, timed),
        (500, 0, 2, timed),
        (1000, 0, 3, fast),
        (1500, 0, 3, fast),
        (2000, 500, 4, {}),
    )
    assert cab.area_message(page, ROUTES, route(50, points)) == tables.RESULT_OK
    cab.fix.latitude_udeg -= int(200 * UDEG_PER_M)
    cab.drive(18, 36, north_m=10)
    cab.drive(36, 36, north_m=15)  # section 1 in about 34 s: too short
    assert [bytes(v[:4]) + v[6:] for v in cab.items(tables.ITEM_SECTION_TIME)] == [b"\0\0\0\x01\0"]
    cab.drive(70, 36, north_m=7)  # section 2 in 70 s: too long, told when it is
    _, long = cab.items(tables.ITEM_SECTION_TIME)
    assert long[:4] == b"\0\0\0\x02" and long[6] == 1 and 60 <= long[5] <= 62, long
    assert not cab.on(tables.ALARM_ROUTE_DEVIATION)
    cab.drive(10, 55, north_m=10)
    assert cab.on(tables.ALARM_OVERSPEED) and cab.items(tables.ITEM_OVERSPEED)[0] == b"\x04\0\0\0\x03"
    cab.drive(10, 36, north_m=1)
    cab.drive(12, 36, east_m=10)
    assert cab.on(tables.ALARM_ROUTE_DEVIATION) and cab.vehicle.areas.off_route
    cab.drive(12, 36, east_m=-10)
    assert not cab.on(tables.ALARM_ROUTE_DEVIATION)
    assert len(cab.raised(tables.ALARM_ROUTE_DEVIATION)) == 1
    north_m = (cab.fix.latitude_udeg - LATITUDE) / UDEG_PER_M
    cab.drive(int((1500 - north_m) / 10), 36, north_m=10)
    cab.drive(70, 36, north_m=10, east_m=10)
    cab.drive(20, 36, north_m=10, east_m=10)  # past the end: left, and no deviation
    assert not cab.on(tables.ALARM_ROUTE_DEVIATION)
    assert crossings(cab) == [(4, 50, 0), (4, 50, 1), (4, 50, 0), (4, 50, 1)], crossings(cab)
    assert len(cab.items(tables.ITEM_SECTION_TIME)) == 2


def check_doors_in_an_area():
    cab = Cab()
    put_circles(cab, [circle(8, 500, 1 << 8)])
    cab.drive(3)
    cab.vehicle.on_input(inputs.DOORS, 1, cab.now_ms)
    cab.drive(3)
    assert len(cab.raised(tables.ALARM_ILLEGAL_DOOR_OPENING)) == 1
    free = Cab()
    free.vehicle.on_input(inputs.DOORS, 1, free.now_ms)
    free.drive(3)
    assert free.vehicle.alarm_high == 0


def check_driver_is_told():
    cab = Cab()
    told = []
    cab.vehicle.on_notice = told.append
    cab.fix.latitude_udeg -= int(300 * UDEG_PER_M)
    put_circles(cab, [circle(8, 100, 1 << 2 | 1 << 4)])
    cab.drive(60, 36, north_m=10)
    assert told == [1, 2] and crossings(cab) == []


def check_replace_append_modify_delete():
    cab = Cab()
    put_circles(cab, [circle(1, 100), circle(2, 100)])
    assert put_circles(cab, [circle(3, 100)]) == 0 and cab.areas() == 3
    put_circles(cab, [circle(2, 900)], MODIFY)
    assert cab.areas() == 3
    cab.area_message(page, POLYGONS, polygon(2, ((0, 0), (0, 9), (9, 9))))
    assert cab.areas() == 4  # the same id, another type
    put_circles(cab, [circle(4, 100)], REPLACE)
    assert cab.areas() == 2
    assert cab.area_message(page, 0x8605, {"count": 1, "ids": [1]}) == 0 and cab.areas() == 2
    assert cab.area_message(page, 0x8605, {"count": 1, "ids": [2]}) == 0 and cab.areas() == 1
    assert cab.area_message(page, 0x8601, {"count": 0, "ids": []}) == 0 and cab.areas() == 0
    cab.drive(3)


def check_limits():
    cab = Cab()
    many = [circle(number, 100) for number in range(1, 33)]
    assert put_circles(cab, many) == tables.RESULT_OK
    assert put_circles(cab, [circle(99, 100)]) == tables.RESULT_FAILED
    assert cab.areas() == 32
    assert put_circles(cab, [circle(5, 100)]) == tables.RESULT_OK  # in place of one
    cab = Cab()
    square = ((0, 0), (0, 9), (9, 9), (9, 0)) * 16
    assert cab.area_message(page, POLYGONS, polygon(1, square)) == tables.RESULT_OK
    assert cab.area_message(page, POLYGONS, polygon(2, square * 2)) == tables.RESULT_FAILED
    long = [(100 * number, 0, number, {}) for number in range(300)]
    assert cab.area_message(page, ROUTES, route(1, long)) == tables.RESULT_OK
    assert cab.area_message(page, ROUTES, route(2, long)) == tables.RESULT_FAILED
    assert cab.area_message(page, ROUTES, route(1, long)) == tables.RESULT_OK
    assert put_circles(cab, [circle(1, 400000)]) == tables.RESULT_FAILED
    assert cab.areas() == 2


def check_a_long_route_is_found_left_and_joined():
    cab = Cab()
    long = [(50 * number, 0, 1, {}) for number in range(400)]
    cab.area_message(page, ROUTES, route(1, long))
    cab.fix.latitude_udeg += int(15000 * UDEG_PER_M)
    cab.drive(10, 36)
    assert cab.vehicle.areas.state[0] == 2
    cab.drive(30, 36, east_m=10)
    assert cab.on(tables.ALARM_ROUTE_DEVIATION) and crossings(cab) == [(4, 1, 1)]
    cab.drive(40, 36, east_m=-7.5, north_m=-10)
    cab.drive(20, 36)
    assert not cab.on(tables.ALARM_ROUTE_DEVIATION)


def check_kept_over_a_power_cut_and_against_damage():
    cab = Cab()
    put_circles(cab, [circle(1, 100)])
    cab.power_on()
    assert cab.areas() == 1
    cab.files.contents[area_file.FILE][20] ^= 1
    cab.power_on()
    assert cab.areas() == 0 and cab.vehicle.failures == 1
    assert put_circles(cab, [circle(2, 100)], REPLACE) == tables.RESULT_OK
    assert cab.areas() == 1


class Cut(RamFiles):
    """The flash refuses from its k-th operation on."""

    def __init__(self, contents, left):
        RamFiles.__init__(self)
        self.contents = contents
        self.left = left

    def spend(self):
        self.left -= 1
        if self.left < 0:
            raise OSError(5, "cut")

    def open(self, name, writable):
        self.spend()
        file = RamFiles.open(self, name, writable)
        if not writable:
            return file
        return Slow(self, file)

    def rename(self, old, new):
        self.spend()
        RamFiles.rename(self, old, new)


class Slow:
    def __init__(self, files, file):
        self.files = files
        self.file = file

    def write(self, data):
        self.files.spend()
        return self.file.write(data)

    def seek(self, at):
        self.file.seek(at)

    def readinto(self, buffer):
        return self.file.readinto(buffer)

    def flush(self):
        self.files.spend()

    def close(self):
        pass


def check_a_cut_in_any_write_leaves_the_old_areas_or_the_new():
    cuts = 0
    for k in range(1, 60):
        cab = Cab()
        put_circles(cab, [circle(1, 100), circle(2, 100)])
        cab.vehicle.files = Cut(cab.files.contents, k)
        try:
            done = cab.area_message(page, POLYGONS, polygon(7, ((0, 0), (0, 9), (9, 9)))) == 0
        except OSError:
            done = False
            cuts += 1
        cab.power_on()
        counts = (3,) if done else (2, 3)
        assert cab.areas() in counts, k
    assert cuts > 10


def check_query_gives_back_what_was_set():
    cab = Cab()
    period = {"start_bcd": b"\x26\x12\x31\x10\0\0", "end_bcd": b"\x27\x02\x28\x23\x59\x59"}
    circles = [
        circle(1, 100, SPEED, max_speed_kmh=40, overspeed_s=3, night_max_speed_kmh=30, name=b"\xc0\xa5"),
        circle(2, 250, TIMED, **period),
    ]
    put_circles(cab, circles)
    shape = polygon(3, ((0, 0), (0, 9), (9, 9)), name=b"yard")
    cab.area_message(page, POLYGONS, shape)
    timed = {"attributes": 3, "too_long_s": 60, "too_short_s": 40, "max_speed_kmh": 9, "overspeed_s": 1}
    timed["night_max_speed_kmh"] = 8
    way = route(4, ((0, 0, 1, timed), (50, 0, 2, {})))
    cab.area_message(page, ROUTES, way)
    for kind, wanted in ((1, circles), (3, [shape]), (4, [way])):
        assert cab.area_message(page, QUERY, {"type": kind, "count": 0, "ids": []}) is None
        message_id, body, serial = cab.mail.answers.pop()
        answer = decode_layout(layout_of(AREAS, ANSWER, 2019), body)
        assert (message_id, serial, answer["type"], answer["count"]) == (ANSWER, 7, kind, len(wanted))
        settings = decode_layout(layout_of(AREAS, CIRCLES + 2 * (kind - 1), 2019), answer["settings"])
        if kind == 1:
            assert settings["areas"] == circles
        else:
            assert settings == wanted[0]
    cab.area_message(page, QUERY, {"type": 1, "count": 1, "ids": [2]})
    assert decode_layout(layout_of(AREAS, ANSWER, 2019), cab.mail.answers[0][1])["count"] == 1
    cab.settings.edition = 2013
    assert page.handle(cab, Header(QUERY), b"\1\0\0\0\0", 0) == tables.RESULT_UNSUPPORTED


def check_southern_and_western_hemispheres():
    cab = Cab()
    south_west = 1 << 6 | 1 << 7
    put_circles(cab, [circle(1, 100, south_west)])
    cab.fix.latitude_udeg = -LATITUDE
    cab.fix.longitude_udeg = -LONGITUDE
    cab.drive(2)
    assert cab.vehicle.areas.state[0] == 2


harness.run(globals())
