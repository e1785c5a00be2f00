"""General responses, heartbeat (JT/T 808 body tables; reference edition 2013)."""

from construct import Int16ub, Struct

from .results import RESULT_OF_PLATFORM, RESULT_OF_TERMINAL
from .types import Message, in_every_edition

_TERMINAL_RESPONSE = Struct(
    "reply_serial" / Int16ub * "应答流水号",
    "reply_id" / Int16ub * "应答ID",
    "result" / RESULT_OF_TERMINAL * "结果",
)

_PLATFORM_RESPONSE = Struct(
    "reply_serial" / Int16ub * "应答流水号",
    "reply_id" / Int16ub * "应答ID",
    "result" / RESULT_OF_PLATFORM * "结果",
)

MESSAGES = (
    Message(
        0x0001,
        "TerminalGeneralResponse",
        "终端通用应答",
        "up",
        None,
        "unverified: JT/T 808-2013 §8.1",
        in_every_edition(_TERMINAL_RESPONSE),
    ),
    Message(
        0x8001,
        "PlatformGeneralResponse",
        "平台通用应答",
        "down",
        None,
        "unverified: JT/T 808-2013 §8.2",
        in_every_edition(_PLATFORM_RESPONSE),
    ),
    Message(
        0x0002,
        "TerminalHeartbeat",
        "终端心跳",
        "up",
        0x8001,
        "unverified: JT/T 808-2013 §8.3",
        in_every_edition(Struct()),
    ),
)
