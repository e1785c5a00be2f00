"""Words for the driver: text, events, questions, information on demand, telephone.

Whether 2019 still has events, questions and information menus is unresolved (confidence D: some say deleted,
the list of ids of the 2019 text still has them), so they are declared there too, as in 2013.
"""

from construct import Int8ub, Int16ub, Struct

from .shapes import Many, OnlyIf, Repeat
from .types import (
    Bit,
    BitGroup,
    Choice,
    CountedText,
    Flags,
    Message,
    Raw,
    Text,
    Trailing,
    clause,
    in_every_edition,
)

_FLAG = Flags(
    Int8ub,
    Bit(0, "urgent", "紧急"),
    Bit(2, "display", "终端显示器显示"),
    Bit(3, "tts", "终端TTS播读"),
    Bit(4, "advertising_screen", "广告屏显示"),
    Bit(5, "can_fault_code", "CAN故障码信息"),  # else navigation
)

_FLAG_2019 = Flags(
    Int8ub,
    BitGroup(0, 2, "class", "类别", (("service", "服务"), ("urgent", "紧急"), ("notice", "通知")), 2019),
    Bit(2, "display", "终端显示器显示"),
    Bit(3, "tts", "终端TTS播读"),
    Bit(5, "can_fault_code", "CAN故障码信息"),
)

_TEXT = Struct("flag" / _FLAG * "标志", "text" / Text() * "文本信息")

_TEXT_2019 = Struct(
    "flag" / _FLAG_2019 * "标志",
    "type" / Choice(Int8ub, {1: ("notice", "通知"), 2: ("service", "服务")}) * "文本类型",
    "text" / Text() * "文本信息",
)

_SETTINGS = {
    0: ("delete_all", "删除终端现有所有项"),
    1: ("replace", "更新"),
    2: ("append", "追加"),
    3: ("modify", "修改"),
}

_EVENT = Struct("id" / Int8ub * "事件ID", "content" / CountedText() * "事件内容")

# Of the events to delete only the ids are wanted; whether each still has its length byte is not said, so
# they stay raw.
_EVENTS = Struct(
    "type" / Choice(Int8ub, {**_SETTINGS, 4: ("delete_listed", "删除特定几项事件")}) * "设置类型",
    "count" / OnlyIf("type", 0, Int8ub, equal=False) * "设置总数",
    "events" / OnlyIf("type", (0, 4), Repeat("count", _EVENT), equal=False) * "事件项列表",
    "deleted" / OnlyIf("type", 4, Raw()) * "删除的事件项",
)

_ANSWER = Struct("id" / Int8ub * "答案ID", "content" / CountedText(Int16ub) * "答案内容")

_QUESTION_FLAG = Flags(
    Int8ub,
    Bit(0, "urgent", "紧急"),
    Bit(3, "tts", "终端TTS播读"),
    Bit(4, "advertising_screen", "广告屏显示"),
)

_QUESTION = Struct(
    "flag" / _QUESTION_FLAG * "标志",
    "question" / CountedText() * "问题",
    "answers" / Many(_ANSWER) * "候选答案列表",
    "trailing" / Trailing() * "剩余字节",
)

_REPLY = Struct("reply_serial" / Int16ub * "应答流水号", "answer_id" / Int8ub * "答案ID")

_MENU_ENTRY = Struct("type" / Int8ub * "信息类型", "name" / CountedText(Int16ub) * "信息名称")

_MENU = Struct(
    "type" / Choice(Int8ub, _SETTINGS) * "设置类型",
    "count" / OnlyIf("type", 0, Int8ub, equal=False) * "信息项总数",
    "entries" / OnlyIf("type", 0, Repeat("count", _MENU_ENTRY), equal=False) * "信息项列表",
)

_ORDER = Struct(
    "type" / Int8ub * "信息类型",
    "action" / Choice(Int8ub, {0: ("cancel", "取消"), 1: ("order", "点播")}) * "点播/取消标志",
)

_INFORMATION = Struct("type" / Int8ub * "信息类型", "content" / CountedText(Int16ub) * "信息内容")

_CALL = Struct(
    "action" / Choice(Int8ub, {0: ("call", "普通通话"), 1: ("listen", "监听")}) * "标志",
    "number" / Text() * "电话号码",
)

_CONTACT = Struct(
    "flag" / Choice(Int8ub, {1: ("in", "呼入"), 2: ("out", "呼出"), 3: ("both", "呼入/呼出")}) * "标志",
    "number" / CountedText() * "电话号码",
    "name" / CountedText() * "联系人",
)

_PHONE_BOOK = Struct(
    "type" / Choice(Int8ub, _SETTINGS) * "设置类型",
    "count" / OnlyIf("type", 0, Int8ub, equal=False) * "联系人总数",
    "contacts" / OnlyIf("type", 0, Repeat("count", _CONTACT), equal=False) * "联系人项",
)

MESSAGES = (
    Message(
        0x8300,
        "TextMessage",
        "文本信息下发",
        "down",
        0x0001,
        clause(23),
        in_every_edition(_TEXT, since_2019=_TEXT_2019),
    ),
    Message(0x8301, "EventSetting", "事件设置", "down", 0x0001, clause(24), in_every_edition(_EVENTS)),
    Message(
        0x0301,
        "EventReport",
        "事件报告",
        "up",
        0x8001,
        clause(25),
        in_every_edition(Struct("event_id" / Int8ub * "事件ID")),
    ),
    Message(0x8302, "Question", "提问下发", "down", 0x0302, clause(26), in_every_edition(_QUESTION)),
    Message(0x0302, "QuestionAnswer", "提问应答", "up", None, clause(27), in_every_edition(_REPLY)),
    Message(
        0x8303,
        "InformationMenuSetting",
        "信息点播菜单设置",
        "down",
        0x0001,
        clause(28),
        in_every_edition(_MENU),
    ),
    Message(0x0303, "InformationOrder", "信息点播/取消", "up", 0x8001, clause(29), in_every_edition(_ORDER)),
    Message(
        0x8304, "InformationService", "信息服务", "down", 0x0001, clause(30), in_every_edition(_INFORMATION)
    ),
    Message(0x8400, "CallBack", "电话回拨", "down", 0x0001, clause(31), in_every_edition(_CALL)),
    Message(
        0x8401, "PhoneBookSetting", "设置电话本", "down", 0x0001, clause(32), in_every_edition(_PHONE_BOOK)
    ),
)
