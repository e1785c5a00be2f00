"""Who drives: the qualification card read, pulled out, asked for."""

from construct import Int8ub, Struct

from .shapes import OnlyIf
from .types import Choice, CountedText, DateBcd, FixedText, Message, TimeBcd, clause, from_2013

_CARD_IN = 1
_READ_OK = 0
CARD_STATES = {_CARD_IN: ("card_in", "插卡/上班"), 2: ("card_out", "拔卡/下班")}

_IDENTITY_2011 = Struct(
    "name" / CountedText() * "驾驶员姓名",
    "id_number" / FixedText(20) * "驾驶员身份证编码",
    "qualification" / FixedText(40) * "从业资格证编码",
    "issuer" / CountedText() * "发证机构名称",
)

_READ_RESULTS = {
    0: ("ok", "IC卡读卡成功"),
    1: ("key_failed", "卡片密钥认证未通过"),
    2: ("card_locked", "卡片已被锁定"),
    3: ("card_pulled", "卡片被拔出"),
    4: ("check_error", "数据校验错误"),
}

# A card that is out has seven bytes, one that could not be read eight.
_IDENTITY = Struct(
    "status" / Choice(Int8ub, CARD_STATES) * "状态",
    "time_bcd" / TimeBcd() * "时间",
    "read_result" / OnlyIf("status", _CARD_IN, Choice(Int8ub, _READ_RESULTS)) * "IC卡读取结果",
    "name" / OnlyIf("read_result", _READ_OK, CountedText()) * "驾驶员姓名",
    "qualification" / OnlyIf("read_result", _READ_OK, FixedText(20)) * "从业资格证编码",
    "issuer" / OnlyIf("read_result", _READ_OK, CountedText()) * "发证机构名称",
    "valid_until_bcd" / OnlyIf("read_result", _READ_OK, DateBcd()) * "证件有效期",
)

_IDENTITY_2019 = Struct(
    *_IDENTITY.subcons,
    "id_number" / OnlyIf("read_result", _READ_OK, FixedText(20)) * "驾驶员身份证号",
)

MESSAGES = (
    Message(
        0x8702,
        "DriverIdentityQuery",
        "上报驾驶员身份信息请求",
        "down",
        0x0702,
        clause(47),
        from_2013(Struct()),
    ),
    Message(
        0x0702,
        "DriverIdentity",
        "驾驶员身份信息采集上报",
        "up",
        0x8001,
        clause(48),
        {2011: _IDENTITY_2011, **from_2013(_IDENTITY, _IDENTITY_2019)},
    ),
)
