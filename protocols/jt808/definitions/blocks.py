"""The basic block of a position, on its own where a message carries it without additional items."""

from construct import Int16ub, Int32ub, Struct

from .flags import ALARM, STATUS
from .types import TimeBcd

BASIC_FIELDS = (
    "alarm" / ALARM * "报警标志",
    "status" / STATUS * "状态",
    "latitude_udeg" / Int32ub * "纬度",  # magnitude; the hemisphere is in the status
    "longitude_udeg" / Int32ub * "经度",
    # Nothing is defined below sea level; one implementation reads it as signed (confidence C): unsigned here.
    "altitude_m" / Int16ub * "高程",
    "speed_dkmh" / Int16ub * "速度",
    "direction_deg" / Int16ub * "方向",  # 0–359, north 0, clockwise
    "time_bcd" / TimeBcd() * "时间",
)

BASIC_POSITION = Struct(*BASIC_FIELDS)
