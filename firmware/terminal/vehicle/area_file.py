"""How areas and routes lie on flash: offsets of one record, as the page writes it and `areas` reads it.

The file: CRC-32 of what follows, count of records BYTE, records one behind the other. A record: head, points,
name. Every coordinate is stored as micro-degrees + COORDINATE_OFFSET, so that its four bytes are a small
integer on a 32-bit board too. The order of the fields is this project's own, not that of JT/T 808.
"""

FILE = "areas"
FILE_HEAD_BYTES = 5

AREAS_MAX = 32
VERTICES_MAX = 64  # of one polygon
ROUTE_POINTS_MAX = 512  # of all routes together
NAME_BYTES_MAX = 64  # of a name kept for 0x0608; a longer one is cut

CIRCLE = 1  # the types of 0x8608 and of items 0x11 and 0x12
RECTANGLE = 2
POLYGON = 3
ROUTE = 4

COORDINATE_OFFSET = 180000000
DAILY = 0xFFFF  # in place of a day: the period is one of every day

LENGTH_AT = 0  # WORD, of the whole record
KIND_AT = 2
ATTRIBUTES_AT = 3  # WORD, as in the message
ID_AT = 5  # DWORD
SPEED_AT = 9  # WORD km/h, 0 without a limit
DURATION_AT = 11  # s
NIGHT_SPEED_AT = 12  # WORD km/h, 0 as by day
START_DAY_AT = 14  # WORD, Beijing; DAILY
START_SECOND_AT = 16  # three bytes
END_DAY_AT = 19
END_SECOND_AT = 21
SOUTH_AT = 24  # the box around it, as coordinates: south, west, north, east
COUNT_AT = 40  # WORD, of points
NAME_BYTES_AT = 42
HEAD_BYTES = 43

# A point: of a polygon latitude and longitude; of a circle its centre and its radius in metres and units; of
# a rectangle none, its box is itself; of a route as below.
VERTEX_BYTES = 8
CIRCLE_BYTES = 16
POINT_LATITUDE_AT = 0
POINT_LONGITUDE_AT = 4
POINT_SECTION_AT = 8  # DWORD
POINT_ID_AT = 12  # DWORD
POINT_WIDTH_AT = 16  # m
POINT_ATTRIBUTES_AT = 17
POINT_TOO_LONG_AT = 18  # WORD s
POINT_TOO_SHORT_AT = 20  # WORD s
POINT_SPEED_AT = 22  # WORD km/h
POINT_DURATION_AT = 24  # s
POINT_NIGHT_SPEED_AT = 25  # WORD km/h
POINT_BYTES = 27

ATTRIBUTE_TIMED = 0  # bits of the attributes
ATTRIBUTE_SPEED = 1
ATTRIBUTE_ENTER_DRIVER = 2
ATTRIBUTE_ENTER_PLATFORM = 3
ATTRIBUTE_LEAVE_DRIVER = 4
ATTRIBUTE_LEAVE_PLATFORM = 5
ATTRIBUTE_NO_DOORS = 8
SECTION_TIMED = 0
SECTION_SPEED = 1

ROUTE_TOLERANCE_M = 10  # beside half the width: what a receiver may be wrong by


def two_bytes(buffer, at):
    """Two bytes, high first."""
    return buffer[at] << 8 | buffer[at + 1]


def three_bytes(buffer, at):
    """Three bytes, high first."""
    return buffer[at] << 16 | buffer[at + 1] << 8 | buffer[at + 2]


def coordinate_at(buffer, at):
    """Micro-degrees out of four bytes."""
    return (
        buffer[at] << 24 | buffer[at + 1] << 16 | buffer[at + 2] << 8 | buffer[at + 3]
    ) - COORDINATE_OFFSET
