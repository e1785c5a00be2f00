"""Alarms: each is raised once, at the right time, and ends as its kind says."""

import harness
from cab import (
    ALARM_MASK,
    COLLISION,
    FENCE,
    FORBIDDEN,
    MAX_SPEED,
    OVERSPEED_S,
    PARKING_S,
    SPEED_MARGIN,
    TILT,
    Cab,
    Header,
)
from shapes import circle, put_circles

from firmware.terminal.pages import areas, confirmation
from firmware.terminal.vehicle import inputs
from protocols.wire import tables


def check_emergency_lasts_until_the_platform_answers():
    cab = Cab()
    cab.answering = False
    cab.drive(3)
    cab.vehicle.on_input(inputs.EMERGENCY, 1, cab.now_ms)
    assert not cab.on(tables.ALARM_EMERGENCY)  # a contact bounces
    cab.wait(150)
    assert cab.on(tables.ALARM_EMERGENCY) and cab.vehicle.alarms.event == 1
    cab.vehicle.on_input(inputs.EMERGENCY, 0, cab.now_ms)
    cab.drive(60)
    assert cab.on(tables.ALARM_EMERGENCY)  # nobody has answered
    assert cab.items(tables.ITEM_ALARM_EVENT) == [b"\x00\x01"]
    cab.vehicle.acknowledged(cab._sequence)
    assert not cab.on(tables.ALARM_EMERGENCY) and cab.vehicle.changed
    cab.answering = True
    cab.drive(3)
    cab.vehicle.on_input(inputs.EMERGENCY, 1, cab.now_ms)
    cab.wait(5000)
    cab.drive(30)
    assert not cab.on(tables.ALARM_EMERGENCY)  # still pressed: no third one
    assert cab.vehicle.alarms.event == 2


def check_a_bouncing_button_is_pressed_once():
    cab = Cab()
    for _ in range(5):
        cab.vehicle.on_input(inputs.EMERGENCY, 1, cab.now_ms)
        cab.wait(20)
        cab.vehicle.on_input(inputs.EMERGENCY, 0, cab.now_ms)
        cab.wait(20)
    cab.vehicle.on_input(inputs.EMERGENCY, 1, cab.now_ms)
    cab.wait(2000)
    assert cab.vehicle.alarms.event == 1 and len(cab.raised(tables.ALARM_EMERGENCY)) == 1


def check_confirmed_by_hand():
    cab = Cab(edition=2013)
    cab.answering = False
    cab.vehicle.on_input(inputs.EMERGENCY, 1, cab.now_ms)
    cab.wait(1000)
    body = b"\x00\x00\x00\x00\x00\x01"
    assert confirmation.handle(cab, Header(0x8203), body, cab.now_ms) == tables.RESULT_OK
    assert not cab.on(tables.ALARM_EMERGENCY)
    cab.settings.edition = 2011
    assert confirmation.handle(cab, Header(0x8203), body, cab.now_ms) == tables.RESULT_UNSUPPORTED


def check_overspeed_with_warning_and_hysteresis():
    cab = Cab({MAX_SPEED: 80, OVERSPEED_S: 10, SPEED_MARGIN: 50})
    cab.drive(20, 74)
    assert not cab.on(tables.ALARM_OVERSPEED_WARNING)
    cab.drive(4, 76)
    assert cab.on(tables.ALARM_OVERSPEED_WARNING)
    start = cab.second
    cab.drive(9, 81)
    assert not cab.on(tables.ALARM_OVERSPEED)
    cab.drive(3, 81)
    assert cab.on(tables.ALARM_OVERSPEED)
    assert cab.raised(tables.ALARM_OVERSPEED) == [start + 11]
    for kmh in (80, 79.5, 80.5, 79.2) * 10:  # around the limit: one alarm, not many
        cab.drive(1, kmh)
    assert cab.on(tables.ALARM_OVERSPEED) and len(cab.raised(tables.ALARM_OVERSPEED)) == 1
    cab.drive(5, 70)
    assert not cab.on(tables.ALARM_OVERSPEED)
    assert cab.items(tables.ITEM_OVERSPEED)[0] == b"\x00"  # of no area


def check_a_short_burst_is_no_overspeed():
    cab = Cab({MAX_SPEED: 80, OVERSPEED_S: 10})
    for _ in range(20):
        cab.drive(8, 95)
        cab.drive(2, 60)
    assert cab.raised(tables.ALARM_OVERSPEED) == []


def check_no_limit_no_alarm():
    cab = Cab({})
    cab.drive(30, 150)
    cab.drive(30, 0)
    assert cab.vehicle.alarm_high == 0 and cab.vehicle.alarm_low == 0


def check_power():
    cab = Cab()
    for mv in (27500, 24000, 19000):
        cab.vehicle.on_input(inputs.SUPPLY_MV, mv, cab.now_ms)
    cab.wait(9000)
    cab.vehicle.on_input(inputs.SUPPLY_MV, 26000, cab.now_ms)  # it was the starter
    cab.drive(20)
    assert cab.raised(tables.ALARM_POWER_LOW) == []
    cab.vehicle.on_input(inputs.SUPPLY_MV, 20000, cab.now_ms)
    cab.drive(15)
    assert cab.on(tables.ALARM_POWER_LOW)
    cab.vehicle.on_input(inputs.SUPPLY_MV, 21200, cab.now_ms)  # within the hysteresis
    cab.drive(15)
    assert cab.on(tables.ALARM_POWER_LOW)
    cab.vehicle.on_input(inputs.SUPPLY_MV, 0, cab.now_ms)
    cab.drive(15)
    assert cab.on(tables.ALARM_POWER_LOST) and not cab.on(tables.ALARM_POWER_LOW)
    cab.vehicle.on_input(inputs.SUPPLY_MV, 24000, cab.now_ms)
    cab.drive(15)
    assert not cab.on(tables.ALARM_POWER_LOST)
    twelve = Cab()
    twelve.vehicle.on_input(inputs.SUPPLY_MV, 12500, twelve.now_ms)
    twelve.drive(20)
    assert not twelve.on(tables.ALARM_POWER_LOW)


def check_receiver_and_antenna():
    cab = Cab()
    cab.drive(5)
    cab.wait(9000)
    assert not cab.on(tables.ALARM_GNSS_FAULT)
    assert cab.vehicle.next_deadline_ms(cab.now_ms + 99999) == cab.now_ms + 1000
    cab.wait(2000)
    assert cab.on(tables.ALARM_GNSS_FAULT)
    cab.drive(5)
    assert not cab.on(tables.ALARM_GNSS_FAULT)
    cab.vehicle.on_input(inputs.ANTENNA, inputs.ANTENNA_OPEN, cab.now_ms)
    cab.drive(4)
    assert cab.on(tables.ALARM_GNSS_ANTENNA_OPEN) and not cab.on(tables.ALARM_GNSS_ANTENNA_SHORT)
    cab.vehicle.on_input(inputs.ANTENNA, inputs.ANTENNA_SHORT, cab.now_ms)
    cab.drive(5)
    assert cab.on(tables.ALARM_GNSS_ANTENNA_SHORT) and not cab.on(tables.ALARM_GNSS_ANTENNA_OPEN)


def check_a_start_late_in_the_boards_time_is_no_silence():
    cab = Cab()
    cab.now_ms = 40_000_000  # the board counts on over a start of the terminal
    cab.power_on()
    cab.wait(9900)
    assert not cab.on(tables.ALARM_GNSS_FAULT)
    cab.wait(200)
    assert cab.on(tables.ALARM_GNSS_FAULT)


def check_devices():
    for kind, alarm in (
        (inputs.DISPLAY_FAULT, tables.ALARM_DISPLAY_FAULT),
        (inputs.TTS_FAULT, tables.ALARM_TTS_FAULT),
        (inputs.CAMERA_FAULT, tables.ALARM_CAMERA_FAULT),
        (inputs.CARD_READER_FAULT, tables.ALARM_IC_CARD_FAULT),
        (inputs.GNSS_FAULT, tables.ALARM_GNSS_FAULT),
    ):
        cab = Cab()
        cab.vehicle.on_input(kind, 1, cab.now_ms)
        cab.drive(4)
        assert cab.on(alarm), kind
        cab.vehicle.on_input(kind, 0, cab.now_ms)
        cab.drive(4)
        assert not cab.on(alarm) and len(cab.raised(alarm)) == 1


def check_tilt_and_shock():
    cab = Cab({TILT: 30, COLLISION: 10 << 8 | 5})
    cab.vehicle.on_input(inputs.TILT_DEG, 31, cab.now_ms)
    cab.drive(2)
    assert cab.on(tables.ALARM_ROLLOVER)
    cab.vehicle.on_input(inputs.TILT_DEG, 27, cab.now_ms)
    cab.drive(10)
    assert cab.on(tables.ALARM_ROLLOVER)
    cab.vehicle.on_input(inputs.TILT_DEG, 5, cab.now_ms)
    cab.drive(10)
    assert not cab.on(tables.ALARM_ROLLOVER)
    cab.vehicle.on_input(inputs.SHOCK, 12 << 8 | 4, cab.now_ms)  # too short
    cab.vehicle.on_input(inputs.SHOCK, 9 << 8 | 50, cab.now_ms)  # too weak
    assert not cab.on(tables.ALARM_COLLISION)
    cab.vehicle.on_input(inputs.SHOCK, 12 << 8 | 5, cab.now_ms)
    assert cab.on(tables.ALARM_COLLISION)
    cab.drive(9)
    assert cab.on(tables.ALARM_COLLISION)
    cab.drive(3)
    assert not cab.on(tables.ALARM_COLLISION) and len(cab.raised(tables.ALARM_COLLISION)) == 1


def check_moved_and_started_without_leave():
    cab = Cab({FENCE: 100})
    cab.drive(5)
    cab.vehicle.on_input(inputs.IGNITION, 0, cab.now_ms)
    cab.drive(10)
    cab.drive(9, north_m=11)
    cab.drive(10)
    assert cab.raised(tables.ALARM_ILLEGAL_DISPLACEMENT) == []  # 99 m
    cab.drive(1, east_m=60)
    cab.drive(5)
    assert len(cab.raised(tables.ALARM_ILLEGAL_DISPLACEMENT)) == 1
    cab.vehicle.on_input(inputs.ARMED, 1, cab.now_ms)
    cab.vehicle.on_input(inputs.IGNITION, 1, cab.now_ms)
    cab.drive(5)
    assert len(cab.raised(tables.ALARM_ILLEGAL_IGNITION)) == 1
    free = Cab({FENCE: 100})
    free.vehicle.on_input(inputs.IGNITION, 0, free.now_ms)
    free.drive(10)
    free.vehicle.on_input(inputs.IGNITION, 1, free.now_ms)
    free.drive(20, 60, north_m=17)
    assert free.vehicle.alarm_high == 0


def check_parking_and_forbidden_hours():
    cab = Cab({PARKING_S: 600, FORBIDDEN: b"\x02\x00\x05\x00"}, second=60)
    cab.drive(20, 40, north_m=11)
    cab.drive(590)
    assert not cab.on(tables.ALARM_PARKING_TIME_EXCEEDED)
    cab.drive(30)
    assert cab.on(tables.ALARM_PARKING_TIME_EXCEEDED)
    cab.drive(10, 40, north_m=11)
    assert not cab.on(tables.ALARM_PARKING_TIME_EXCEEDED)
    assert not cab.on(tables.ALARM_FORBIDDEN_DRIVING)
    cab.second = 2 * 3600
    cab.drive(10, 40, north_m=11)
    assert cab.on(tables.ALARM_FORBIDDEN_DRIVING)


def check_mask_and_status():
    cab = Cab({ALARM_MASK: 1 << tables.ALARM_EMERGENCY | 1 << tables.ALARM_OVERSPEED, MAX_SPEED: 80})
    cab.vehicle.on_input(inputs.EMERGENCY, 1, cab.now_ms)
    cab.drive(10, 100)
    assert cab.vehicle.alarm_low == 0 and cab.vehicle.alarms.event == 0
    cab.parameters.values[ALARM_MASK] = 0
    cab.vehicle.apply_parameters()
    assert cab.on(tables.ALARM_OVERSPEED) and not cab.on(tables.ALARM_EMERGENCY)
    assert cab.vehicle.status_bits == 1 << tables.STATUS_MOVING
    cab.vehicle.on_input(inputs.DOORS, 9, cab.now_ms)
    cab.vehicle.on_input(inputs.DOOR_LOCKED, 1, cab.now_ms)
    wanted = 1 << tables.STATUS_MOVING | 9 << tables.STATUS_FRONT_DOOR_OPEN | 1 << tables.STATUS_DOOR_LOCKED
    assert cab.vehicle.status_bits == wanted and cab.vehicle.changed
    old = Cab({MAX_SPEED: 80, SPEED_MARGIN: 50}, edition=2011)
    old.drive(10, 78)
    assert old.vehicle.status_bits == 0 and old.vehicle.alarm_low == 0  # bits of later editions


def check_bit_31_stays_apart():
    cab = Cab()
    put_circles(cab, areas, [circle(8, 500, 1 << 8)])
    cab.drive(2)
    cab.vehicle.on_input(inputs.DOORS, 1, cab.now_ms)
    cab.wait(1500)
    assert cab.raised(tables.ALARM_ILLEGAL_DOOR_OPENING) and cab.reports[0][2] == 1 << 31


harness.run(globals())
