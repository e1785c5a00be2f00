"""The catalog: every declared message by id. What a message is called, who sends it, what answers it."""

from __future__ import annotations

from .definitions import (
    access,
    areas,
    attachments,
    can,
    control,
    driver,
    encryption,
    general,
    media,
    packages,
    parameters,
    passthrough,
    position,
    recorder,
    text,
    vehicle_control,
    video,
    waybill,
)
from .definitions.types import Message

_FAMILIES = (
    general,
    access,
    packages,
    parameters,
    control,
    position,
    text,
    vehicle_control,
    areas,
    recorder,
    waybill,
    driver,
    can,
    media,
    passthrough,
    encryption,
    attachments,
    video,
)

MESSAGES: dict[int, Message] = {message.id: message for family in _FAMILIES for message in family.MESSAGES}

# What the standard leaves to others: (first id, last id, name, Chinese, direction).
RANGES = (
    (0x0F00, 0x0FFF, "ReservedUplink", "终端上行消息保留", "up"),
    (0x8F00, 0x8FFF, "ReservedDownlink", "平台下行消息保留", "down"),
    (0xE000, 0xEFFF, "VendorUplink", "厂商自定义上行消息", "up"),
    (0xF000, 0xFFFF, "VendorDownlink", "厂商自定义下行消息", "down"),
)

DIRECTIONS = {"up": "terminal → platform", "down": "platform → terminal"}

_BY_NAME = {message.name: message for message in MESSAGES.values()}


def lookup(message_id: int) -> Message | None:
    """The declared message of this id, None when there is none."""
    return MESSAGES.get(message_id)


def lookup_name(name: str) -> Message | None:
    """The declared message of this name ("PositionReport"), None when there is none."""
    return _BY_NAME.get(name)


def range_of(message_id: int) -> tuple[str, str, str] | None:
    """(name, Chinese, direction) of the range that leaves this id to vendors or to later; else None."""
    for first, last, name, chinese, direction in RANGES:
        if first <= message_id <= last:
            return name, chinese, direction
    return None


def catalog_row(message: Message) -> tuple[str, ...]:
    """id, name, Chinese name, direction, answer, editions."""
    answer = f"0x{message.answered_by:04X}" if message.answered_by is not None else "–"
    editions = ", ".join(map(str, message.editions))
    return (
        f"0x{message.id:04X}",
        message.name,
        message.chinese,
        DIRECTIONS[message.direction],
        answer,
        editions,
    )
