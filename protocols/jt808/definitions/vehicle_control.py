"""Doors locked and unlocked from afar. The numbers of 2013 and of 2019 mean the opposite of each other.

Both editions carry the same words here, "lock" and "unlock", so that nobody has to know. Whether it worked
is said by the status bits of the answer.
"""

from construct import Int8ub, Int16ub, Struct

from .position import POSITION
from .shapes import Recognised
from .types import Choice, Message, Trailing, clause, in_every_edition

_DOOR = 1  # the only kind of control that 2019 defines; 0xF001 to 0xFFFF belong to vendors

_LOCK = Struct("door" / Choice(Int8ub, {0: ("unlock", "车门解锁"), 1: ("lock", "车门加锁")}) * "控制标志")

_CONTROL_2019 = Struct(
    "type" / Choice(Int16ub, {_DOOR: ("door", "车门")}) * "控制类型ID",
    "door" / Choice(Int8ub, {0: ("lock", "车门锁闭"), 1: ("unlock", "车门开启")}) * "控制参数",
)

# The length of a control is told by its type alone, so an unknown type ends the reading.
_CONTROLS_2019 = Struct(
    "count" / Int16ub * "控制类型数量",
    "controls" / Recognised("count", _DOOR, _CONTROL_2019) * "控制类型",
    "trailing" / Trailing() * "剩余字节",
)

_ANSWER = Struct("reply_serial" / Int16ub * "应答流水号", "position" / POSITION * "位置信息汇报")

MESSAGES = (
    Message(
        0x8500,
        "VehicleControl",
        "车辆控制",
        "down",
        0x0500,
        clause(33),
        in_every_edition(_LOCK, since_2019=_CONTROLS_2019),
    ),
    Message(
        0x0500, "VehicleControlResponse", "车辆控制应答", "up", None, clause(34), in_every_edition(_ANSWER)
    ),
)
