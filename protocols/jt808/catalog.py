"""The catalog: every declared message by id. What a message is called, who sends it, what answers it."""

from __future__ import annotations

from .definitions import access, general, position
from .definitions.types import Message

MESSAGES: dict[int, Message] = {
    message.id: message for family in (general, access, position) for message in family.MESSAGES
}

_BY_NAME = {message.name: message for message in MESSAGES.values()}


def lookup(message_id: int) -> Message | None:
    """The declared message of this id, None when there is none."""
    return MESSAGES.get(message_id)


def lookup_name(name: str) -> Message | None:
    """The declared message of this name ("PositionReport"), None when there is none."""
    return _BY_NAME.get(name)
