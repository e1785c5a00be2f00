"""Why an envelope is not opened, as the result codes of the reference variant say it (B, F)."""

from typing import Final

from protocols.wire.errors import RemoteProtocolError

REPEATED: Final = 3001  # this very message was taken already
MALFORMED: Final = 3004  # is no envelope of this profile, is not of who it says, or is too old
KEY_FAILED: Final = 3006  # the content key cannot be had: unknown or retired key, or damaged
CONTENT_FAILED: Final = 3007  # the content does not fit its tag: changed, or sealed for another topic


class EnvelopeError(RemoteProtocolError):
    """code: one of the numbers above; field: the part at fault. Never tells a key or a content."""

    def __init__(self, code: int, reason: str, field: str) -> None:
        super().__init__(f"{reason} ({code})", field=field)
        self.code = code
