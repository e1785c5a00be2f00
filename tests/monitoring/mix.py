"""A realistic mix of reports: many vehicles, consecutive fixes, five additional items. By seed."""

import math
import random
import struct
import time

from protocols.monitoring.records import LIVE, Record
from protocols.wire.bcd import digits_to_bcd

_START_S = 1_763_700_000  # 2025-11-21, a fixed day so that a seed means the same bytes for ever


class _Vehicle:
    def __init__(self, dice: random.Random, interval_s: int) -> None:
        self.phone = f"0{13_800_000_000 + dice.randrange(10**8)}"
        self.serial = dice.randrange(0x10000)
        self.latitude, self.longitude = 24.5e6 + dice.random() * 2e6, 100e6 + dice.random() * 3e6
        self.altitude = 1500 + dice.random() * 700
        self.cruise_dkmh = dice.choice((0, 0, 600, 700, 800))
        self.direction = dice.random() * 360
        self.odometer_dkm = dice.randrange(10**6, 10**7)
        self.offset_s = dice.random() * interval_s

    def body(self, dice: random.Random, at_s: float, interval_s: int) -> bytes:
        speed = max(0.0, self.cruise_dkmh + dice.gauss(0, 15)) if self.cruise_dkmh else 0.0
        way_m = speed / 36 * interval_s
        self.direction = (self.direction + (dice.gauss(0, 4) if speed else 0)) % 360
        self.latitude += way_m * math.cos(math.radians(self.direction)) / 0.111 + dice.gauss(0, 10)
        self.longitude += way_m * math.sin(math.radians(self.direction)) / 0.1 + dice.gauss(0, 10)
        self.altitude += dice.gauss(0, 1.5)
        self.odometer_dkm += int(way_m / 100)
        place = (int(self.latitude), int(self.longitude), int(self.altitude), int(speed), int(self.direction))
        digits = time.strftime("%y%m%d%H%M%S", time.gmtime(at_s + 8 * 3600))
        items = struct.pack(">BBI", 1, 4, self.odometer_dkm) + struct.pack(">BBH", 3, 2, int(speed))
        items += struct.pack(">BBI", 0x25, 4, 0) + bytes((0x30, 1, dice.randrange(15, 31)))
        items += bytes((0x31, 1, dice.randrange(8, 22)))
        return struct.pack(">IIIIHHH", 0, 3, *place) + digits_to_bcd(digits, 6) + items


def make_mix(count: int, vehicles: int = 500, interval_s: int = 10, seed: int = 1) -> list[Record]:
    """`count` records, sequences from 1, in the order a gateway would receive them."""
    dice = random.Random(seed)
    fleet = [_Vehicle(dice, interval_s) for _ in range(vehicles)]
    rounds = -(-count // vehicles)
    moments = [
        (car.offset_s + turn * interval_s, at) for turn in range(rounds) for at, car in enumerate(fleet)
    ]
    records = []
    for sequence, (moment_s, at) in enumerate(sorted(moments)[:count], 1):
        car, at_s = fleet[at], _START_S + moment_s
        car.serial = (car.serial + 1) & 0xFFFF
        received_ms = int(at_s * 1000) + dice.randrange(520, 900)
        body = car.body(dice, at_s, interval_s)
        records.append(Record(sequence, received_ms, car.phone, 2013, 0, 0x0200, car.serial, LIVE, body))
    return records
