"""Terminal parameters set, asked for and told; what the terminal says it is."""

from construct import Int8ub, Int16ub, Int32ub, Struct

from .parameter_values import PARAMETERS
from .shapes import Repeat
from .tagged import Parameters
from .types import (
    Bit,
    CountedText,
    Digits,
    FixedText,
    Flags,
    Message,
    changed,
    clause,
    from_2013,
    in_every_edition,
)

_LIST = Parameters("count", *PARAMETERS)

_SETTING = Struct("count" / Int8ub * "参数总数", "parameters" / _LIST * "参数项列表")

_RESPONSE = Struct(
    "reply_serial" / Int16ub * "应答流水号",
    "count" / Int8ub * "应答参数个数",
    "parameters" / _LIST * "参数项列表",
)

_LISTED_QUERY = Struct("count" / Int8ub * "参数总数", "ids" / Repeat("count", Int32ub) * "参数ID列表")

_TERMINAL_TYPE = Flags(
    Int16ub,
    Bit(0, "passenger", "适用客运车辆"),
    Bit(1, "dangerous_goods", "适用危险品车辆"),
    Bit(2, "freight", "适用普通货运车辆"),
    Bit(3, "taxi", "适用出租车辆"),
    Bit(6, "hard_disk_video", "支持硬盘录像"),
    Bit(7, "split_unit", "分体机"),
    Bit(8, "trailer", "适用挂车", 2019),
)

_GNSS = Flags(
    Int8ub,
    Bit(0, "gps", "支持GPS定位"),
    Bit(1, "bds", "支持北斗定位"),
    Bit(2, "glonass", "支持GLONASS定位"),
    Bit(3, "galileo", "支持Galileo定位"),
)

_COMMUNICATION = Flags(
    Int8ub,
    Bit(0, "gprs", "支持GPRS通信"),
    Bit(1, "cdma", "支持CDMA通信"),
    Bit(2, "td_scdma", "支持TD-SCDMA通信"),
    Bit(3, "wcdma", "支持WCDMA通信"),
    Bit(4, "cdma2000", "支持CDMA2000通信"),
    Bit(5, "td_lte", "支持TD-LTE通信"),
    Bit(7, "other", "支持其他通信方式"),
)

_ATTRIBUTES = Struct(
    "terminal_type" / _TERMINAL_TYPE * "终端类型",
    # Five bytes in all editions, 2019 too; one implementation reads eleven.
    "maker" / FixedText(5) * "制造商ID",
    "model" / FixedText(20) * "终端型号",
    "terminal_id" / FixedText(7) * "终端ID",
    "iccid_bcd" / Digits(10) * "终端SIM卡ICCID",
    "hardware_version" / CountedText() * "终端硬件版本号",
    "firmware_version" / CountedText() * "终端固件版本号",
    "gnss" / _GNSS * "GNSS模块属性",
    "communication" / _COMMUNICATION * "通信模块属性",
)

MESSAGES = (
    Message(
        0x8103, "ParameterSetting", "设置终端参数", "down", 0x0001, clause(9), in_every_edition(_SETTING)
    ),
    Message(0x8104, "ParameterQuery", "查询终端参数", "down", 0x0104, clause(10), in_every_edition(Struct())),
    Message(
        0x8106,
        "ListedParameterQuery",
        "查询指定终端参数",
        "down",
        0x0104,
        clause(11),
        from_2013(_LISTED_QUERY),
    ),
    Message(
        0x0104,
        "ParameterQueryResponse",
        "查询终端参数应答",
        "up",
        None,
        clause(12),
        in_every_edition(_RESPONSE),
    ),
    Message(0x8107, "AttributeQuery", "查询终端属性", "down", 0x0107, clause(14), from_2013(Struct())),
    Message(
        0x0107,
        "AttributeQueryResponse",
        "查询终端属性应答",
        "up",
        None,
        clause(15),
        from_2013(_ATTRIBUTES, changed(_ATTRIBUTES, model=FixedText(30), terminal_id=FixedText(30))),
    ),
)
