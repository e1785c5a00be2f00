"""The signalling of video (JT/T 1078) inside JT/T 808. Media packets are no frames and are not here.

In which edition of JT/T 808 it appears is not said; 2013 and 2019 are taken. Where no answer of its own is
known the general response is named, as for every message that asks for one (unverified: 0x9201 is answered by
0x1205). Alarm words of eight bytes stay bytes, and so do the bodies of the camera controls 0x9301 to 0x9306:
their tables were not at hand.
"""

from construct import Bytes, Int8ub, Int16ub, Int32ub, Struct

from .shapes import Repeat
from .types import Choice, CountedText, Message, PeriodBcd, Raw, from_2013

_STANDARD = "JT/T 1078"

_STREAM = Choice(Int8ub, {0: ("main", "主码流"), 1: ("sub", "子码流")})

_ATTRIBUTES = Struct(
    "audio_coding" / Int8ub * "输入音频编码方式",
    "audio_channels" / Int8ub * "输入音频声道数",
    "audio_rate" / Int8ub * "输入音频采样率",
    "audio_bits" / Int8ub * "输入音频采样位数",
    "audio_frame_length" / Int16ub * "音频帧长度",
    "audio_output" / Int8ub * "是否支持音频输出",
    "video_coding" / Int8ub * "视频编码方式",
    "max_audio_channels" / Int8ub * "终端支持的最大音频物理通道数量",
    "max_video_channels" / Int8ub * "终端支持的最大视频物理通道数量",
)

_SERVER = (
    "server" / CountedText() * "服务器IP地址",
    "tcp_port" / Int16ub * "服务器视频通道监听端口号（TCP）",
    "udp_port" / Int16ub * "服务器视频通道监听端口号（UDP）",
    "channel" / Int8ub * "逻辑通道号",
)

_DATA_TYPES = {
    0: ("audio_and_video", "音视频"),
    1: ("video", "视频"),
    2: ("talk", "双向对讲"),
    3: ("listen", "监听"),
    4: ("broadcast", "中心广播"),
    5: ("transparent", "透传"),
}
_LIVE = Struct(
    *_SERVER, "data_type" / Choice(Int8ub, _DATA_TYPES) * "数据类型", "stream" / _STREAM * "码流类型"
)

_CONTROLS = {
    0: ("close", "关闭音视频传输指令"),
    1: ("switch_stream", "切换码流"),
    2: ("pause", "暂停该通道所有流的发送"),
    3: ("resume", "恢复暂停前流的发送"),
    4: ("end_talk", "关闭双向对讲"),
}
_CLOSED = {0: ("all", "关闭该通道有关的音视频数据"), 1: ("audio", "只关闭音频"), 2: ("video", "只关闭视频")}
_LIVE_CONTROL = Struct(
    "channel" / Int8ub * "逻辑通道号",
    "control" / Choice(Int8ub, _CONTROLS) * "控制指令",
    "closed" / Choice(Int8ub, _CLOSED) * "关闭音视频类型",
    "stream" / _STREAM * "切换码流类型",
)

_LIVE_STATE = Struct("channel" / Int8ub * "逻辑通道号", "loss_percent" / Int8ub * "丢包率")

_PASSENGERS = Struct(
    "start_bcd" / PeriodBcd() * "起始时间",
    "end_bcd" / PeriodBcd() * "结束时间",
    "boarded" / Int16ub * "上车人数",
    "alighted" / Int16ub * "下车人数",
)

_PERIOD = ("start_bcd" / PeriodBcd() * "开始时间", "end_bcd" / PeriodBcd() * "结束时间")

# The values of media type, storage, mode and speed were not at hand.
_REPLAY = Struct(
    *_SERVER,
    "media_type" / Int8ub * "音视频类型",
    "stream" / Int8ub * "码流类型",
    "storage" / Int8ub * "存储器类型",
    "mode" / Int8ub * "回放方式",
    "speed" / Int8ub * "快进或快退倍数",
    *_PERIOD,
)

_REPLAY_CONTROL = Struct(
    "channel" / Int8ub * "音视频通道号",
    "control" / Int8ub * "回放控制",
    "speed" / Int8ub * "快进或快退倍数",
    "position_bcd" / PeriodBcd() * "拖动回放位置",
)

_SELECTION = (
    "channel" / Int8ub * "逻辑通道号",
    *_PERIOD,
    "alarms" / Bytes(8) * "报警标志",
    "media_type" / Int8ub * "音视频资源类型",
    "stream" / Int8ub * "码流类型",
    "storage" / Int8ub * "存储器类型",
)

_RESOURCE = Struct(*_SELECTION, "file_size" / Int32ub * "文件大小")

_RESOURCES = Struct(
    "reply_serial" / Int16ub * "流水号",
    "count" / Int32ub * "音视频资源总数",
    "resources" / Repeat("count", _RESOURCE) * "音视频资源列表",
)

# User and password travel in clear: never send this over an open network. The width of the port is taken
# from the other messages with a port.
_FTP_UPLOAD = Struct(
    "server" / CountedText() * "FTP服务器地址",
    "port" / Int16ub * "端口",
    "user" / CountedText() * "用户名",
    "password" / CountedText() * "密码",
    "path" / CountedText() * "文件上传路径",
    *_SELECTION,
    "condition" / Int8ub * "任务执行条件",
)

_RESULTS = {0: ("ok", "成功"), 1: ("failed", "失败")}
_FTP_FINISHED = Struct("reply_serial" / Int16ub * "应答流水号", "result" / Choice(Int8ub, _RESULTS) * "结果")

_FTP_CONTROLS = {0: ("pause", "暂停"), 1: ("resume", "继续"), 2: ("cancel", "取消")}
_FTP_CONTROL = Struct(
    "reply_serial" / Int16ub * "应答流水号", "control" / Choice(Int8ub, _FTP_CONTROLS) * "上传控制"
)

_CAMERA = Struct("content" / Raw() * "云台控制参数")


_LISTED: tuple[tuple[int, str, str, str, int | None, Struct], ...] = (
    (0x9003, "VideoAttributeQuery", "查询终端音视频属性", "down", 0x1003, Struct()),
    (0x1003, "VideoAttributes", "终端上传音视频属性", "up", None, _ATTRIBUTES),
    (0x1005, "PassengerFlow", "终端上传乘客流量", "up", 0x8001, _PASSENGERS),
    (0x9101, "LiveVideoRequest", "实时音视频传输请求", "down", 0x0001, _LIVE),
    (0x9102, "LiveVideoControl", "音视频实时传输控制", "down", 0x0001, _LIVE_CONTROL),
    (0x9105, "LiveVideoState", "实时音视频传输状态通知", "down", 0x0001, _LIVE_STATE),
    (0x9201, "ReplayRequest", "平台下发远程录像回放请求", "down", 0x1205, _REPLAY),
    (0x9202, "ReplayControl", "平台下发远程录像回放控制", "down", 0x0001, _REPLAY_CONTROL),
    (0x9205, "RecordingQuery", "查询资源列表", "down", 0x1205, Struct(*_SELECTION)),
    (0x1205, "RecordingList", "终端上传音视频资源列表", "up", None, _RESOURCES),
    (0x9206, "RecordingUpload", "文件上传指令", "down", 0x0001, _FTP_UPLOAD),
    (0x1206, "RecordingUploadFinished", "文件上传完成通知", "up", 0x8001, _FTP_FINISHED),
    (0x9207, "RecordingUploadControl", "文件上传控制", "down", 0x0001, _FTP_CONTROL),
    (0x9301, "CameraRotation", "云台旋转", "down", 0x0001, _CAMERA),
    (0x9302, "CameraFocus", "云台调整焦距控制", "down", 0x0001, _CAMERA),
    (0x9303, "CameraIris", "云台调整光圈控制", "down", 0x0001, _CAMERA),
    (0x9304, "CameraWiper", "云台雨刷控制", "down", 0x0001, _CAMERA),
    (0x9305, "CameraInfrared", "红外补光控制", "down", 0x0001, _CAMERA),
    (0x9306, "CameraZoom", "云台变倍控制", "down", 0x0001, _CAMERA),
)

MESSAGES = tuple(
    Message(message_id, name, chinese, direction, answered_by, _STANDARD, from_2013(body), _STANDARD)
    for message_id, name, chinese, direction, answered_by, body in _LISTED
)
