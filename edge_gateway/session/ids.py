"""Which uplink message is treated how: taken from the catalog of messages, so an id that is declared there is
understood here.
"""

from typing import Final

from protocols.jt808.catalog import MESSAGES, lookup_name, range_of


def _id(name: str) -> int:
    message = lookup_name(name)
    assert message is not None, name
    return message.id


MSG_GENERAL_RESPONSE: Final = _id("PlatformGeneralResponse")
MSG_MISSING_PACKAGES: Final = _id("MissingPackagesRequest")
MSG_TERMINAL_MISSING_PACKAGES: Final = _id("TerminalMissingPackagesRequest")
MSG_SERVER_TIME_QUERY: Final = _id("ServerTimeQuery")
MSG_SERVER_TIME: Final = _id("ServerTimeResponse")
MSG_MEDIA_DATA: Final = _id("MediaData")
MSG_MEDIA_DATA_RESPONSE: Final = _id("MediaDataResponse")
MSG_TERMINAL_KEY: Final = _id("TerminalRsaKey")
MSG_PLATFORM_KEY: Final = _id("PlatformRsaKey")
MSG_DRIVER_IDENTITY: Final = _id("DriverIdentity")

# They belong on the attachment server's port: what follows them is no frame.
ATTACHMENTS: Final = frozenset(
    _id(name) for name in ("AttachmentList", "AttachmentFile", "AttachmentFinished")
)

UPLINK: Final = frozenset(message.id for message in MESSAGES.values() if message.direction == "up")

# Answers themselves: nothing is said to them, not even that they are bad.
UNANSWERED: Final = frozenset(
    message.id for message in MESSAGES.values() if message.direction == "up" and message.answered_by is None
) - {MSG_TERMINAL_MISSING_PACKAGES}

_TO_COMMANDS: Final = {
    message.answered_by for message in MESSAGES.values() if message.direction == "down"
} - {None}

# Their bodies begin with the serial of the message that they answer.
WITH_REPLY_SERIAL: Final = frozenset(
    message.id
    for message in MESSAGES.values()
    if message.direction == "up"
    and all(body.subcons and body.subcons[0].name == "reply_serial" for body in message.bodies.values())
)

# What a command may wait for. The result of an upgrade comes long after the 0x0001 to its packages.
COMMAND_ANSWERS: Final = (frozenset(_TO_COMMANDS) & UPLINK) | WITH_REPLY_SERIAL | {_id("UpgradeResult")}


def is_downlink(message_id: int) -> bool:
    """Whether only a platform says this; answering one could answer an echo for ever."""
    if message_id < 0x8000:
        return False
    found = range_of(message_id)
    return found is None or found[2] == "down"
