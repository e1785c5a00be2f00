"""Eight areas and routes, and a drive through all of them with the heap locked. Portable."""

from cab import DRIVING_S, MAX_SPEED, OVERSPEED_S, REST_S, SPEED_MARGIN
from shapes import POLYGONS, ROUTES, SPEED, TELL, circle, polygon, put_circles, route

from firmware.terminal.pages import areas as page
from firmware.terminal.vehicle import inputs

PARAMETERS = {MAX_SPEED: 80, OVERSPEED_S: 5, DRIVING_S: 100, REST_S: 60, SPEED_MARGIN: 50}
LIMIT = {"max_speed_kmh": 50, "overspeed_s": 2, "night_max_speed_kmh": 40}
SECONDS = 400


def ring(radius_m, corners):
    """A polygon of many corners around the origin, in integers."""
    points = []
    for index in range(corners):
        side = index * 4 // corners
        along = index * 4 % corners * 2 * radius_m // corners - radius_m
        points.append(((-radius_m, along), (along, radius_m), (radius_m, -along), (-along, -radius_m))[side])
    return points


def set_up(cab):
    """Eight areas and routes around the start."""
    put_circles(cab, page, [circle(1, 300), circle(2, 2500, TELL | SPEED, **LIMIT), circle(0xFFFFFFF0, 50)])
    for number in (3, 4, 5):
        assert cab.area_message(page, POLYGONS, polygon(number, ring(200 * number, 64))) == 0
    timed = {"attributes": 3, "too_long_s": 20, "too_short_s": 15, "max_speed_kmh": 60, "overspeed_s": 1}
    timed["night_max_speed_kmh"] = 0
    way = [(100 * number - 1500, 0, number // 5, timed) for number in range(30)]
    assert cab.area_message(page, ROUTES, route(6, way)) == 0
    assert (
        cab.area_message(page, ROUTES, route(7, [(0, east, 1, {}) for east in range(-9000, 9000, 100)])) == 0
    )
    assert cab.areas() == 8


def locked_drive(cab, lock, unlock, clock_us):
    """Drives through all of it, every epoch between lock() and unlock(); (reports, us an epoch)."""
    vehicle, fix = cab.vehicle, cab.fix
    buffer = bytearray(71)
    fix.latitude_udeg -= 1600 * 9
    spent_us = 0
    reports = 0
    for second in range(SECONDS):
        fix.latitude_udeg += 150 if second < 200 else -90
        fix.longitude_udeg += 0 if second % 100 < 60 else 60
        fix.speed_dkmh = 550 if second % 50 < 30 else 350
        cab.now_ms += 1000
        began = clock_us()
        lock()
        try:
            vehicle.on_epoch(fix, cab.day, 3600 + second, cab.now_ms)
            vehicle.on_input(inputs.EMERGENCY, second // 20 & 1, cab.now_ms)
            vehicle.on_input(inputs.SUPPLY_MV, 24000 - second * 50, cab.now_ms)
            vehicle.next_deadline_ms(cab.now_ms + 500)
            if vehicle.changed:
                vehicle.write_items(buffer, 40)
                reports += 1
                vehicle.reported(reports)
                vehicle.acknowledged(reports)
        finally:
            unlock()
        spent_us += clock_us() - began
        vehicle.tick(cab.now_ms)
    assert vehicle.failures == 0 and vehicle.trip.failures == 0
    assert reports > 20, reports
    return reports, spent_us // SECONDS
