"""The files that belong to an active safety alarm (T/JSATL 12): asked for, announced, finished.

The file data itself travels on the same connection in blocks of another syntax (30 31 63 64 …), which is no
frame of JT/T 808. In which edition of JT/T 808 they appear is not said; 2013 and 2019 are taken.
"""

from construct import Bytes, Int8ub, Int16ub, Int32ub, Struct

from .safety_items import ALARM_IDENTIFIER
from .shapes import Repeat
from .types import Choice, CountedText, FixedText, Message, from_2013

_STANDARD = "T/JSATL 12"

_FILE_TYPES = {
    0: ("picture", "图片"),
    1: ("audio", "音频"),
    2: ("video", "视频"),
    3: ("text", "文本"),
    4: ("other", "其他"),
}

_ORDER = Struct(
    "server" / CountedText() * "附件服务器IP地址",
    "tcp_port" / Int16ub * "附件服务器TCP端口",
    "udp_port" / Int16ub * "附件服务器UDP端口",
    "identifier" / ALARM_IDENTIFIER * "报警标识号",
    "alarm_number" / FixedText(32) * "报警编号",
    "reserved" / Bytes(16) * "预留",
)

_FILE = Struct("name" / CountedText() * "文件名称", "file_size" / Int32ub * "文件大小")

_LIST = Struct(
    "terminal_id" / FixedText(7) * "终端ID",
    "identifier" / ALARM_IDENTIFIER * "报警标识号",
    "alarm_number" / FixedText(32) * "报警编号",
    "type"
    / Choice(Int8ub, {0: ("normal", "正常报警文件信息"), 1: ("again", "补传报警文件信息")})
    * "信息类型",
    "count" / Int8ub * "附件数量",
    "files" / Repeat("count", _FILE) * "附件信息列表",
)

_ANNOUNCED = Struct(
    "name" / CountedText() * "文件名称",
    "type" / Choice(Int8ub, _FILE_TYPES) * "文件类型",
    "file_size" / Int32ub * "文件大小",
)

_GAP = Struct("gap_offset" / Int32ub * "数据偏移量", "gap_length" / Int32ub * "数据长度")

_FINISHED_RESPONSE = Struct(
    "name" / CountedText() * "文件名称",
    "type" / Choice(Int8ub, _FILE_TYPES) * "文件类型",
    "result" / Choice(Int8ub, {0: ("done", "完成"), 1: ("resend", "需要补传")}) * "上传结果",
    "count" / Int8ub * "补传数据包数量",
    "gaps" / Repeat("count", _GAP) * "补传数据包列表",
)


_LISTED: tuple[tuple[int, str, str, str, int | None, Struct], ...] = (
    (0x9208, "AttachmentOrder", "报警附件上传指令", "down", 0x0001, _ORDER),
    (0x1210, "AttachmentList", "报警附件信息消息", "up", 0x8001, _LIST),
    (0x1211, "AttachmentFile", "文件信息上传", "up", 0x8001, _ANNOUNCED),
    (0x1212, "AttachmentFinished", "文件上传完成消息", "up", 0x9212, _ANNOUNCED),
    (0x9212, "AttachmentFinishedResponse", "文件上传完成消息应答", "down", None, _FINISHED_RESPONSE),
)

MESSAGES = tuple(
    Message(message_id, name, chinese, direction, answered_by, _STANDARD, from_2013(body), _STANDARD)
    for message_id, name, chinese, direction, answered_by, body in _LISTED
)
