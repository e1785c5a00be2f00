"""Positions: reported, asked for, tracked, uploaded in batches."""

from construct import Int8ub, Int16ub, Int32ub, Struct

from .flags import ALARM, STATUS
from .items import STANDARD_ITEMS
from .types import Choice, CountedList, Message, OnlyIf, TimeBcd, Trailing, in_every_edition

POSITION = Struct(
    "alarm" / ALARM * "报警标志",
    "status" / STATUS * "状态",
    "latitude_udeg" / Int32ub * "纬度",  # magnitude; the hemisphere is in the status
    "longitude_udeg" / Int32ub * "经度",
    # T reads it as signed; the text defines nothing below sea level (confidence C): unsigned here.
    "altitude_m" / Int16ub * "高程",
    "speed_dkmh" / Int16ub * "速度",
    "direction_deg" / Int16ub * "方向",  # 0–359, north 0, clockwise
    "time_bcd" / TimeBcd() * "时间",
    "items" / STANDARD_ITEMS * "位置附加信息项列表",
    "trailing" / Trailing() * "剩余字节",
)

_QUERY_RESPONSE = Struct(
    "reply_serial" / Int16ub * "应答流水号",
    "position" / POSITION * "位置信息汇报",
)

_TRACKING = Struct(
    "interval_s" / Int16ub * "时间间隔",  # 0 stops the tracking
    "validity_s" / OnlyIf("interval_s", 0, Int32ub, equal=False) * "位置跟踪有效期",
)

_BATCH_KINDS = {0: ("normal", "正常位置批量汇报"), 1: ("blind_zone", "盲区补报")}

_BATCH = Struct(
    "count" / Int16ub * "数据项个数",
    "kind" / Choice(Int8ub, _BATCH_KINDS) * "位置数据类型",
    "reports" / CountedList("count", POSITION) * "位置汇报数据项",
    "trailing" / Trailing() * "剩余字节",
)

MESSAGES = (
    Message(
        0x0200,
        "PositionReport",
        "位置信息汇报",
        "up",
        0x8001,
        "unverified: JT/T 808-2013 §8.18",
        in_every_edition(POSITION),
    ),
    Message(
        0x8201,
        "PositionQuery",
        "位置信息查询",
        "down",
        0x0201,
        "unverified: JT/T 808-2013 §8.19",
        in_every_edition(Struct()),
    ),
    Message(
        0x0201,
        "PositionQueryResponse",
        "位置信息查询应答",
        "up",
        None,
        "unverified: JT/T 808-2013 §8.20",
        in_every_edition(_QUERY_RESPONSE),
    ),
    Message(
        0x8202,
        "TemporaryTrackingControl",
        "临时位置跟踪控制",
        "down",
        0x0001,
        "unverified: JT/T 808-2013 §8.21",
        in_every_edition(_TRACKING),
    ),
    # New in 2013.
    Message(
        0x0704,
        "PositionBatchUpload",
        "定位数据批量上传",
        "up",
        0x8001,
        "unverified: JT/T 808-2013 §8.49",
        {2013: _BATCH, 2019: _BATCH},
    ),
)
