"""Pictures, sound and video: events, data, orders, searches."""

from construct import Int8ub, Int16ub, Int32ub, Struct

from .blocks import BASIC_POSITION
from .shapes import IfMore, OnlyIf, Repeat
from .types import Choice, Message, PeriodBcd, Raw, clause, from_2013, in_every_edition

_TYPE = Choice(Int8ub, {0: ("image", "图像"), 1: ("audio", "音频"), 2: ("video", "视频")})
_FORMAT = Choice(
    Int8ub, {0: ("jpeg", "JPEG"), 1: ("tif", "TIF"), 2: ("mp3", "MP3"), 3: ("wav", "WAV"), 4: ("wmv", "WMV")}
)
_EVENT = Choice(
    Int8ub,
    {
        0: ("platform_order", "平台下发指令"),
        1: ("timer", "定时动作"),
        2: ("robbery_alarm", "抢劫报警触发"),
        3: ("collision", "碰撞侧翻报警触发"),
        4: ("door_open", "门开拍照"),
        5: ("door_close", "门关拍照"),
        6: ("door_closed_moving_off", "车门由开变关，时速从小于20公里到超过20公里"),
        7: ("distance", "定距拍照"),
    },
)
_KEEP_OR_DELETE = Choice(Int8ub, {0: ("keep", "保留"), 1: ("delete", "删除")})

_HEAD = (
    "media_id" / Int32ub * "多媒体数据ID",
    "type" / _TYPE * "多媒体类型",
    "format" / _FORMAT * "多媒体格式编码",
    "event" / _EVENT * "事件项编码",
    "channel" / Int8ub * "通道ID",
)
_DATA = "data" / Raw() * "多媒体数据包"
_POSITION = "position" / BASIC_POSITION * "位置信息汇报"

# Nothing behind the id when all packages came. 2011 is said to carry the count always (confidence C); both
# are read in every edition.
_MISSING = Struct("count" / Int8ub * "重传包总数", "numbers" / Repeat("count", Int16ub) * "重传包ID列表")
_DATA_RESPONSE = Struct("media_id" / Int32ub * "多媒体ID", "missing" / IfMore(_MISSING) * "重传包")

_SHOOT = Struct(
    "channel" / Int8ub * "通道ID",
    "command" / Choice(Int16ub, {0: ("stop", "停止拍摄"), 0xFFFF: ("video", "录像")}) * "拍摄命令",
    "interval_s" / Int16ub * "拍照间隔/录像时间",  # 0: as fast as it can, or without end
    "save" / Choice(Int8ub, {0: ("upload", "实时上传"), 1: ("store", "保存")}) * "保存标志",
    "resolution"
    / Choice(
        Int8ub,
        {
            0x00: ("lowest", "最低分辨率"),  # 2019
            0x01: ("320x240", ""),
            0x02: ("640x480", ""),
            0x03: ("800x600", ""),
            0x04: ("1024x768", ""),
            0x05: ("176x144", ""),
            0x06: ("352x288", ""),
            0x07: ("704x288", ""),
            0x08: ("704x576", ""),
            0xFF: ("highest", "最高分辨率"),  # 2019
        },
    )
    * "分辨率",
    "quality" / Int8ub * "图像/视频质量",  # 1–10, 1 the best
    "brightness" / Int8ub * "亮度",
    "contrast" / Int8ub * "对比度",  # 0–127
    "saturation" / Int8ub * "饱和度",  # 0–127
    "chroma" / Int8ub * "色度",
)

_SHOOT_RESULTS = {0: ("ok", "成功"), 1: ("failed", "失败"), 2: ("no_such_channel", "通道不支持")}
_SHOOT_RESPONSE = Struct(
    "reply_serial" / Int16ub * "应答流水号",
    "result" / Choice(Int8ub, _SHOOT_RESULTS) * "结果",
    "count" / OnlyIf("result", 0, Int16ub) * "多媒体ID个数",
    "media_ids" / OnlyIf("result", 0, Repeat("count", Int32ub)) * "多媒体ID列表",
)

_SELECTION = (
    "type" / _TYPE * "多媒体类型",
    "channel" / Int8ub * "通道ID",  # 0 all
    "event" / _EVENT * "事件项编码",
    "start_bcd" / PeriodBcd() * "起始时间",  # all zero: no limit
    "end_bcd" / PeriodBcd() * "结束时间",
)

_FOUND = (
    "type" / _TYPE * "多媒体类型",
    "channel" / Int8ub * "通道ID",
    "event" / _EVENT * "事件项编码",
    _POSITION,
)


def _search_response(element: Struct) -> Struct:
    return Struct(
        "reply_serial" / Int16ub * "应答流水号",
        "count" / Int16ub * "多媒体数据总项数",
        "items" / Repeat("count", element) * "检索项",
    )


# 2019 is said to have made the position variable, without a length that anybody knows: 28 bytes
# (confidence D).
_SEARCH_RESPONSE = _search_response(Struct("media_id" / Int32ub * "多媒体ID", *_FOUND))

_RECORDING = Struct(
    "command" / Choice(Int8ub, {0: ("stop", "停止录音"), 1: ("start", "开始录音")}) * "录音命令",
    "duration_s" / Int16ub * "录音时间",  # 0 without end
    "save" / Choice(Int8ub, {0: ("upload", "实时上传"), 1: ("store", "保存")}) * "保存标志",
    "rate" / Choice(Int8ub, {0: ("8k", ""), 1: ("11k", ""), 2: ("23k", ""), 3: ("32k", "")}) * "音频采样率",
)

_ONE = Struct("media_id" / Int32ub * "多媒体ID", "deletion" / _KEEP_OR_DELETE * "删除标志")

MESSAGES = (
    Message(
        0x0800, "MediaEvent", "多媒体事件信息上传", "up", 0x8001, clause(51), in_every_edition(Struct(*_HEAD))
    ),
    Message(
        0x0801,
        "MediaData",
        "多媒体数据上传",
        "up",
        0x8800,
        clause(52),
        in_every_edition(Struct(*_HEAD, _POSITION, _DATA), only_2011=Struct(*_HEAD, _DATA)),
    ),
    Message(
        0x8800,
        "MediaDataResponse",
        "多媒体数据上传应答",
        "down",
        None,
        clause(53),
        in_every_edition(_DATA_RESPONSE),
    ),
    # 2011 answers it by the general response.
    Message(
        0x8801, "CameraShooting", "摄像头立即拍摄命令", "down", 0x0805, clause(54), in_every_edition(_SHOOT)
    ),
    Message(
        0x0805,
        "CameraShootingResponse",
        "摄像头立即拍摄命令应答",
        "up",
        None,
        clause(55),
        from_2013(_SHOOT_RESPONSE),
    ),
    Message(
        0x8802,
        "MediaSearch",
        "存储多媒体数据检索",
        "down",
        0x0802,
        clause(56),
        in_every_edition(Struct(*_SELECTION)),
    ),
    Message(
        0x0802,
        "MediaSearchResponse",
        "存储多媒体数据检索应答",
        "up",
        None,
        clause(57),
        in_every_edition(_SEARCH_RESPONSE, only_2011=_search_response(Struct(*_FOUND))),
    ),
    Message(
        0x8803,
        "MediaUpload",
        "存储多媒体数据上传命令",
        "down",
        0x0801,
        clause(58),
        in_every_edition(Struct(*_SELECTION, "deletion" / _KEEP_OR_DELETE * "删除标志")),
    ),
    Message(
        0x8804, "AudioRecording", "录音开始命令", "down", 0x0001, clause(59), in_every_edition(_RECORDING)
    ),
    Message(
        0x8805,
        "SingleMediaUpload",
        "单条存储多媒体数据检索上传命令",
        "down",
        0x0801,
        clause(60),
        from_2013(_ONE),
    ),
)
