"""Watches the areas and routes that the platform has set: in and out, off the route, how fast, how long.

The shapes stay on flash (see area_file); RAM keeps a box and a few numbers of each. An epoch looks at the
boxes of all and at the shapes of those whose box holds the fix, within a budget, in turn; nothing is
allocated. What was found lies in attributes and in a short queue of additional items. Raises no alarm.

A page that the vehicle holds while there are areas: a truck without them does not pay for it.
"""

import binascii

from protocols.wire import tables

from ..calendar import seconds_between
from ..vehicle import area_file as record
from ..vehicle.geometry import UNITS_PER_10_KM, compare_products, cosine_e14, in_circle, scaled
from ..vehicle.shapes import edge_crossing, near_leg

WORK_PER_EPOCH = 160  # a box counts one, a shape that is looked at its points and FILE_WORK
FILE_WORK = 4
LEGS_PER_LOOK = 64  # of one route; a route that is longer takes several epochs to be found left
CONFIRM = 2  # looks that must agree before a border counts as crossed: one wild fix is none
SETTLE = 10  # the same right after a crossing, so that a way along the border crosses once
VERTICES_PER_READ = 8

UNKNOWN = 0
OUTSIDE = 1
INSIDE = 2

ITEMS_MAX = 8  # crossings that wait for a report
ITEM_BYTES = 9
TOO_SHORT = 0
TOO_LONG = 1


class Areas:
    """`look` every epoch with a fix.

    count: of areas and routes. limit_dkmh, limit_s: the lowest speed limit of those around the fix and how
    long it may be exceeded, 0 without one. off_route: whether a route was left other than at its ends.
    no_doors: whether doors must stay shut here. struck: alarm bits of crossings since it was last cleared,
    as the high half of the alarm word. items, waiting: the additional items for them. notice: 0, or
    1 + leaving, when the driver is to be told. damaged: the file on flash did not check out.
    """

    __slots__ = (
        "_at",
        "_boxes",
        "_doubt",
        "_file",
        "_head",
        "_hints",
        "_keys",
        "_leg",
        "_limit_index",
        "_limits",
        "_limits_s",
        "_missed",
        "_needed",
        "_section",
        "_section_began_day",
        "_section_began_second",
        "_section_leg",
        "_section_long_s",
        "_section_route",
        "_section_short_s",
        "_section_whole",
        "_shut",
        "_strayed",
        "_turn",
        "_vertices",
        "count",
        "damaged",
        "files",
        "items",
        "limit_dkmh",
        "limit_s",
        "no_doors",
        "notice",
        "off_route",
        "state",
        "struck",
        "waiting",
    )

    def __init__(self, files):
        """files: the port of ram_files."""
        self.files = files
        self._file = None
        self._head = bytearray(record.HEAD_BYTES)
        self._leg = bytearray(2 * record.POINT_BYTES)
        self._vertices = bytearray(VERTICES_PER_READ * record.VERTEX_BYTES)
        self._section = bytearray(4)
        self.items = bytearray(ITEMS_MAX * ITEM_BYTES)
        self.waiting = self.struck = self.notice = 0
        self.count = 0
        self.state = bytearray(0)
        self._keys = []
        self._strayed = self._section_route = -1
        self._section_leg = 0
        self.load()

    def release(self):
        """Lets go of the file, so that it may be written anew."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def load(self):
        """Takes what is on flash; areas that were there before keep their state."""
        self.release()
        keys = self._keys
        states = self.state
        self.limit_dkmh = self.limit_s = 0
        self.damaged = self.off_route = self.no_doors = False
        self._turn = 0
        self._limit_index = self._strayed = self._section_route = -1
        self._boxes = []
        self._at = []
        self._keys = []
        try:
            self._read_heads()
        except OSError:
            self._at = []  # there is no file yet, or the flash cannot be read
        count = self.count = len(self._at)
        self.state = bytearray(count)
        for index in range(count):
            if self._keys[index] in keys:
                self.state[index] = states[keys.index(self._keys[index])]
        self._doubt = bytearray(count)
        self._needed = bytearray([CONFIRM] * count)
        self._hints = [0] * count
        self._missed = [0] * count
        self._limits = [0] * count
        self._limits_s = bytearray(count)
        self._shut = bytearray(count)

    def look(self, fix, night, day, second, moving):
        """A valid fix at this time (Beijing); `night`: whether the night speeds are in force."""
        work = 0
        for _ in range(self.count):
            index = self._turn
            self._turn = (index + 1) % self.count
            work += self._check(index, fix, night, day, second, moving)
            if work >= WORK_PER_EPOCH:
                break
        self.limit_dkmh = self.limit_s = 0
        self.no_doors = False
        self._limit_index = -1
        for index in range(self.count):
            self.no_doors = self.no_doors or self._shut[index] > 0
            limit_dkmh = self._limits[index]
            if limit_dkmh and (not self.limit_dkmh or limit_dkmh < self.limit_dkmh):
                self.limit_dkmh = limit_dkmh
                self.limit_s = self._limits_s[index]
                self._limit_index = index

    def write_place(self, buffer, at):
        """Puts type and id of the area (or section) whose limit is in force at buffer[at]: five bytes."""
        self._read(self._at[self._limit_index], self._head)
        kind = buffer[at] = self._head[record.KIND_AT]
        for index in range(4):
            own = self._head[record.ID_AT + index]
            buffer[at + 1 + index] = self._section[index] if kind == record.ROUTE else own

    def drop_item(self):
        """The first of `items` is on its way."""
        self.waiting -= 1
        for at in range(self.waiting * ITEM_BYTES):
            self.items[at] = self.items[at + ITEM_BYTES]

    def _read_heads(self):
        self._file = self.files.open(record.FILE, False)
        size = self._sound_size()
        at = record.FILE_HEAD_BYTES
        while at < size and len(self._at) < record.AREAS_MAX:
            self._read(at, self._head)
            self._at.append(at)
            self._keys.append(bytes(self._head[record.KIND_AT : record.ID_AT + 4]))
            for box_at in range(record.SOUTH_AT, record.COUNT_AT, 4):
                self._boxes.append(record.coordinate_at(self._head, box_at))
            at += record.two_bytes(self._head, record.LENGTH_AT)

    def _sound_size(self):
        """The size of the file, 0 when its check sum is wrong."""
        self._file.seek(0)
        count = self._file.readinto(self._vertices)
        size = count
        check = binascii.crc32(memoryview(self._vertices)[4:count])
        sum_of_file = bytes(self._vertices[:4])
        while count == len(self._vertices):
            count = self._file.readinto(self._vertices)
            size += count
            check = binascii.crc32(memoryview(self._vertices)[:count], check)
        if sum_of_file == bytes([check >> shift & 0xFF for shift in (24, 16, 8, 0)]):
            return size
        self.damaged = True
        return 0

    def _read(self, at, buffer):
        self._file.seek(at)
        self._file.readinto(buffer)

    def _check(self, index, fix, night, day, second, moving):
        """One area; gives the work that it was."""
        box = index * 4
        near = (
            self._boxes[box] <= fix.latitude_udeg <= self._boxes[box + 2]
            and self._boxes[box + 1] <= fix.longitude_udeg <= self._boxes[box + 3]
        )
        if not near and self.state[index] == OUTSIDE:
            self._agree(index)
            return 1
        self._read(self._at[index], self._head)
        if not self._in_force(day, second):
            self._forget(index)
            return FILE_WORK
        inside = OUTSIDE
        if near:
            inside = self._where(index, fix, day, second)
        if inside != UNKNOWN:
            self._judge(index, inside, fix, day, second, moving)
        if self.state[index] != INSIDE:
            self._limits[index] = self._shut[index] = 0
        elif inside == INSIDE:
            self._apply(index, night)
        return FILE_WORK + (record.two_bytes(self._head, record.COUNT_AT) if near else 0)

    def _in_force(self, day, second):
        if not self._head[record.ATTRIBUTES_AT + 1] >> record.ATTRIBUTE_TIMED & 1:
            return True
        start = record.three_bytes(self._head, record.START_SECOND_AT)
        end = record.three_bytes(self._head, record.END_SECOND_AT)
        start_day = record.two_bytes(self._head, record.START_DAY_AT)
        if start_day == record.DAILY:
            return start <= second <= end if start <= end else second >= start or second <= end
        end_day = record.two_bytes(self._head, record.END_DAY_AT)
        return (
            seconds_between(start_day, start, day, second) >= 0 <= seconds_between(day, second, end_day, end)
        )

    def _forget(self, index):
        """The area is not in force now."""
        self.state[index] = UNKNOWN
        self._limits[index] = self._shut[index] = 0
        if self._strayed == index:
            self._strayed = -1
            self.off_route = False
        if self._section_route == index:
            self._section_route = -1

    def _where(self, index, fix, day, second):
        """INSIDE, OUTSIDE, or UNKNOWN while a long route is still being searched."""
        kind = self._head[record.KIND_AT]
        if kind == record.RECTANGLE:
            return INSIDE  # its box is itself
        if kind == record.ROUTE:
            return self._on_route(index, fix, day, second)
        at = self._at[index] + record.HEAD_BYTES
        if kind == record.POLYGON:
            return self._in_polygon(at, record.two_bytes(self._head, record.COUNT_AT), fix)
        self._read(at, self._vertices)
        latitude = record.coordinate_at(self._vertices, 0)
        north = fix.latitude_udeg - latitude
        cosine = cosine_e14((fix.latitude_udeg + latitude) // 2)
        east = scaled(fix.longitude_udeg - record.coordinate_at(self._vertices, 4), cosine)
        radius = record.coordinate_at(self._vertices, 12) + record.COORDINATE_OFFSET
        return INSIDE if in_circle(east, north, radius) else OUTSIDE

    def _in_polygon(self, at, count, fix):
        vertices = self._vertices
        self._read(at + (count - 1) * record.VERTEX_BYTES, vertices)
        y1 = record.coordinate_at(vertices, 0)
        x1 = record.coordinate_at(vertices, 4)
        inside = OUTSIDE
        for number in range(count):
            place = number % VERTICES_PER_READ * record.VERTEX_BYTES
            if not place:
                self._read(at + number * record.VERTEX_BYTES, vertices)
            y2 = record.coordinate_at(vertices, place)
            x2 = record.coordinate_at(vertices, place + 4)
            crossing = edge_crossing(fix.longitude_udeg, fix.latitude_udeg, x1, y1, x2, y2)
            if crossing == 2:
                return INSIDE
            if crossing:
                inside = INSIDE + OUTSIDE - inside
            y1 = y2
            x1 = x2
        return inside

    def _on_route(self, index, fix, day, second):
        """Searches from the leg that matched last, so that on the route one or two legs are looked at."""
        legs = record.two_bytes(self._head, record.COUNT_AT) - 1
        cosine = cosine_e14(fix.latitude_udeg)
        leg = self._hints[index]
        for _ in range(min(legs, LEGS_PER_LOOK)):
            self._read_leg(index, leg)
            if self._near(fix, cosine):
                if leg + 1 < legs and self._beyond(fix, cosine, record.POINT_BYTES, 0):
                    leg = self._next_leg(index, leg, fix, cosine)
                self._hints[index] = leg
                self._missed[index] = 0
                if self.state[index] != OUTSIDE:
                    self._in_section(index, leg, day, second)
                return INSIDE
            leg = (leg + 1) % legs
        self._missed[index] += LEGS_PER_LOOK
        if self._missed[index] < legs:
            self._hints[index] = leg
            return UNKNOWN
        self._missed[index] = 0
        return OUTSIDE

    def _next_leg(self, index, leg, fix, cosine):
        """Where two legs meet: the later one when the fix is on it, so that a section ends there."""
        self._read_leg(index, leg + 1)
        if self._near(fix, cosine):
            return leg + 1
        self._read_leg(index, leg)
        return leg

    def _beyond(self, fix, cosine, end, other):
        """Whether the fix lies beyond the point at `end` of the leg in hand, seen from that at `other`."""
        y = record.coordinate_at(self._leg, end + record.POINT_LATITUDE_AT)
        x = record.coordinate_at(self._leg, end + record.POINT_LONGITUDE_AT)
        north = y - record.coordinate_at(self._leg, other + record.POINT_LATITUDE_AT)
        east = scaled(x - record.coordinate_at(self._leg, other + record.POINT_LONGITUDE_AT), cosine)
        beyond_east = scaled(fix.longitude_udeg - x, cosine)
        return compare_products(east, beyond_east, north, y - fix.latitude_udeg) > 0

    def _read_leg(self, index, leg):
        self._read(self._at[index] + record.HEAD_BYTES + leg * record.POINT_BYTES, self._leg)

    def _near(self, fix, cosine):
        leg = self._leg
        width_dm = leg[record.POINT_WIDTH_AT] * 5 + record.ROUTE_TOLERANCE_M * 10
        return near_leg(
            record.coordinate_at(leg, record.POINT_LONGITUDE_AT) - fix.longitude_udeg,
            record.coordinate_at(leg, record.POINT_LATITUDE_AT) - fix.latitude_udeg,
            record.coordinate_at(leg, record.POINT_BYTES + record.POINT_LONGITUDE_AT) - fix.longitude_udeg,
            record.coordinate_at(leg, record.POINT_BYTES + record.POINT_LATITUDE_AT) - fix.latitude_udeg,
            width_dm * UNITS_PER_10_KM // 100000,
            cosine,
        )

    def _judge(self, index, inside, fix, day, second, moving):
        """What a look has seen against what was known."""
        state = self.state[index]
        if inside == state:
            self._agree(index)
            return
        if state == UNKNOWN:  # after a start or a new setting nobody has crossed anything
            self.state[index] = inside
            return
        if not moving:
            return  # a standing truck crosses no border, whatever its receiver says
        self._doubt[index] += 1
        if self._doubt[index] < self._needed[index]:
            return
        self._doubt[index] = 0
        self._needed[index] = SETTLE
        self.state[index] = inside
        if self._head[record.KIND_AT] == record.ROUTE:
            self._route_crossed(index, inside == OUTSIDE, fix, day, second)
        self._cross(inside == OUTSIDE)

    def _agree(self, index):
        self._doubt[index] = 0
        if self._needed[index] > CONFIRM:
            self._needed[index] -= 1

    def _route_crossed(self, index, leaving, fix, day, second):
        if not leaving:
            if self._strayed == index:
                self._strayed = -1
                self.off_route = False
            return
        at_end = self._left_at_end(index, fix)
        if not at_end:
            self._strayed = index
            self.off_route = True
        if self._section_route == index:
            if at_end:
                self._end_section(day, second)
            self._section_route = -1

    def _left_at_end(self, index, fix):
        """Whether the fix lies before the first point or behind the last one."""
        leg = self._section_leg if self._section_route == index else self._hints[index]
        last = record.two_bytes(self._head, record.COUNT_AT) - 2
        if leg != 0 and leg != last:
            return False
        self._read_leg(index, leg)
        cosine = cosine_e14(fix.latitude_udeg)
        if leg == last and self._beyond(fix, cosine, record.POINT_BYTES, 0):
            return True
        return leg == 0 and self._beyond(fix, cosine, 0, record.POINT_BYTES)

    def _in_section(self, index, leg, day, second):
        """The fix is on this leg of a route. Where routes overlap, the one joined first is followed."""
        if self._section_route != index and self._section_route >= 0:
            return
        self._section_leg = leg
        for at in range(4):
            if self._leg[record.POINT_SECTION_AT + at] != self._section[at] or self._section_route != index:
                self._begin_section(index, leg, day, second)
                return
        if self._section_long_s and self._section_s(day, second) > self._section_long_s:
            self._tell_section(day, second, TOO_LONG)
            self._section_long_s = self._section_short_s = 0

    def _begin_section(self, index, leg, day, second):
        followed = self._section_route == index
        if followed:
            self._end_section(day, second)
        for at in range(4):
            self._section[at] = self._leg[record.POINT_SECTION_AT + at]
        timed = self._leg[record.POINT_ATTRIBUTES_AT] >> record.SECTION_TIMED & 1
        self._section_long_s = record.two_bytes(self._leg, record.POINT_TOO_LONG_AT) if timed else 0
        self._section_short_s = record.two_bytes(self._leg, record.POINT_TOO_SHORT_AT) if timed else 0
        # Who joined the route in the middle of a section has not driven all of it.
        self._section_whole = followed or leg == 0
        self._section_route = index
        self._section_began_day = day
        self._section_began_second = second

    def _end_section(self, day, second):
        """The section lies behind."""
        if self._section_whole and self._section_s(day, second) < self._section_short_s:
            self._tell_section(day, second, TOO_SHORT)

    def _section_s(self, day, second):
        return seconds_between(self._section_began_day, self._section_began_second, day, second)

    def _tell_section(self, day, second, result):
        at = self._new_item(1 << tables.ALARM_SECTION_TIME - 16)
        if at < 0:
            return
        time_s = min(self._section_s(day, second), 0xFFFF)
        self.items[at] = tables.ITEM_SECTION_TIME
        self.items[at + 1] = 7
        for index in range(4):
            self.items[at + 2 + index] = self._section[index]
        self.items[at + 6] = time_s >> 8
        self.items[at + 7] = time_s & 0xFF
        self.items[at + 8] = result

    def _cross(self, leaving):
        """The border of the area in `_head` was crossed."""
        attributes = self._head[record.ATTRIBUTES_AT + 1]
        if attributes >> (record.ATTRIBUTE_LEAVE_DRIVER if leaving else record.ATTRIBUTE_ENTER_DRIVER) & 1:
            self.notice = 2 if leaving else 1
        if (
            not attributes
            >> (record.ATTRIBUTE_LEAVE_PLATFORM if leaving else record.ATTRIBUTE_ENTER_PLATFORM)
            & 1
        ):
            return
        route = self._head[record.KIND_AT] == record.ROUTE
        at = self._new_item(1 << (tables.ALARM_ROUTE_CROSSED if route else tables.ALARM_AREA_CROSSED) - 16)
        if at < 0:
            return
        self.items[at] = tables.ITEM_AREA_CROSSED
        self.items[at + 1] = 6
        self.items[at + 2] = self._head[record.KIND_AT]
        for index in range(4):
            self.items[at + 3 + index] = self._head[record.ID_AT + index]
        self.items[at + 7] = 1 if leaving else 0

    def _new_item(self, alarm):
        """Room for one more item, -1 when too many wait; the alarm is raised all the same."""
        self.struck |= alarm
        if self.waiting == ITEMS_MAX:
            return -1
        self.waiting += 1
        return (self.waiting - 1) * ITEM_BYTES

    def _apply(self, index, night):
        """Speed limit and doors of the area around the fix."""
        head = self._head
        if head[record.KIND_AT] == record.ROUTE:
            leg = self._leg
            limited = leg[record.POINT_ATTRIBUTES_AT] >> record.SECTION_SPEED & 1
            self._limits[index] = 0
            if limited and self._section_route == index:
                speed = record.two_bytes(leg, record.POINT_NIGHT_SPEED_AT) if night else 0
                self._limits[index] = (speed or record.two_bytes(leg, record.POINT_SPEED_AT)) * 10
                self._limits_s[index] = leg[record.POINT_DURATION_AT]
        elif head[record.ATTRIBUTES_AT + 1] >> record.ATTRIBUTE_SPEED & 1:
            speed = record.two_bytes(head, record.NIGHT_SPEED_AT) if night else 0
            self._limits[index] = (speed or record.two_bytes(head, record.SPEED_AT)) * 10
            self._limits_s[index] = head[record.DURATION_AT]
        self._shut[index] = head[record.ATTRIBUTES_AT] >> record.ATTRIBUTE_NO_DOORS - 8 & 1
