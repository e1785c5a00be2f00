"""The electronic waybill: 0x0701 when the truck is loaded and unloaded (JT/T 808).

The standard leaves the inside of 0x0701 open; this is ours, GBK text between semicolons, a mark of its
version first (GBK has no semicolon in its second bytes):

    DYWB1;L or U;<number>;<YYMMDDhhmmss>;<latitude, micro-degrees>;<longitude>;<driver's code>;<cargo>

The number goes into every position too, in item `vehicle.WAYBILL_ITEM`. A waybill comes from the keypad or
from the gateway: text of 0x8300, or content of 0x8900, that begins with MARK:

    #YD;L;<number>;<cargo>      loaded
    #YD;U                       unloaded
"""

from protocols.wire.bodies import encode_layout, layout_of
from protocols.wire.pages.ids import MSG_ELECTRONIC_WAYBILL
from protocols.wire.pages.waybill import BODIES

from ..vehicle.blocks import time_bcd
from ..vehicle.vehicle import WAYBILL, WAYBILL_BYTES_MAX

MARK = b"#YD;"
VERSION = b"DYWB1"
CARGO_BYTES_MAX = 120
LOADED = b"L"
UNLOADED = b"U"


def take(vehicle, text):
    """A text from the platform or the keypad (bytes). False when it is no waybill or a bad one."""
    text = bytes(text).rstrip(b"\0")
    if text[: len(MARK)] != MARK:
        return False
    fields = text[len(MARK) :].split(b";", 2)
    if fields[0] == LOADED and len(fields) > 1:
        return load(vehicle, fields[1], fields[2] if len(fields) > 2 else b"")
    return fields == [UNLOADED] and unload(vehicle)


def load(vehicle, number, cargo):
    """The truck was loaded; number and cargo in GBK. False: too long, no number, or the time is unknown."""
    if not 0 < len(number) <= WAYBILL_BYTES_MAX or len(cargo) > CARGO_BYTES_MAX or vehicle.day < 0:
        return False
    if b";" in number + cargo:
        return False
    vehicle.store.put(WAYBILL, b"1" + number)
    vehicle.change_load(number, True)
    _post(vehicle, LOADED, number, cargo)
    return True


def unload(vehicle):
    """The load of the present waybill was taken off. False when there is none, or time is unknown."""
    if not vehicle.waybill or vehicle.day < 0:
        return False
    number = vehicle.waybill
    vehicle.store.put(WAYBILL, b"")
    vehicle.change_load(b"", False)
    _post(vehicle, UNLOADED, number, b"")
    return True


def _post(vehicle, event, number, cargo):
    time = time_bcd(vehicle.day, vehicle.second)
    digits = b"".join([b"%02x" % byte for byte in time])
    latitude = b"%d" % vehicle.latitude_udeg if vehicle.place else b""
    longitude = b"%d" % vehicle.longitude_udeg if vehicle.place else b""
    content = b";".join([VERSION, event, number, digits, latitude, longitude, vehicle.driver, cargo])
    layout = layout_of(BODIES, MSG_ELECTRONIC_WAYBILL, vehicle.edition)
    vehicle.mail.post(MSG_ELECTRONIC_WAYBILL, encode_layout(layout, {"content": content}))
