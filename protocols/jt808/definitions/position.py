"""Positions: reported, asked for, tracked, uploaded in batches."""

from construct import Int8ub, Int16ub, Int32ub, Struct

from .blocks import BASIC_FIELDS
from .items import STANDARD_ITEMS
from .shapes import CountedList, OnlyIf
from .types import Bit, Choice, Flags, Message, Trailing, clause, from_2013, in_every_edition

POSITION = Struct(
    *BASIC_FIELDS,
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

# Only these alarms can be confirmed by hand.
_CONFIRMABLE = Flags(
    Int32ub,
    Bit(0, "emergency", "紧急报警"),
    Bit(3, "danger", "危险预警"),
    Bit(20, "area_crossed", "进出区域报警"),
    Bit(21, "route_crossed", "进出路线报警"),
    Bit(22, "section_time", "路段行驶时间不足/过长报警"),
    Bit(27, "illegal_ignition", "车辆非法点火报警"),
    Bit(28, "illegal_displacement", "车辆非法位移报警"),
)

_ALARM_CONFIRMATION = Struct(
    "alarm_serial" / Int16ub * "报警消息流水号",  # 0: all alarms of the type
    "alarm_type" / _CONFIRMABLE * "人工确认报警类型",
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
    Message(
        0x8203,
        "AlarmConfirmation",
        "人工确认报警消息",
        "down",
        0x0001,
        clause(22),
        from_2013(_ALARM_CONFIRMATION),
    ),
    Message(
        0x0704,
        "PositionBatchUpload",
        "定位数据批量上传",
        "up",
        0x8001,
        "unverified: JT/T 808-2013 §8.49",
        from_2013(_BATCH),
    ),
)
