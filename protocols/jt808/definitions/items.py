"""The standard additional items of 0x0200, by id and length. Anything else stays raw bytes.

Vendors re-use standard ids (0x06 as battery percent, …): a dialect decides, these declarations do not.
"""

from construct import Bytes, Int8ub, Int16ub, Int32ub, Struct

from .safety_items import SAFETY_ITEMS
from .tagged import Item, Items
from .types import Bit, Choice, Flags

_AREA_TYPES = {
    1: ("circle", "圆形区域"),
    2: ("rectangle", "矩形区域"),
    3: ("polygon", "多边形区域"),
    4: ("section", "路段"),
}
_OVERSPEED_TYPE = Choice(Int8ub, {0: ("none", "无特定位置"), **_AREA_TYPES})

_BEHAVIOUR = Flags(
    Int16ub,
    Bit(0, "fatigue", "疲劳"),
    Bit(1, "phone", "打电话"),
    Bit(2, "smoking", "抽烟"),
)

_VIDEO_ALARM = Flags(
    Int32ub,
    Bit(0, "video_signal_lost", "视频信号丢失报警"),
    Bit(1, "video_covered", "视频信号遮挡报警"),
    Bit(2, "storage_fault", "存储单元故障报警"),
    Bit(3, "other_video_fault", "其他视频设备故障报警"),
    Bit(4, "passenger_overload", "客车超员报警"),
    Bit(5, "abnormal_driving", "异常驾驶行为报警"),
    Bit(6, "special_recording_threshold", "特殊报警录像达到存储阈值报警"),
)

_SIGNALS = Flags(
    Int32ub,
    Bit(0, "low_beam", "近光灯"),
    Bit(1, "high_beam", "远光灯"),
    Bit(2, "right_turn", "右转向灯"),
    Bit(3, "left_turn", "左转向灯"),
    Bit(4, "brake", "制动"),
    Bit(5, "reverse", "倒挡"),
    Bit(6, "fog", "雾灯"),
    Bit(7, "outline", "示廓灯"),
    Bit(8, "horn", "喇叭"),
    Bit(9, "air_conditioner", "空调"),
    Bit(10, "neutral", "空挡"),
    Bit(11, "retarder", "缓速器工作"),
    Bit(12, "abs", "ABS工作"),
    Bit(13, "heater", "加热器工作"),
    Bit(14, "clutch", "离合器状态"),
)

_IO = Flags(Int16ub, Bit(0, "deep_sleep", "深度休眠"), Bit(1, "sleep", "休眠"))

_OVERSPEED_ALONE = Struct("type" / _OVERSPEED_TYPE * "位置类型")

_OVERSPEED_AREA = Struct("type" / _OVERSPEED_TYPE * "位置类型", "area_id" / Int32ub * "区域或路段ID")

_AREA_CROSSED = Struct(
    "type" / Choice(Int8ub, _AREA_TYPES) * "位置类型",
    "area_id" / Int32ub * "区域或线路ID",
    "direction" / Choice(Int8ub, {0: ("in", "进"), 1: ("out", "出")}) * "方向",
)

_SECTION_TIME = Struct(
    "section_id" / Int32ub * "路段ID",
    "time_s" / Int16ub * "路段行驶时间",
    "result" / Choice(Int8ub, {0: ("too_short", "不足"), 1: ("too_long", "过长")}) * "结果",
)

# The third byte was captured from a device; that it is the degree of fatigue is confidence C.
_BEHAVIOUR_AND_DEGREE = Struct("behaviour" / _BEHAVIOUR * "异常驾驶行为类型", "degree" / Int8ub * "疲劳程度")

# High word first on the wire.
_ANALOG = Struct("ad1" / Int16ub * "模拟量AD1", "ad0" / Int16ub * "模拟量AD0")

STANDARD_ITEMS = Items(
    Item(0x01, "odometer_dkm", "里程", (Int32ub,)),
    Item(0x02, "fuel_dl", "油量", (Int16ub,)),
    Item(0x03, "recorder_speed_dkmh", "行驶记录功能获取的速度", (Int16ub,)),
    Item(0x04, "alarm_event", "需要人工确认报警事件的ID", (Int16ub,), 2013),
    # Unit unknown (confidence D): one byte per wheel, 0xFF where there is none, kept as bytes.
    Item(0x05, "tyre_pressures", "胎压", (Bytes(30),), 2019),
    # How a negative temperature is written is unresolved (confidence D: sign and magnitude by the wording,
    # two's complement in implementations), so the word stays unsigned.
    Item(0x06, "carriage_temperature_raw", "车厢温度", (Int16ub,), 2019),
    # No area id when the type is 0, so the length says which of the two it is.
    Item(0x11, "overspeed", "超速报警附加信息", (_OVERSPEED_ALONE, _OVERSPEED_AREA)),
    Item(0x12, "area_crossed", "进出区域/路线报警附加信息", (_AREA_CROSSED,)),
    Item(0x13, "section_time", "路段行驶时间不足/过长报警附加信息", (_SECTION_TIME,)),
    Item(0x14, "video_alarm", "视频相关报警", (_VIDEO_ALARM,), 1078),
    Item(0x15, "video_lost_channels", "视频信号丢失报警状态", (Int32ub,), 1078),  # bit = channel − 1
    Item(0x16, "video_covered_channels", "视频信号遮挡报警状态", (Int32ub,), 1078),  # bit = channel − 1
    Item(0x17, "storage_faults", "存储器故障报警状态", (Int16ub,), 1078),  # 0–11 main, 12–15 backup
    Item(0x18, "abnormal_driving", "异常驾驶行为报警详细描述", (_BEHAVIOUR, _BEHAVIOUR_AND_DEGREE), 1078),
    Item(0x25, "vehicle_signals", "扩展车辆信号状态位", (_SIGNALS,), 2013),
    Item(0x2A, "io_status", "IO状态位", (_IO,), 2013),
    Item(0x2B, "analog", "模拟量", (_ANALOG,), 2013),
    Item(0x30, "radio_strength", "无线通信网络信号强度", (Int8ub,), 2013),
    Item(0x31, "satellites", "GNSS定位卫星数", (Int8ub,), 2013),
    *SAFETY_ITEMS,
)
