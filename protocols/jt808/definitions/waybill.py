"""The electronic waybill: a counted packet whose inside the standard leaves open, so it stays bytes."""

from construct import Int32ub, Struct

from .types import CountedBytes, Message, clause, in_every_edition

_WAYBILL = Struct("content" / CountedBytes(Int32ub) * "电子运单数据包")

MESSAGES = (
    Message(
        0x0701, "ElectronicWaybill", "电子运单上报", "up", 0x8001, clause(46), in_every_edition(_WAYBILL)
    ),
)
