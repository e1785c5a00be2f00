"""0x1200, what moves: the envelope of a vehicle, and the position 0x1202 in it."""

from construct import Array, GreedyBytes, Int8ub, Int16ub, Int32ub, Prefixed, Struct

from protocols.jt808.definitions.types import FixedText

POSITION_ID = 0x1202

# Longitude comes before latitude; speeds in whole km/h and mileage in whole km, not in tenths.
POSITION_2011 = Struct(
    "encrypted" / Int8ub * "加密标识",
    "day" / Int8ub * "日",
    "month" / Int8ub * "月",
    "year" / Int16ub * "年",
    "hour" / Int8ub * "时",
    "minute" / Int8ub * "分",
    "second" / Int8ub * "秒",  # the clock of the terminal, Beijing time
    "longitude_udeg" / Int32ub * "经度",
    "latitude_udeg" / Int32ub * "纬度",
    "speed_kmh" / Int16ub * "速度",
    "recorder_speed_kmh" / Int16ub * "行驶记录速度",
    "mileage_km" / Int32ub * "车辆当前总里程数",
    "direction_deg" / Int16ub * "方向",
    "altitude_m" / Int16ub * "海拔高度",
    "status" / Int32ub * "车辆状态",
    "alarm" / Int32ub * "报警状态",
)

_PLATFORM_ALARM = Struct("platform_id" / FixedText(11) * "监控平台唯一编码", "alarm" / Int32ub * "报警状态")

# unverified: one implementation. `report` is the body of a 0x0200 of JT/T 808, as the terminal sent it.
POSITION_2019 = Struct(
    "encrypted" / Int8ub * "加密标识",
    "report" / Prefixed(Int32ub, GreedyBytes) * "车辆定位信息",
    "platform_alarms" / Array(3, _PLATFORM_ALARM) * "企业、市级、省级监控平台",
)

POSITIONS = {2011: POSITION_2011, 2019: POSITION_2019}

# `content` of another sub-type than POSITION_ID stays bytes.
_ENVELOPE = Struct(
    "plate" / FixedText(21) * "车牌号",
    "plate_colour" / Int8ub * "车辆颜色",
    "sub_type" / Int16ub * "子业务类型标识",
    "content" / Prefixed(Int32ub, GreedyBytes) * "后续数据",
)

MESSAGES = {0x1200: ("DynamicData", "主链路动态信息交换", {2011: _ENVELOPE, 2019: _ENVELOPE})}
