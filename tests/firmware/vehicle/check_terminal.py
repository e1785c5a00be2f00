"""The vehicle in the whole terminal: areas by message, alarms in reports, ended by the platform's answer."""

import sys

import harness
from cab import AREAS, MAX_SPEED
from shapes import CIRCLES, SPEED, TELL, circle

from firmware.terminal.ram_files import RamFiles
from firmware.terminal.store import Store
from firmware.terminal.vehicle import inputs
from firmware.terminal.vehicle.vehicle import Vehicle
from protocols.wire import tables
from protocols.wire.bodies import decode_body, encode_layout, layout_of

for folder in list(sys.path):
    if folder.endswith("tests/firmware/vehicle"):
        sys.path.append(folder[: -len("/vehicle")])
from platform_script import Road  # noqa: E402

CARD = b"IN,0,Anna,530100000000000001,KM,20301231,530100199001011234"


def line(text):
    check = 0
    for byte in text:
        check ^= byte
    return text + b"*%02X\r\n" % check


class Truck(Road):
    """A Road whose terminal has senses, on one flash."""

    def __init__(self, **settings):
        files = RamFiles()
        Road.__init__(self, files, Store(files), edition=2019, **settings)

    def power_on(self, files):
        Road.power_on(self, files)
        terminal = self.terminal
        store = self.settings.store
        terminal.attach_vehicle(
            Vehicle(terminal.parameters, store, terminal.mail, lambda: 0, self.settings.edition)
        )

    def reports(self):
        """(alarm word, items) of every report that was emitted."""
        out = []
        for sequence in sorted(self.emitted):
            values = decode_body(tables.MSG_POSITION_REPORT, 2019, self.emitted[sequence])
            items = {}
            for item in values["items"]:
                items[item["id"]] = item["value"]
            out.append((values["alarm"], items))
        return out

    def go(self, start, seconds, metres):
        """North, so many metres a second, from 25°00' on."""
        for second in range(start, start + seconds):
            self.pass_ms(1000)
            minutes, rest = divmod(int((second - start) * metres * 54), 100000)
            self.fix(second, minute=f"{minutes:02}.{rest:05}", speed=f"{metres * 1.944:.1f}")


def online():
    truck = Truck()
    truck.pass_ms(500)
    assert truck.terminal.state == "online"
    return truck


def put(truck, circles):
    layout = layout_of(AREAS, CIRCLES, 2019)
    truck.send(CIRCLES, body=encode_layout(layout, {"setting": 1, "count": len(circles), "areas": circles}))
    truck.pass_ms(500)
    return truck.of(tables.MSG_TERMINAL_GENERAL_RESPONSE)[-1][1]["result"]


def check_an_area_is_set_entered_left_and_each_alarm_answered():
    truck = online()
    place = {"latitude_udeg": 25_003_000, "longitude_udeg": 102_716_667}
    limit = {"max_speed_kmh": 40, "overspeed_s": 3, "night_max_speed_kmh": 0}
    assert put(truck, [circle(7, 150, TELL | SPEED, **place, **limit)]) == tables.RESULT_OK
    truck.go(100, 60, 15)
    reports = truck.reports()
    crossed = [items[0x12] for _, items in reports if 0x12 in items]
    assert [(item["type"], item["area_id"], item["direction"]) for item in crossed] == [(1, 7, 0), (1, 7, 1)]
    over = [items[0x11] for alarm, items in reports if alarm >> tables.ALARM_OVERSPEED & 1]
    assert over and over[0] == {"type": 1, "area_id": 7}
    area_bit = 1 << tables.ALARM_AREA_CROSSED
    with_bit = [alarm for alarm, _ in reports if alarm & area_bit]
    assert len(with_bit) == 2, len(with_bit)  # the platform answered each at once
    assert truck.terminal.vehicle.alarm_high == 0 and truck.terminal.vehicle.alarm_low == 0
    assert len(truck.acknowledged) == len(truck.emitted)


def check_emergency_stays_until_the_link_is_back():
    truck = online()
    truck.go(100, 5, 10)
    truck.reachable = False
    truck.cut()
    truck.terminal.on_input(inputs.EMERGENCY, 1, truck.now_ms)
    truck.pass_ms(300)
    truck.terminal.on_input(inputs.EMERGENCY, 0, truck.now_ms)
    truck.go(110, 60, 10)
    assert truck.terminal.vehicle.alarm_low == 1 << tables.ALARM_EMERGENCY
    truck.reachable = True
    truck.go(200, 120, 10)
    assert truck.terminal.vehicle.alarm_low == 0
    assert truck.terminal.vehicle.alarms.event == 1
    assert not truck.terminal.held


def check_an_alarm_whose_report_is_refused_ends_too():
    truck = online()
    truck.go(100, 5, 10)
    truck.results = {tables.MSG_POSITION_REPORT: tables.RESULT_UNSUPPORTED}
    truck.terminal.on_input(inputs.EMERGENCY, 1, truck.now_ms)
    truck.pass_ms(300)
    truck.terminal.on_input(inputs.EMERGENCY, 0, truck.now_ms)
    truck.go(105, 5, 10)
    assert truck.terminal.refused and truck.terminal.vehicle.alarm_low == 0


def check_parameters_take_effect_at_once():
    truck = online()
    truck.terminal.parameters.values[MAX_SPEED] = 60
    truck.go(100, 20, 20)
    assert truck.terminal.vehicle.alarm_low >> tables.ALARM_OVERSPEED & 1
    over = [items[0x11] for _, items in truck.reports() if 0x11 in items]
    assert over[0] == {"type": 0}


def check_driver_and_waybill_arrive():
    truck = online()
    truck.terminal.vehicle.feed_card(line(CARD))
    truck.go(100, 5, 10)
    truck.pass_ms(2000)
    values = truck.of(0x0702)[0][1]
    assert values["status"] == 1 and values["name"] == b"Anna"
    truck.send(0x8702, body=b"")
    truck.pass_ms(2000)
    assert len(truck.of(0x0702)) == 2
    truck.send(0x8700, body=b"\x00")
    truck.pass_ms(2000)
    assert truck.of(0x0700)[0][1]["frame"] == b"\x55\x7a\x00\x00\x02\x00\x12\x00\x3f"
    truck.send(0x8203, body=b"\0\0\0\0\0\1")
    truck.pass_ms(500)
    assert truck.of(tables.MSG_TERMINAL_GENERAL_RESPONSE)[-1][1]["result"] == tables.RESULT_OK


def check_damage_is_answered_and_changes_nothing():
    truck = online()
    assert put(truck, [circle(1, 100)]) == tables.RESULT_OK
    for body in (b"", b"\x01", b"\x01\x01", b"\x00\x02" + bytes(20), b"\x01\x00\x00"):
        truck.send(CIRCLES, body=body)
        truck.pass_ms(500)
        result = truck.of(tables.MSG_TERMINAL_GENERAL_RESPONSE)[-1][1]["result"]
        assert result == tables.RESULT_BAD_MESSAGE, body
    assert truck.terminal.vehicle.areas.count == 1


harness.run(globals())


def check_an_order_by_passthrough_loads_the_truck():
    truck = online()
    truck.go(100, 3, 10)
    truck.send(0x8900, body=b"\xf3#YD;L;YD1;steel 20t")
    truck.go(103, 3, 10)
    assert truck.terminal.vehicle.waybill == b"YD1"
    assert b"L;YD1;" in truck.of(0x0701)[0][1]["content"]
    truck.send(0x8900, body=b"\xf3#YD;?")
    truck.go(106, 1, 10)
    answers = [values["result"] for _, values, _ in truck.of(tables.MSG_TERMINAL_GENERAL_RESPONSE)]
    assert answers == [tables.RESULT_OK, tables.RESULT_UNSUPPORTED]
