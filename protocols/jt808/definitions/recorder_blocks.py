"""The frames of the driving recorder (GB/T 19056) inside 0x8700, 0x0700 and 0x8701, and their data.

The check byte is the XOR of all bytes before it; it is kept as it came. Positions are not those of JT/T 808:
longitude first, in 0.0001 minutes (confidence C), 0x7FFFFFFF where there is none. Missing speeds are 0xFF.
"""

from construct import Bytes, Int8ub, Int16ub, Int32ub, Struct

from .shapes import Chosen, Many, OnlyIf, Repeat
from .types import Choice, Digits, FixedText, PeriodBcd, TimeBcd, Trailing

COMMANDS = {
    0x00: ("standard_year", "采集记录仪执行标准版本"),
    0x01: ("driver", "采集当前驾驶人信息"),
    0x02: ("clock", "采集记录仪实时时间"),
    0x03: ("mileage", "采集累计行驶里程"),
    0x04: ("pulse_factor", "采集记录仪脉冲系数"),
    0x05: ("vehicle", "采集车辆信息"),
    0x06: ("signal_names", "采集记录仪状态信号配置信息"),
    0x07: ("unique_number", "采集记录仪唯一性编号"),
    0x08: ("speed_log", "采集指定的行驶速度记录"),
    0x09: ("position_log", "采集指定的位置信息记录"),
    0x10: ("accident_log", "采集指定的事故疑点记录"),
    0x11: ("overtime_log", "采集指定的超时驾驶记录"),
    0x12: ("driver_log", "采集指定的驾驶人身份记录"),
    0x13: ("power_log", "采集指定的外部供电记录"),
    0x14: ("parameter_log", "采集指定的参数修改记录"),
    0x15: ("speed_status_log", "采集指定的速度状态日志"),
    0x82: ("set_vehicle", "设置车辆信息"),
    0x83: ("set_install_date", "设置记录仪初次安装日期"),
    0x84: ("set_signal_names", "设置状态量配置信息"),
    0xC2: ("set_clock", "设置记录仪时间"),
    0xC3: ("set_pulse_factor", "设置记录仪脉冲系数"),
    0xC4: ("set_initial_mileage", "设置初始里程"),
    0xE0: ("verify_e0", "进入或保持检定状态"),
    0xE1: ("verify_e1", "进入里程误差测量"),
    0xE2: ("verify_e2", "进入脉冲系数误差测量"),
    0xE3: ("verify_e3", "进入实时时间误差测量"),
    0xE4: ("verify_e4", "返回正常工作状态"),
    0xFA: ("collect_error", "采集数据帧接收出错"),
    0xFB: ("set_error", "设置参数帧接收出错"),
}
COMMAND = Choice(Int8ub, COMMANDS)

DOWN_MARK = 0xAA75
UP_MARK = 0x557A
_MARKS = {DOWN_MARK: ("down", "起始字头"), UP_MARK: ("up", "起始字头")}

_SAMPLE = Struct("speed_kmh" / Int8ub * "速度", "signals" / Int8ub * "状态信号")
_PLACE = (
    "longitude_e4min" / Int32ub * "经度",
    "latitude_e4min" / Int32ub * "纬度",
    "height_m" / Int16ub * "海拔高度",
)


def _blocks(*fields: object) -> Struct:
    """Blocks of the same layout to the end of the data."""
    return Struct("blocks" / Many(Struct(*fields)) * "数据块", "trailing" / Trailing() * "剩余字节")


_CLOCK = Struct("clock_bcd" / TimeBcd() * "实时时间")

_PLACE_AND_SPEED = Struct(*_PLACE, "speed_kmh" / Int8ub * "平均速度")
_LICENCE = "licence" / FixedText(18) * "机动车驾驶证号码"

_SIGNAL_NAMES = Struct(
    "clock_bcd" / TimeBcd() * "实时时间",
    "signal_bytes" / Int8ub * "状态信号字节个数",
    "names"
    / Repeat(
        "signal_bytes",
        Struct(*(f"d{number}" / FixedText(10) * f"D{number}状态信号名称" for number in range(8))),
    )
    * "状态信号名称",
)

# What the recorder answers to 00–07 and sends of its logs 08–15.
ANSWERS = {
    0x00: Struct("year_bcd" / Digits(1) * "记录仪执行标准年号后2位", "amendment" / Int8ub * "修改单号"),
    0x01: Struct(_LICENCE),
    0x02: _CLOCK,
    0x03: Struct(
        "clock_bcd" / TimeBcd() * "实时时间",
        "installed_bcd" / PeriodBcd() * "初次安装时间",
        "initial_dkm_bcd" / Digits(4) * "初始里程",
        "total_dkm_bcd" / Digits(4) * "累计行驶里程",
    ),
    0x04: Struct("clock_bcd" / TimeBcd() * "当前时间", "pulse_factor" / Int16ub * "脉冲系数"),
    0x05: Struct(
        "vin" / FixedText(17) * "车辆识别代号",
        "plate" / FixedText(12) * "机动车号牌号码",
        "plate_class" / FixedText(12) * "机动车号牌分类",
    ),
    0x06: _SIGNAL_NAMES,
    0x07: Struct(
        "ccc" / FixedText(7) * "生产厂CCC认证代码",
        "model" / FixedText(16) * "认证产品型号",
        "made_bcd" / Digits(3) * "生产日期",
        "serial_number" / Bytes(4) * "产品生产流水号",
        "reserved" / Bytes(5) * "备用",
    ),
    0x08: _blocks("start_bcd" / PeriodBcd() * "开始时间", "samples" / Repeat(60, _SAMPLE) * "每秒速度和状态"),
    0x09: _blocks(
        "start_bcd" / PeriodBcd() * "开始时间", "places" / Repeat(60, _PLACE_AND_SPEED) * "每分钟位置"
    ),
    0x10: _blocks(
        "end_bcd" / PeriodBcd() * "行驶结束时间",
        _LICENCE,
        "samples" / Repeat(100, _SAMPLE) * "每0.2秒速度和状态",  # the newest first
        *_PLACE,
    ),
    0x11: _blocks(
        _LICENCE,
        "start_bcd" / PeriodBcd() * "连续驾驶开始时间",
        "end_bcd" / PeriodBcd() * "连续驾驶结束时间",
        "start_place" / Struct(*_PLACE) * "开始位置",
        "end_place" / Struct(*_PLACE) * "结束位置",
    ),
    0x12: _blocks(
        "time_bcd" / PeriodBcd() * "事件发生时间",
        _LICENCE,
        "event" / Choice(Int8ub, {1: ("login", "登录"), 2: ("logout", "退出")}) * "事件类型",
    ),
    0x13: _blocks(
        "time_bcd" / PeriodBcd() * "事件发生时间",
        "event" / Choice(Int8ub, {1: ("power_on", "通电"), 2: ("power_off", "断电")}) * "事件类型",
    ),
    0x14: _blocks("time_bcd" / PeriodBcd() * "事件发生时间", "event" / Int8ub * "事件类型"),
    0x15: _blocks(
        "status" / Choice(Int8ub, {1: ("normal", "正常"), 2: ("abnormal", "异常")}) * "速度状态",
        "start_bcd" / PeriodBcd() * "开始时间",
        "end_bcd" / PeriodBcd() * "结束时间",
        "samples"
        / Repeat(60, Struct("recorder_kmh" / Int8ub * "记录速度", "reference_kmh" / Int8ub * "参考速度"))
        * "每秒速度",
    ),
}

# Which part of a log is wanted. The data of the setting commands was not at hand and stays raw.
_WANTED = Struct(
    "start_bcd" / PeriodBcd() * "开始时间",
    "end_bcd" / PeriodBcd() * "结束时间",
    "max_blocks" / Int16ub * "最大数据块个数",
)
COMMAND_DATA = dict.fromkeys((0x08, 0x09, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15), _WANTED)


# The answers to a frame that arrived damaged have neither length nor data.
_COLLECT_ERROR = 0xFA
_SET_ERROR = 0xFB
_ERRORS = (_COLLECT_ERROR, _SET_ERROR)


def _frame(data: dict[int, Struct]) -> Struct:
    return Struct(
        "mark" / Choice(Int16ub, _MARKS) * "起始字头",
        "command" / COMMAND * "命令字",
        "length" / OnlyIf("command", _ERRORS, Int16ub, equal=False) * "数据块长度",
        "reserved" / Int8ub * "保留字",
        "data" / OnlyIf("command", _ERRORS, Chosen("command", "length", data), equal=False) * "数据块",
        "check" / Int8ub * "校验字",
    )


DOWN_FRAME = _frame(COMMAND_DATA)
UP_FRAME = _frame(ANSWERS)
