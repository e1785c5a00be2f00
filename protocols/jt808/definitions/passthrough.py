"""Data that only passes through: transparent up and down, and compressed."""

from construct import Int8ub, Int32ub, Struct

from .types import Choice, CountedBytes, Message, Raw, clause, in_every_edition

_TYPES = {
    0x00: ("gnss_detail", "GNSS模块详细定位数据"),
    0x0B: ("ic_card", "道路运输证IC卡信息"),
    0x41: ("serial_1", "串口1透传"),
    0x42: ("serial_2", "串口2透传"),
    # T/JSATL 12, in the range 0xF0 to 0xFF that is the user's; their inside was not at hand.
    0xF7: ("peripheral_status", "外设状态信息"),
    0xF8: ("peripheral_information", "外设系统信息"),
}

_PASSTHROUGH = Struct("type" / Choice(Int8ub, _TYPES) * "透传消息类型", "content" / Raw() * "透传消息内容")

_COMPRESSED = Struct("content" / CountedBytes(Int32ub) * "压缩消息体")  # GZIP

MESSAGES = (
    Message(
        0x8900,
        "DownlinkPassthrough",
        "数据下行透传",
        "down",
        0x0001,
        clause(61),
        in_every_edition(_PASSTHROUGH),
    ),
    Message(
        0x0900, "UplinkPassthrough", "数据上行透传", "up", 0x8001, clause(62), in_every_edition(_PASSTHROUGH)
    ),
    Message(
        0x0901, "CompressedReport", "数据压缩上报", "up", 0x8001, clause(63), in_every_edition(_COMPRESSED)
    ),
)
