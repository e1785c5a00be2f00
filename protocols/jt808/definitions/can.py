"""Data of the vehicle's CAN buses."""

from construct import Bytes, Int16ub, Int32ub, Struct

from .shapes import Repeat
from .types import Bit, BitNumber, Digits, Flags, Message, clause, from_2013

CAN_ID = Flags(
    Int32ub,
    Bit(31, "can2", "CAN通道号CAN2"),  # else CAN1
    Bit(30, "extended", "扩展帧"),
    Bit(29, "averaged", "采集区间的平均值"),  # else raw
    numbers=(BitNumber(0, 29, "id", "CAN总线ID", hexadecimal=True),),
)

_ITEM = Struct(
    "can_id" / CAN_ID * "CAN ID",
    "data" / Bytes(8) * "CAN数据",
)

_CAN = Struct(
    "count" / Int16ub * "数据项个数",
    "first_time_bcd" / Digits(5) * "CAN总线数据接收时间",  # hhmmss, then four digits of milliseconds
    "items" / Repeat("count", _ITEM) * "CAN总线数据项",
)

MESSAGES = (Message(0x0705, "CanData", "CAN总线数据上传", "up", 0x8001, clause(50), from_2013(_CAN)),)
