"""Data of the vehicle's CAN buses."""

from construct import Bytes, Int16ub, Int32ub, Struct

from .shapes import Repeat
from .types import Digits, Message, clause, from_2013

_ITEM = Struct(
    "can_id" / Int32ub * "CAN ID",  # 31: channel, 30: extended frame, 29: averaged value, 28–0: the id
    "data" / Bytes(8) * "CAN数据",
)

_CAN = Struct(
    "count" / Int16ub * "数据项个数",
    "first_time_bcd" / Digits(5) * "CAN总线数据接收时间",  # hhmmss, then four digits of milliseconds
    "items" / Repeat("count", _ITEM) * "CAN总线数据项",
)

MESSAGES = (Message(0x0705, "CanData", "CAN总线数据上传", "up", 0x8001, clause(50), from_2013(_CAN)),)
