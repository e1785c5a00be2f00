"""The alarms of active safety (T/JSATL 12) as additional items of 0x0200: 0x64 to 0x67; 0x70 of later drafts.

By length, for terminal ids of seven bytes; other dialects' lengths (and vendors who use these ids for other
things) stay raw. The names of alarm types depend on the version (confidence D), so those stay numbers.
"""

from construct import Bytes, Int8ub, Int16ub, Int32ub, Struct

from .shapes import Repeat
from .tagged import Item
from .types import Bit, Choice, FixedText, Flags, TimeBcd

_SINCE = 12

_FLAG = Choice(Int8ub, {0: ("not_available", "不可用"), 1: ("start", "开始标志"), 2: ("end", "结束标志")})

_VEHICLE_STATUS = Flags(
    Int16ub,
    Bit(0, "acc_on", "ACC状态"),
    Bit(1, "left_turn", "左转向状态"),
    Bit(2, "right_turn", "右转向状态"),
    Bit(3, "wiper", "雨刮器状态"),
    Bit(4, "brake", "制动状态"),
    Bit(5, "card_in", "插卡状态"),
    Bit(10, "fixed", "定位状态"),
)

ALARM_IDENTIFIER = Struct(
    "terminal_id" / FixedText(7) * "终端ID",
    "time_bcd" / TimeBcd() * "时间",
    "sequence" / Int8ub * "序号",
    "attachments" / Int8ub * "附件数量",
    "reserved" / Int8ub * "预留",
)

_HEAD = ("alarm_id" / Int32ub * "报警ID", "flag" / _FLAG * "标志状态")

_PLACE = (
    "speed_kmh" / Int8ub * "车速",
    "altitude_m" / Int16ub * "高程",
    "latitude_udeg" / Int32ub * "纬度",
    "longitude_udeg" / Int32ub * "经度",
    "time_bcd" / TimeBcd() * "日期时间",
    "vehicle_status" / _VEHICLE_STATUS * "车辆状态",
    "identifier" / ALARM_IDENTIFIER * "报警标识号",
)

_SIGNS = {1: ("speed", "限速标志"), 2: ("height", "限高标志"), 3: ("weight", "限重标志")}

_ADAS = Struct(
    *_HEAD,
    "type" / Int8ub * "报警/事件类型",
    "level" / Int8ub * "报警级别",
    "front_speed_kmh" / Int8ub * "前车车速",
    "front_distance_100ms" / Int8ub * "前车/行人距离",
    "deviation" / Choice(Int8ub, {1: ("left", "左侧偏离"), 2: ("right", "右侧偏离")}) * "偏离类型",
    "sign_type" / Choice(Int8ub, _SIGNS) * "道路标志识别类型",
    "sign_data" / Int8ub * "道路标志识别数据",
    *_PLACE,
)

_DSM = Struct(
    *_HEAD,
    "type" / Int8ub * "报警/事件类型",
    "level" / Int8ub * "报警级别",
    "fatigue" / Int8ub * "疲劳程度",  # 1–10
    "reserved" / Bytes(4) * "预留",
    *_PLACE,
)

_TYRE_ALARM = Flags(
    Int16ub,
    Bit(0, "periodic", "定时上报"),
    Bit(1, "high", "胎压过高报警"),
    Bit(2, "low", "胎压过低报警"),
    Bit(3, "hot", "胎温过高报警"),
    Bit(4, "sensor", "传感器异常报警"),
    Bit(5, "imbalance", "胎压不平衡报警"),
    Bit(6, "slow_leak", "慢漏气报警"),
    Bit(7, "battery", "电池电量低报警"),
)

_TYRE = Struct(
    "wheel" / Int8ub * "胎压报警位置",  # from 0, front left, in Z order
    "alarm" / _TYRE_ALARM * "报警/事件类型",
    "pressure_kpa" / Int16ub * "胎压",
    "temperature_c" / Int16ub * "胎温",
    "battery_percent" / Int16ub * "电池电量",
)

_TPMS = Struct(
    *_HEAD, *_PLACE, "count" / Int8ub * "报警/事件列表总数", "tyres" / Repeat("count", _TYRE) * "列表"
)

_BSD_TYPES = {
    1: ("rear", "后方接近报警"),
    2: ("left_rear", "左侧后方接近报警"),
    3: ("right_rear", "右侧后方接近报警"),
}
_BSD = Struct(*_HEAD, "type" / Choice(Int8ub, _BSD_TYPES) * "报警/事件类型", *_PLACE)

_DRIVING_TYPES = {
    1: ("hard_acceleration", "急加速"),
    2: ("hard_braking", "急减速"),
    3: ("hard_turning", "急转弯"),
    4: ("idling", "怠速"),
    5: ("stall", "异常熄火"),
    6: ("neutral_coasting", "空挡滑行"),
    7: ("engine_overspeed", "发动机超转"),
}
_DRIVING = Struct(
    *_HEAD,
    "type" / Choice(Int8ub, _DRIVING_TYPES) * "报警/事件类型",
    "time_threshold" / Int16ub * "报警时间阈值",
    "threshold_1" / Int16ub * "报警阈值1",
    "threshold_2" / Int16ub * "报警阈值2",
    *_PLACE,
)

SAFETY_ITEMS = (
    Item(0x64, "adas_alarm", "高级驾驶辅助系统报警信息", (_ADAS,), _SINCE),
    Item(0x65, "dsm_alarm", "驾驶员状态监测系统报警信息", (_DSM,), _SINCE),
    Item(0x66, "tpms_alarm", "胎压监测系统报警信息", (_TPMS,), _SINCE),
    Item(0x67, "bsd_alarm", "盲区监测系统报警信息", (_BSD,), _SINCE),
    Item(0x70, "driving_alarm", "激烈驾驶报警信息", (_DRIVING,), _SINCE),
)
