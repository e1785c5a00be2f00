"""Areas and routes set, deleted and told: 0x8600 to 0x8608 (JT/T 808).

Each setting becomes a record of `vehicle/area_file`, written beside the old file and renamed over it, so that
a power cut leaves one of both and a faulty message changes nothing. Points go from the message to flash one
by one: a route of 500 points is never in RAM but as the message that it came in. What exceeds the limits
there is answered "failed".
"""

import binascii
import struct

from protocols.wire.bodies import decode_at, decode_layout, layout_of
from protocols.wire.errors import RemoteProtocolError
from protocols.wire.pages.areas import BODIES
from protocols.wire.pages.ids import (
    MSG_AREA_QUERY,
    MSG_CIRCLE_SETTING,
)
from protocols.wire.tables import RESULT_FAILED, RESULT_OK, RESULT_UNSUPPORTED

from ..calendar import day_number
from ..vehicle import area_file as record
from ..vehicle.area_answer import answer_area_query
from ..vehicle.area_records import LISTS, area_id_of, area_records, layout_parts
from ..vehicle.geometry import UNITS_PER_10_KM, cosine_e14

REPLACE = 0  # of the setting attribute; 1 appends and 2 modifies: both put the areas of the message in
RADIUS_MAX_M = 300000
POLE_UDEG = 90000000
_BESIDE = record.FILE + ".new"
_CHUNK_BYTES = 64


class _Full(Exception):
    """More than is kept here."""


def handle(terminal, header, body, now_ms):
    """Gives the result for 0x0001; None when 0x0608 was the answer."""
    vehicle = terminal.vehicle
    layout = layout_of(BODIES, header.message_id, terminal.settings.edition)
    if layout is None or vehicle is None or vehicle.files is None:
        return RESULT_UNSUPPORTED
    if header.message_id == MSG_AREA_QUERY:
        return answer_area_query(terminal, header, decode_layout(layout, body))
    kind = (header.message_id - MSG_CIRCLE_SETTING) // 2 + 1  # settings and deletions stand in pairs
    vehicle.release_areas()
    try:
        if header.message_id & 1:
            _delete(vehicle.files, kind, decode_layout(layout, body)["ids"])
        else:
            _set(vehicle.files, kind, layout, body)
    except _Full:
        return RESULT_FAILED
    return RESULT_OK


def _delete(files, kind, ids):
    new = _NewFile(files)
    try:
        new.copy(lambda other, id_: other == kind and (not ids or id_ in ids))
        new.finish()
    finally:
        new.abandon()


def _set(files, kind, layout, body):
    """Writes the areas of a setting message in place of those with the same kind and id."""
    head, element, tail = layout_parts(layout, LISTS[kind])
    new = _NewFile(files)
    try:
        values = {}
        at = decode_at(head, body, 0, values)
        replaced = _ids(element, body, at, values["count"]) if "count" in values else [values["id"]]
        everything = values.get("setting") == REPLACE
        new.copy(lambda other, id_: other == kind and (everything or id_ in replaced))
        if "count" in values:
            for _ in range(values["count"]):
                area = {}
                at = decode_at(element, body, at, area)
                new.add_plain(kind, area)
        else:
            at = new.add_pointed(kind, values, element, tail, body, at)
        if at != len(body):
            raise RemoteProtocolError("%d bytes too many" % (len(body) - at), -1, "", at)
        new.finish()
    finally:
        new.abandon()


def _ids(element, body, at, count):
    """The ids of the areas in the message."""
    ids = []
    for _ in range(count):
        area = {}
        at = decode_at(element, body, at, area)
        ids.append(area["id"])
    return ids


class _NewFile:
    """The file that takes the place of the old one at `finish`, and leaves no trace when it does not."""

    def __init__(self, files):
        self._files = files
        self._remove()
        self._file = files.open(_BESIDE, True)
        self._size = record.FILE_HEAD_BYTES
        self._count = self._route_points = 0
        self._write(0, bytes(record.FILE_HEAD_BYTES))

    def copy(self, dropped):
        """Takes over the records of the old file but those of which dropped(kind, id) is true."""
        for head, at, old in area_records(self._files):
            if dropped(head[record.KIND_AT], area_id_of(head)):
                continue
            self._claim(head[record.KIND_AT], record.two_bytes(head, record.COUNT_AT))
            end = at + record.two_bytes(head, record.LENGTH_AT)
            chunk = bytearray(_CHUNK_BYTES)
            while at < end:
                old.seek(at)
                old.readinto(chunk)
                count = min(_CHUNK_BYTES, end - at)
                self._append(memoryview(chunk)[:count])
                at += count

    def add_plain(self, kind, area):
        """A circle or a rectangle."""
        self._claim(kind, 0)
        points = b""
        south = area["attributes"] >> 6 & 1
        west = area["attributes"] >> 7 & 1
        if kind == record.CIRCLE:
            latitude = _coordinate(area, "latitude_udeg", south, POLE_UDEG)
            longitude = _coordinate(area, "longitude_udeg", west, record.COORDINATE_OFFSET)
            units = _units(area["radius_m"])
            points = _place(latitude, longitude) + struct.pack(">II", area["radius_m"], units)
            # Where the circle is nearest to a pole a degree of longitude is shortest.
            farthest = min(abs(latitude) + units, POLE_UDEG - 1)
            wide = min(units * 16384 // max(cosine_e14(farthest) - 4, 1) + 1, record.COORDINATE_OFFSET)
            box = [latitude - units, longitude - wide, latitude + units, longitude + wide]
        else:
            north = _coordinate(area, "upper_left_latitude_udeg", south, POLE_UDEG)
            left = _coordinate(area, "upper_left_longitude_udeg", west, record.COORDINATE_OFFSET)
            low = _coordinate(area, "lower_right_latitude_udeg", south, POLE_UDEG)
            right = _coordinate(area, "lower_right_longitude_udeg", west, record.COORDINATE_OFFSET)
            if low > north or left > right:
                raise RemoteProtocolError("corners the wrong way round", -1, "upper_left_latitude_udeg")
            box = [low, left, north, right]
        name = area.get("name", b"")[: record.NAME_BYTES_MAX]
        self._append(_head(kind, area, 1 if points else 0, len(points), name, box))
        self._append(points)
        self._append(name)

    def add_pointed(self, kind, area, element, tail, body, at):
        """A polygon or a route; its points follow in `body`. Gives where the message ends."""
        count = area["vertex_count"] if kind == record.POLYGON else area["point_count"]
        least, most = (3, record.VERTICES_MAX) if kind == record.POLYGON else (2, record.ROUTE_POINTS_MAX)
        if count < least:
            raise RemoteProtocolError("%d points are none" % count, -1, LISTS[kind], at)
        if count > most:
            raise _Full
        self._claim(kind, count)
        start = self._size
        self._append(bytes(record.HEAD_BYTES))
        box = [
            record.COORDINATE_OFFSET,
            record.COORDINATE_OFFSET,
            -record.COORDINATE_OFFSET,
            -record.COORDINATE_OFFSET,
        ]
        reach_m = 0
        for _ in range(count):
            point = {}
            at = decode_at(element, body, at, point)
            bits = point["attributes"] >> 2 if kind == record.ROUTE else area["attributes"] >> 6
            latitude = _coordinate(point, "latitude_udeg", bits & 1, POLE_UDEG)
            longitude = _coordinate(point, "longitude_udeg", bits >> 1 & 1, record.COORDINATE_OFFSET)
            box = [
                min(box[0], latitude),
                min(box[1], longitude),
                max(box[2], latitude),
                max(box[3], longitude),
            ]
            self._append(_place(latitude, longitude))
            if kind == record.ROUTE:
                reach_m = max(reach_m, point["width_m"] // 2 + 1 + record.ROUTE_TOLERANCE_M)
                self._append(_route_point(point))
        at = decode_at(tail, body, at, area)
        if reach_m:
            units = _units(reach_m)
            wide = units * 16384 // max(cosine_e14(max(abs(box[0]), abs(box[2]))) - 4, 1) + 1
            box = [box[0] - units, box[1] - wide, box[2] + units, box[3] + wide]
        name = area.get("name", b"")[: record.NAME_BYTES_MAX]
        points_bytes = self._size - start - record.HEAD_BYTES
        self._append(name)
        self._write(start, _head(kind, area, count, points_bytes, name, box))
        return at

    def finish(self):
        """Puts the file in the place of the old one."""
        self._write(record.FILE_HEAD_BYTES - 1, bytes([self._count]))
        check = 0
        chunk = bytearray(_CHUNK_BYTES)
        self._file.seek(4)
        while True:
            count = self._file.readinto(chunk)
            if not count:
                break
            check = binascii.crc32(memoryview(chunk)[:count], check)
        self._write(0, struct.pack(">I", check))
        self._file.flush()
        self._file.close()
        self._file = None
        self._files.rename(_BESIDE, record.FILE)

    def abandon(self):
        """Removes what was not finished."""
        if self._file is not None:
            self._file.close()
            self._remove()

    def _claim(self, kind, points):
        """Room for one more record."""
        if kind == record.ROUTE:
            self._route_points += points
        self._count += 1
        if self._count > record.AREAS_MAX or self._route_points > record.ROUTE_POINTS_MAX:
            raise _Full

    def _append(self, data):
        self._write(self._size, data)
        self._size += len(data)

    def _write(self, at, data):
        self._file.seek(at)
        self._file.write(data)

    def _remove(self):
        try:
            self._files.remove(_BESIDE)
        except OSError as absent:
            if absent.errno != 2:
                raise


def _head(kind, area, count, points_bytes, name, box):
    head = bytearray(record.HEAD_BYTES)
    length = record.HEAD_BYTES + points_bytes + len(name)
    struct.pack_into(">HBHI", head, record.LENGTH_AT, length, kind, area["attributes"], area["id"])
    speed = area.get("max_speed_kmh", 0)
    night = area.get("night_max_speed_kmh", 0)
    struct.pack_into(">HBH", head, record.SPEED_AT, speed, area.get("overspeed_s", 0), night)
    if "start_bcd" in area:
        _put_time(head, record.START_DAY_AT, area["start_bcd"], "start_bcd")
        _put_time(head, record.END_DAY_AT, area["end_bcd"], "end_bcd")
        if (record.two_bytes(head, record.START_DAY_AT) == record.DAILY) != (
            record.two_bytes(head, record.END_DAY_AT) == record.DAILY
        ):
            raise RemoteProtocolError("one end every day, the other on one", -1, "end_bcd")
    for index in range(4):
        edge = max(-record.COORDINATE_OFFSET, min(box[index], record.COORDINATE_OFFSET))
        struct.pack_into(">I", head, record.SOUTH_AT + 4 * index, edge + record.COORDINATE_OFFSET)
    struct.pack_into(">HB", head, record.COUNT_AT, count, len(name))
    return head


def _put_time(head, at, bcd, name):
    """Day and second of a time of the message; no date at all means every day."""
    numbers = [(byte >> 4) * 10 + (byte & 15) for byte in bcd]
    day = record.DAILY
    if bcd[:3] != b"\0\0\0":
        day = day_number(2000 + numbers[0], numbers[1], numbers[2])
    if day < 0 or numbers[3] > 24 or numbers[4] > 59 or numbers[5] > 59:
        raise RemoteProtocolError("no such time", -1, name)
    second = (numbers[3] * 60 + numbers[4]) * 60 + numbers[5]
    struct.pack_into(">HBH", head, at, day, second >> 16, second & 0xFFFF)


def _coordinate(values, name, negative, most):
    udeg = values[name]
    if udeg > most:
        raise RemoteProtocolError("%d micro-degrees" % udeg, -1, name)
    return -udeg if negative else udeg


def _units(length_m):
    if length_m > RADIUS_MAX_M:
        raise _Full
    return length_m * UNITS_PER_10_KM // 10000


def _place(latitude_udeg, longitude_udeg):
    return struct.pack(
        ">II", latitude_udeg + record.COORDINATE_OFFSET, longitude_udeg + record.COORDINATE_OFFSET
    )


def _route_point(point):
    get = point.get
    return struct.pack(
        ">IIBBHHHBH",
        point["section_id"],
        point["point_id"],
        point["width_m"],
        point["attributes"],
        get("too_long_s", 0),
        get("too_short_s", 0),
        get("max_speed_kmh", 0),
        get("overspeed_s", 0),
        get("night_max_speed_kmh", 0),
    )
