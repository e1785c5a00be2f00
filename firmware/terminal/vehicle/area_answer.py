"""Areas and routes told: 0x8608 → 0x0608 (JT/T 808-2019), each in the body of its setting message."""

import struct

from protocols.wire.bodies import encode_layout, layout_of
from protocols.wire.pages.areas import BODIES
from protocols.wire.pages.ids import MSG_AREA_QUERY_RESPONSE, MSG_CIRCLE_SETTING
from protocols.wire.tables import RESULT_FAILED

from ..calendar import day_number
from . import area_file as record
from .area_records import LISTS, area_id_of, area_records, layout_parts

REPLACE = 0  # the setting attribute that is told
ANSWER_BYTES_MAX = 3000  # of settings in one 0x0608; what does not fit is not counted there


def answer_area_query(terminal, header, query):
    """0x8608 → 0x0608 with the settings that are here, each in the body of its setting message.

    Whether those bodies keep their setting and count is not settled (some do, some do not); here they do.
    """
    kind = query["type"]
    if kind not in LISTS:
        return RESULT_FAILED
    edition = terminal.settings.edition
    layout = layout_of(BODIES, MSG_CIRCLE_SETTING + 2 * (kind - 1), edition)
    _, element, _ = layout_parts(layout, LISTS[kind])
    plain = kind in (record.CIRCLE, record.RECTANGLE)
    settings = b""
    count = 0
    for head, at, file in area_records(terminal.vehicle.files):
        if head[record.KIND_AT] != kind or (query["ids"] and area_id_of(head) not in query["ids"]):
            continue
        area = _values(kind, head, at, file)
        data = encode_layout(element if plain else layout, area)
        if len(settings) + len(data) <= ANSWER_BYTES_MAX:
            settings += data
            count += 1
    if plain and count:
        settings = bytes([REPLACE, count]) + settings
    values = {"type": kind, "count": count, "settings": settings}
    response = layout_of(BODIES, MSG_AREA_QUERY_RESPONSE, edition)
    terminal.mail.answer(MSG_AREA_QUERY_RESPONSE, encode_layout(response, values), header)
    return None


def _values(kind, head, at, file):
    """The wire values of a record: the inverse of what was written."""
    area = {
        "id": area_id_of(head),
        "attributes": record.two_bytes(head, record.ATTRIBUTES_AT),
        "max_speed_kmh": record.two_bytes(head, record.SPEED_AT),
        "overspeed_s": head[record.DURATION_AT],
        "night_max_speed_kmh": record.two_bytes(head, record.NIGHT_SPEED_AT),
        "start_bcd": _time_bcd(head, record.START_DAY_AT),
        "end_bcd": _time_bcd(head, record.END_DAY_AT),
    }
    south, west, north, east = [
        abs(record.coordinate_at(head, record.SOUTH_AT + 4 * index)) for index in range(4)
    ]
    count = record.two_bytes(head, record.COUNT_AT)
    name = bytearray(head[record.NAME_BYTES_AT])
    file.seek(at + record.two_bytes(head, record.LENGTH_AT) - len(name))
    file.readinto(name)
    area["name"] = bytes(name)
    file.seek(at + record.HEAD_BYTES)
    if kind == record.RECTANGLE:
        area["upper_left_latitude_udeg"] = north
        area["upper_left_longitude_udeg"] = west
        area["lower_right_latitude_udeg"] = south
        area["lower_right_longitude_udeg"] = east
    elif kind == record.CIRCLE:
        data = bytearray(record.CIRCLE_BYTES)
        file.readinto(data)
        area["latitude_udeg"] = abs(record.coordinate_at(data, 0))
        area["longitude_udeg"] = abs(record.coordinate_at(data, 4))
        area["radius_m"] = struct.unpack_from(">I", data, 8)[0]
    elif kind == record.POLYGON:
        area["vertex_count"] = count
        area["vertices"] = [_read_point(file, record.VERTEX_BYTES) for _ in range(count)]
    else:
        area["point_count"] = count
        area["points"] = [_read_point(file, record.POINT_BYTES) for _ in range(count)]
    return area


def _read_point(file, size):
    data = bytearray(size)
    file.readinto(data)
    point = {
        "latitude_udeg": abs(record.coordinate_at(data, record.POINT_LATITUDE_AT)),
        "longitude_udeg": abs(record.coordinate_at(data, record.POINT_LONGITUDE_AT)),
    }
    if size == record.POINT_BYTES:
        names = (
            "section_id",
            "point_id",
            "width_m",
            "attributes",
            "too_long_s",
            "too_short_s",
            "max_speed_kmh",
            "overspeed_s",
            "night_max_speed_kmh",
        )
        fields = struct.unpack_from(">IIBBHHHBH", data, record.POINT_SECTION_AT)
        for index in range(len(names)):
            point[names[index]] = fields[index]
    return point


def _time_bcd(head, at):
    """The inverse of _put_time."""
    day = record.two_bytes(head, at)
    second = record.three_bytes(head, at + 2)
    date = b"\0\0\0"
    if day != record.DAILY:
        year = day * 4 // 1461
        month = 12
        while day_number(2000 + year, month, 1) > day:
            month -= 1
        date = bytes([_bcd(year), _bcd(month), _bcd(day - day_number(2000 + year, month, 1) + 1)])
    return date + bytes([_bcd(second // 3600), _bcd(second // 60 % 60), _bcd(second % 60)])


def _bcd(number):
    return number // 10 << 4 | number % 10
