"""The driving recorder: its data collected, its parameters set. The frames inside are GB/T 19056."""

from construct import Int16ub, Struct

from .recorder_blocks import COMMAND, DOWN_FRAME, UP_FRAME
from .shapes import Fit
from .types import Message, clause, in_every_edition

# A whole recorder frame, or nothing: real terminals take a collect command both ways.
_COMMAND = Struct("command" / COMMAND * "命令字", "frame" / Fit(DOWN_FRAME) * "数据块")

_DATA = Struct(
    "reply_serial" / Int16ub * "应答流水号",
    "command" / COMMAND * "命令字",
    "frame" / Fit(UP_FRAME) * "数据块",
)

MESSAGES = (
    Message(
        0x8700,
        "RecorderDataCommand",
        "行驶记录数据采集命令",
        "down",
        0x0700,
        clause(43),
        in_every_edition(_COMMAND),
    ),
    Message(0x0700, "RecorderData", "行驶记录数据上传", "up", None, clause(44), in_every_edition(_DATA)),
    Message(
        0x8701,
        "RecorderParameterCommand",
        "行驶记录参数下传命令",
        "down",
        0x0001,
        clause(45),
        in_every_edition(_COMMAND),
    ),
)
