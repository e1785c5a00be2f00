"""What the recorder's pages and the driver's share: names of the logs, blocks' fields, who drives.

No resident code needs it; the linker puts what a page uses into that page.
"""

import struct

from ..calendar import BEIJING_OFFSET_S, write_beijing_bcd
from .vehicle import DRIVER

ACCIDENTS = 0x10
OVERTIME = 0x11
DRIVERS = 0x12
POWER = 0x13
PARAMETERS = 0x14
BLOCK_BYTES = {ACCIDENTS: 234, OVERTIME: 50, DRIVERS: 25, POWER: 7, PARAMETERS: 7}
NO_COORDINATE = 0x7FFFFFFF


def file_name(log, newer):
    """Of the newer or the older half of a log."""
    return "rec%02x%s" % (log, "a" if newer else "b")


def time_bcd(day, second):
    """Six BCD bytes of a Beijing time."""
    buffer = bytearray(6)
    second -= BEIJING_OFFSET_S
    if second < 0:
        second += 86400
        day -= 1
    write_beijing_bcd(day, second, buffer, 0)
    return bytes(buffer)


def place_bytes(known, latitude_udeg, longitude_udeg, height_m):
    """Longitude, latitude in 0.0001 minutes, height: ten bytes; unverified: west and south as negative."""
    if not known:
        return struct.pack(">IIH", NO_COORDINATE, NO_COORDINATE, 0xFFFF)
    return struct.pack(">iiH", longitude_udeg * 3 // 5, latitude_udeg * 3 // 5, max(0, min(height_m, 0xFFFF)))


def identity(vehicle):
    """Name, qualification code, issuer, date, id number (bytes) of who drives; None for nobody known."""
    kept = vehicle.store.get(DRIVER) if vehicle.store is not None else b""
    if not kept:
        return None
    fields = []
    at = 0
    for _ in range(5):
        fields.append(kept[at + 1 : at + 1 + kept[at]])
        at += 1 + kept[at]
    return [fields[1], fields[0], fields[2], fields[3], fields[4]]


def licence(vehicle):
    """The 18 characters by which the recorder knows the driver; zeros for nobody (unverified)."""
    fields = identity(vehicle)
    text = (fields[4] or fields[1])[:18] if fields else b""
    return text + bytes(18 - len(text)) if text else b"0" * 18
