"""How a terminal gets in and out: registration, authentication, de-registration."""

from construct import Int8ub, Int16ub, Struct

from .results import RESULT_OF_REGISTRATION
from .shapes import OnlyIf
from .types import Choice, CountedText, FixedText, Message, Text, changed, in_every_edition

# JT/T 415-2006 codes up to 2013; JT/T 697.7-2014 adds green with 2019. 91 to 94 are those of the freight code
# set, for farm and new-energy vehicles.
PLATE_COLOURS = {
    0: ("none", "未上牌"),
    1: ("blue", "蓝色"),
    2: ("yellow", "黄色"),
    3: ("black", "黑色"),
    4: ("white", "白色"),
    5: ("green", "绿色"),
    9: ("other", "其他"),
    91: ("farm_yellow", "农黄色"),
    92: ("farm_green", "农绿色"),
    93: ("yellow_green", "黄绿色"),
    94: ("gradient_green", "渐变绿色"),
}

_REGISTRATION = Struct(
    "province" / Int16ub * "省域ID",  # first two digits of GB/T 2260; 0: the platform's default
    "city" / Int16ub * "市县域ID",  # last four digits of GB/T 2260
    "maker" / FixedText(5) * "制造商ID",
    "model" / FixedText(20) * "终端型号",
    "terminal_id" / FixedText(7) * "终端ID",
    "plate_colour" / Choice(Int8ub, PLATE_COLOURS) * "车牌颜色",
    "plate" / Text() * "车辆标识",  # since 2013 the VIN when the colour is 0
)

_AUTHENTICATION = Struct("auth_code" / Text() * "鉴权码")

_AUTHENTICATION_2019 = Struct(
    "auth_code" / CountedText() * "鉴权码",
    "imei" / FixedText(15) * "终端IMEI",
    "software_version" / FixedText(20) * "软件版本号",
)

_REGISTRATION_RESPONSE = Struct(
    "reply_serial" / Int16ub * "应答流水号",
    "result" / RESULT_OF_REGISTRATION * "结果",
    "auth_code" / OnlyIf("result", 0, Text()) * "鉴权码",
)

MESSAGES = (
    Message(
        0x0100,
        "TerminalRegistration",
        "终端注册",
        "up",
        0x8100,
        "unverified: JT/T 808-2013 §8.5",
        in_every_edition(
            _REGISTRATION,
            only_2011=changed(_REGISTRATION, model=FixedText(8)),
            since_2019=changed(
                _REGISTRATION, maker=FixedText(11), model=FixedText(30), terminal_id=FixedText(30)
            ),
        ),
    ),
    Message(
        0x8100,
        "TerminalRegistrationResponse",
        "终端注册应答",
        "down",
        None,
        "unverified: JT/T 808-2013 §8.6",
        in_every_edition(_REGISTRATION_RESPONSE),
    ),
    Message(
        0x0003,
        "TerminalDeregistration",
        "终端注销",
        "up",
        0x8001,
        "unverified: JT/T 808-2013 §8.7",
        in_every_edition(Struct()),
    ),
    Message(
        0x0102,
        "TerminalAuthentication",
        "终端鉴权",
        "up",
        0x8001,
        "unverified: JT/T 808-2013 §8.8",
        in_every_edition(_AUTHENTICATION, since_2019=_AUTHENTICATION_2019),
    ),
)
