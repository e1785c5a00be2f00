"""Driving time: fatigue, rest, the day's sum; over driver changes, tunnels, midnight and power cuts."""

import harness
from cab import DAILY_S, DAY, DRIVING_S, FATIGUE_MARGIN, REST_S, Cab

from firmware.terminal.pages import driver as page
from firmware.terminal.vehicle import inputs
from protocols.wire import tables

HOUR = 3600
LIMITS = {DRIVING_S: 4 * HOUR, DAILY_S: 8 * HOUR, REST_S: 20 * 60, FATIGUE_MARGIN: 30 * 60}
ANNA = b"IN,0,Anna,530100000000000001,KM,20301231,530100199001011234"
BERT = b"IN,0,Bert,530100000000000002,KM,20301231,530100199001011235"


def line(text):
    check = 0
    for byte in text:
        check ^= byte
    return text + b"*%02X\r\n" % check


def drive(cab, seconds, kmh=60.0):
    """Steps of five seconds: a receiver need not be fast, and a test must be."""
    for _ in range(seconds // 5):
        cab.now_ms += 4000
        cab.second += 4
        if cab.second >= 86399:
            cab.second -= 86400
            cab.day += 1
        cab.fix.speed_dkmh = int(kmh * 10)
        cab.epoch()


def check_fatigue_is_warned_of_raised_once_and_ended_by_a_rest():
    cab = Cab(LIMITS, second=0)
    drive(cab, 3 * HOUR + 29 * 60)
    assert not cab.on(tables.ALARM_FATIGUE_WARNING)
    drive(cab, 2 * 60)
    assert cab.on(tables.ALARM_FATIGUE_WARNING) and not cab.on(tables.ALARM_FATIGUE)
    drive(cab, 29 * 60 + 30)
    assert cab.on(tables.ALARM_FATIGUE) and not cab.on(tables.ALARM_FATIGUE_WARNING)
    raised = cab.raised(tables.ALARM_FATIGUE)
    assert len(raised) == 1 and abs(raised[0] - 4 * HOUR) <= 15, raised
    drive(cab, 19 * 60, 0)
    assert cab.on(tables.ALARM_FATIGUE)
    drive(cab, 60, 60)  # the rest was too short
    drive(cab, 19 * 60, 0)
    assert cab.on(tables.ALARM_FATIGUE)
    drive(cab, 2 * 60, 0)
    assert not cab.on(tables.ALARM_FATIGUE) and len(cab.raised(tables.ALARM_FATIGUE)) == 1


def check_short_stops_add_up():
    cab = Cab(LIMITS, second=0)
    for _ in range(13):
        drive(cab, 20 * 60)
        drive(cab, 10 * 60, 0)
    assert cab.on(tables.ALARM_FATIGUE)
    assert abs(cab.vehicle.driving.driven_s - 13 * 20 * 60) < 13 * 15


def check_the_day_ends_at_midnight_in_beijing():
    cab = Cab(LIMITS, second=0)
    for _ in range(3):
        drive(cab, 2 * HOUR + 45 * 60)
        drive(cab, 30 * 60, 0)
    assert cab.on(tables.ALARM_DRIVING_TIME_EXCEEDED)
    cab.second = 86390
    drive(cab, 20)
    assert cab.day == DAY + 1 and not cab.on(tables.ALARM_DRIVING_TIME_EXCEEDED)


def check_a_tunnel_is_no_rest():
    cab = Cab(LIMITS, second=0)
    drive(cab, 600)
    driven_s = cab.vehicle.driving.driven_s
    cab.fix.valid = False
    drive(cab, 30 * 60, 0)
    assert abs(cab.vehicle.driving.driven_s - driven_s - 30 * 60) <= 5
    cab.vehicle.on_input(inputs.IGNITION, 0, cab.now_ms)
    drive(cab, 30 * 60, 0)
    assert cab.vehicle.driving.driven_s == 0


def check_each_driver_has_his_own_time():
    cab = Cab(LIMITS, second=0)
    cab.vehicle.feed_card(line(ANNA))
    drive(cab, 3 * HOUR)
    cab.vehicle.feed_card(line(BERT))
    drive(cab, 10 * 60)
    assert cab.vehicle.driving.driven_s <= 10 * 60
    cab.vehicle.feed_card(line(ANNA))  # ten minutes beside the wheel are no rest
    drive(cab, 10)
    assert cab.vehicle.driving.driven_s > 3 * HOUR - 60
    cab.vehicle.feed_card(line(BERT))
    drive(cab, 30 * 60)
    cab.vehicle.feed_card(line(ANNA))  # thirty are one
    drive(cab, 60)
    assert cab.vehicle.driving.driven_s <= 60
    assert abs(cab.vehicle.driving.today_s - 3 * HOUR - 60) < 30


def check_a_power_cut_costs_minutes_not_hours():
    cab = Cab(LIMITS, second=0)
    cab.vehicle.feed_card(line(ANNA))
    drive(cab, 3 * HOUR)
    cab.power_on()
    assert cab.vehicle.driver == b"530100000000000001"
    drive(cab, 60)
    assert 3 * HOUR - 320 <= cab.vehicle.driving.driven_s <= 3 * HOUR + 60
    cab.power_on()
    cab.second += 40 * 60  # the terminal was off all the time
    drive(cab, 60)
    assert cab.vehicle.driving.driven_s <= 60 and cab.vehicle.driving.today_s > 2 * HOUR


class Counting:
    """A store that counts its writes."""

    def __init__(self, store):
        self.store = store
        self.files = store.files
        self.writes = 0

    def get(self, name):
        return self.store.get(name)

    def put(self, name, value):
        self.writes += 1
        self.store.put(name, value)


def check_writes_are_bounded():
    cab = Cab(LIMITS, second=0)
    cab.vehicle.driving._store = counting = Counting(cab.store)
    drive(cab, 4 * HOUR)
    assert 40 <= counting.writes <= 4 * 12 + 2, counting.writes
    cab.vehicle.driving._store = Refusing()
    drive(cab, HOUR)
    assert cab.vehicle.driving.driven_s > 5 * HOUR - 30  # a flash that refuses stops nothing


class Refusing:
    def put(self, name, value):
        raise OSError(28, "full")


def check_a_clock_put_right_is_no_driving():
    cab = Cab(LIMITS, second=12 * HOUR)
    drive(cab, 60)
    before_s = cab.vehicle.driving.driven_s
    cab.second += 2 * HOUR
    drive(cab, 5)
    cab.second -= 2 * HOUR
    drive(cab, 5)
    assert cab.vehicle.driving.driven_s <= before_s + 10


def check_the_keypad_instead_of_a_card():
    cab = Cab(LIMITS)
    cab.drive(2)
    cab.store.put(page.PINS, page.pin_entry(b"A1", b"2468") + page.pin_entry(b"B2", b"1357"))
    assert not page.keypad(cab.vehicle, b"A1", b"1357") and cab.vehicle.driver == b""
    assert page.keypad(cab.vehicle, b"B2", b"1357") and cab.vehicle.driver == b"B2"
    page.leave(cab.vehicle)
    assert cab.vehicle.driver == b""
    for _ in range(page.WRONG_PINS_MAX):
        assert not page.keypad(cab.vehicle, b"A1", b"0")
    assert not page.keypad(cab.vehicle, b"A1", b"2468")  # guessed too often
    cab.vehicle.feed_card(line(ANNA))
    cab.drive(1)
    assert page.keypad(cab.vehicle, b"A1", b"2468") and cab.vehicle.driver == b"A1"


harness.run(globals())
