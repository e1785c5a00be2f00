"""One frame in one line of hex, as people paste it."""

from __future__ import annotations

import re

from protocols.wire.errors import RemoteProtocolError
from protocols.wire.framing import DELIMITER

_DECORATION = re.compile(r"0[xX]|\\x|[\s,:;_-]+")


def bytes_of(text: str) -> bytes:
    """The bytes of hex in any common spelling: upper or lower case, spaces, 0x, \\x, colons, commas.

    Raises RemoteProtocolError for anything else.
    """
    digits = _DECORATION.sub("", text.strip().strip("\"'"))
    try:
        return bytes.fromhex(digits)
    except ValueError:
        if re.fullmatch("[0-9a-fA-F]*", digits):
            raise RemoteProtocolError(f"an odd number of hex digits: {len(digits)}") from None
        raise RemoteProtocolError("not hex") from None


def single_frame(data: bytes) -> bytes:
    """What stands between the two delimiters of exactly one frame.

    Raises RemoteProtocolError when a delimiter is missing, or when there is more than one frame.
    """
    if not data.startswith(DELIMITER) or not data.endswith(DELIMITER) or len(data) < 2:
        raise RemoteProtocolError("a frame begins and ends with 7E")
    inner = data[1:-1]
    if DELIMITER in inner:
        pieces = sum(1 for piece in inner.split(DELIMITER) if piece)
        if pieces > 1:
            raise RemoteProtocolError(f"{pieces} frames on one line; one a line is wanted")
        raise RemoteProtocolError(
            "more than two 7E around one frame; one frame a line is wanted, as it was sent"
        )
    return inner
