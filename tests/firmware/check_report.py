"""What stands in a report and when one is due: body, time, odometer, reporter. Portable."""

from binascii import hexlify

from harness import run

from firmware.terminal.calendar import day_number, read_beijing_bcd, write_beijing_bcd
from firmware.terminal.clock import DeviceClock
from firmware.terminal.nmea import Fix
from firmware.terminal.odometer import Odometer
from firmware.terminal.position import PositionBody
from firmware.terminal.ram_files import RamFiles
from firmware.terminal.reporter import CHANGE, INTERVAL, NOT_DUE, TURN, Reporter
from firmware.terminal.settings import Settings
from firmware.terminal.store import Store
from protocols.wire.bodies import decode_body
from protocols.wire.tables import ITEM_ODOMETER_DKM, STATUS_SOUTH, STATUS_WEST

NOON = 43200


def beijing(year, month, day, second):
    """The wire's time, in hexadecimal digits, of a UTC time; checked to be read back as what it was."""
    buffer = bytearray(6)
    number = day_number(year, month, day)
    write_beijing_bcd(number, second, buffer, 0)
    assert read_beijing_bcd(buffer, 0) == (number, second)
    return hexlify(buffer).decode()


def check_beijing_is_eight_hours_ahead_over_midnight_month_year_and_leap_day():
    assert beijing(2026, 3, 2, 0) == "260302080000"
    assert beijing(2026, 3, 2, 57599) == "260302235959"
    assert beijing(2026, 2, 28, 57600) == "260301000000"
    assert beijing(2028, 2, 28, 57600) == "280229000000"
    assert beijing(2028, 2, 29, 57600) == "280301000000"
    assert beijing(2025, 12, 31, 57600) == "260101000000"
    assert beijing(2024, 12, 31, 86399) == "250101075959"


def check_the_clock_goes_on_over_midnight():
    clock = DeviceClock()
    clock.set(100, 86398, 700, 5000)
    for now_ms, day, second in ((5299, 100, 86398), (5300, 100, 86399), (6300, 101, 0), (86406300, 102, 0)):
        clock.read(now_ms)
        assert (clock.day, clock.second) == (day, second), now_ms


def body_of(fixed=True, odometer_m=0, **values):
    fix = Fix()
    fix.valid = fixed
    for name, value in values.items():
        setattr(fix, name, value)
    body = PositionBody()
    length = body.write(fix, fixed, 1, 0, 0, day_number(2026, 3, 2), NOON, odometer_m, -1)
    return decode_body(0x0200, 2013, bytes(body.buffer[:length]))


def check_hemispheres_are_bits_and_degrees_have_no_sign():
    for latitude, longitude in (
        (33856784, 151215297),
        (-33856784, 151215297),
        (40689247, -74044502),
        (-1, -1),
    ):
        values = body_of(latitude_udeg=latitude, longitude_udeg=longitude)
        assert (values["latitude_udeg"], values["longitude_udeg"]) == (abs(latitude), abs(longitude))
        assert values["status"] >> STATUS_SOUTH & 1 == (latitude < 0)
        assert values["status"] >> STATUS_WEST & 1 == (longitude < 0)


def check_altitude_has_no_sign_on_the_wire_and_speed_is_that_of_a_fix():
    assert [body_of(altitude_m=metres)["altitude_m"] for metres in (-154, 0, 5231)] == [0, 0, 5231]
    assert body_of(speed_dkmh=805)["speed_dkmh"] == 805
    assert body_of(False, speed_dkmh=805)["speed_dkmh"] == 0


def check_the_odometer_is_told_in_tenths_of_a_kilometre():
    items = body_of(odometer_m=1234567)["items"]
    assert [item["value"] for item in items if item["id"] == ITEM_ODOMETER_DKM] == [12345]


def check_the_odometer_adds_speed_and_time_and_bridges_no_gap():
    odometer = Odometer(None)
    for second in range(101):
        odometer.add(720, second * 1000)
    assert odometer.metres == 2000
    odometer.add(720, 160000)  # a minute without a fix
    odometer.add(15, 161000)  # the noise of a standing truck
    assert odometer.metres == 2000
    odometer.interrupt()
    odometer.add(720, 162000)
    assert odometer.metres == 2000


def check_the_odometer_outlives_a_power_cut_but_for_its_last_kilometre():
    store = Store(RamFiles())
    odometer = Odometer(store)
    for second in range(301):
        odometer.add(720, second * 1000)
    assert odometer.metres == 6000 and 5000 <= Odometer(store).metres <= 6000
    odometer.save()
    assert Odometer(store).metres == 6000


def fix_of(direction_deg=0):
    fix = Fix()
    fix.valid = True
    fix.direction_deg = direction_deg
    fix.speed_dkmh = 600
    return fix


def reporter(**settings):
    made = Reporter(Settings(phone="1", servers=(("a", 1),), **settings))
    made.reported(fix_of(), 1, 0, 0, 100, 500)
    return made


def check_no_second_has_more_than_two_reports():
    made, fix = reporter(), fix_of()
    assert made.due(fix, 1, 0, 0, 100, 500, 10) == NOT_DUE
    assert made.due(fix, 3, 0, 0, 100, 500, 10) == CHANGE
    made.reported(fix, 3, 0, 0, 100, 500)
    assert made.due(fix, 1, 0, 0, 100, 500, 10) == NOT_DUE, "it could be the first one again"
    assert made.due(fix, 1, 0, 0, 100, 501, 10) == CHANGE


def check_a_small_step_back_waits_and_a_great_one_is_a_corrected_clock():
    made, fix = reporter(), fix_of()
    for second in (499, 480, 441):
        assert made.due(fix, 3, 1, 0, 100, second, 10) == NOT_DUE, second
    assert made.due(fix, 1, 0, 0, 100, 440, 10) == INTERVAL
    assert made.due(fix, 1, 0, 0, 99, 86000, 10) == INTERVAL


def check_the_interval_runs_over_midnight():
    made, fix = reporter(), fix_of()
    made.reported(fix, 1, 0, 0, 100, 86395)
    assert made.due(fix, 1, 0, 0, 101, 4, 10) == NOT_DUE and made.due(fix, 1, 0, 0, 101, 5, 10) == INTERVAL


def check_a_turn_over_north_is_a_small_one():
    made = reporter(turn_deg=30)
    for direction, due in ((15, NOT_DUE), (345, NOT_DUE), (30, TURN), (330, TURN), (180, TURN)):
        assert made.due(fix_of(direction), 1, 0, 0, 100, 501, 10) == due, direction


run(globals())
