"""The terminal itself under control: commands, and firmware over the air."""

from construct import Int8ub, Int32ub, Struct

from .types import (
    Choice,
    CountedBytes,
    CountedText,
    FixedText,
    Message,
    PartedText,
    clause,
    from_2013,
    in_every_edition,
)

_COMMANDS = {
    1: ("wireless_upgrade", "无线升级"),
    2: ("connect_to_server", "控制终端连接指定服务器"),
    3: ("power_off", "终端关机"),
    4: ("reset", "终端复位"),
    5: ("factory_reset", "终端恢复出厂设置"),
    6: ("close_data", "关闭数据通信"),
    7: ("close_radio", "关闭所有无线通信"),
}

_DIAL = (
    ("apn", "拨号点名称"),
    ("user", "拨号用户名"),
    ("password", "拨号密码"),
    ("address", "地址"),
    ("tcp_port", "TCP端口"),
    ("udp_port", "UDP端口"),
)

# The parameters are one text, its parts between semicolons and perhaps empty. The table gives them number
# types; text digits and raw bytes both exist in the wild, so bytes that are no text come out as hex.
CONTROL_PARAMETERS = {
    1: (
        ("url", "URL地址"),
        *_DIAL,
        ("maker", "制造商ID"),
        ("hardware_version", "硬件版本"),
        ("firmware_version", "固件版本"),
        ("time_limit_min", "连接到指定服务器时限"),
    ),
    2: (
        ("control", "连接控制"),  # 0 to the supervision server, 1 back to the default; then nothing follows
        ("auth_code", "监管平台鉴权码"),
        *_DIAL,
        ("time_limit_min", "连接到指定服务器时限"),  # 0: for good
    ),
}
_CONTROL = Struct(
    "command" / Choice(Int8ub, _COMMANDS) * "命令字",
    "parameters" / PartedText("command", CONTROL_PARAMETERS) * "命令参数",
)

_UPGRADED = Choice(
    Int8ub,
    {
        0: ("terminal", "终端"),
        12: ("ic_card_reader", "道路运输证IC卡读卡器"),
        52: ("satellite_module", "北斗卫星定位模块"),
        # Provincial supplements.
        0x64: ("adas", "高级驾驶辅助系统"),
        0x65: ("dsm", "驾驶员状态监测系统"),
        0x66: ("tpms", "胎压监测系统"),
        0x67: ("bsd", "盲区监测系统"),
    },
)

_UPGRADE = Struct(
    "upgraded" / _UPGRADED * "升级类型",
    "maker" / FixedText(5) * "制造商ID",  # five bytes in all editions
    "version" / CountedText() * "终端固件版本号",
    "package" / CountedBytes(Int32ub) * "升级数据包",
)

_RESULTS = {0: ("ok", "成功"), 1: ("failed", "失败"), 2: ("cancelled", "取消")}

# Sent when the upgrade is over and the terminal has connected again.
_UPGRADE_RESULT = Struct(
    "upgraded" / _UPGRADED * "升级类型", "result" / Choice(Int8ub, _RESULTS) * "升级结果"
)

MESSAGES = (
    Message(0x8105, "TerminalControl", "终端控制", "down", 0x0001, clause(13), in_every_edition(_CONTROL)),
    Message(0x8108, "UpgradePackage", "下发终端升级包", "down", 0x0001, clause(16), from_2013(_UPGRADE)),
    Message(
        0x0108, "UpgradeResult", "终端升级结果通知", "up", 0x8001, clause(17), from_2013(_UPGRADE_RESULT)
    ),
)
