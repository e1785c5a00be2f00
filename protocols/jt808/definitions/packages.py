"""What is asked about the link itself: missing packages, the server's time, whether the terminal is there."""

from construct import Int8ub, Int16ub, Struct

from .shapes import Repeat
from .types import Message, UtcBcd, changed, clause, from_2013

_MISSING = Struct(
    "first_serial" / Int16ub * "原始消息流水号",  # the serial of package 1
    "count" / Int8ub * "重传包总数",
    "numbers" / Repeat("count", Int16ub) * "重传包ID列表",
)

# The count was widened; one implementation writes a WORD in every edition.
_MISSING_2019 = changed(_MISSING, count=Int16ub)

# Documented as UTC by one implementation only (confidence C); others answer local time, so a receiver should
# compare it with its own clock before it believes it.
_SERVER_TIME = Struct("server_time_bcd" / UtcBcd() * "服务器时间")

MESSAGES = (
    Message(
        0x8003,
        "MissingPackagesRequest",
        "服务器补传分包请求",
        "down",
        None,
        clause(4),
        from_2013(_MISSING, _MISSING_2019),
    ),
    Message(
        0x0005,
        "TerminalMissingPackagesRequest",
        "终端补传分包请求",
        "up",
        None,
        "unverified: JT/T 808-2019",
        {2019: _MISSING_2019},
    ),
    Message(
        0x0004,
        "ServerTimeQuery",
        "查询服务器时间请求",
        "up",
        0x8004,
        "unverified: JT/T 808-2019",
        {2019: Struct()},
    ),
    Message(
        0x8004,
        "ServerTimeResponse",
        "查询服务器时间应答",
        "down",
        None,
        "unverified: JT/T 808-2019",
        {2019: _SERVER_TIME},
    ),
    Message(0x8204, "LinkCheck", "链路检测", "down", 0x0001, "unverified: JT/T 808-2019", {2019: Struct()}),
)
