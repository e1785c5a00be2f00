"""Bodies read and built by the `construct` declarations themselves: slow, and the judge of every other codec.

Used by tests, by the bench and by nobody on the road.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

from construct import ConstructError

from protocols.wire.errors import LocalProtocolError, RemoteProtocolError

from .catalog import MESSAGES
from .definitions.types import plain


def decode_body(message_id: int, edition: int, body: bytes) -> dict[str, Any]:
    """The wire values of a body. Raises RemoteProtocolError when the declaration does not fit it exactly."""
    stream = BytesIO(body)
    try:
        values = MESSAGES[message_id].bodies[edition].parse_stream(stream)
    except ConstructError as error:
        raise RemoteProtocolError(str(error), message_id, str(error.path or "")) from error
    if stream.tell() != len(body):
        raise RemoteProtocolError("bytes behind the last field", message_id, "", stream.tell())
    return plain(values)


def encode_body(message_id: int, edition: int, values: dict[str, Any]) -> bytes:
    """The body of wire values. Raises LocalProtocolError when a value is missing or out of its range."""
    try:
        return MESSAGES[message_id].bodies[edition].build(values)
    except (ConstructError, KeyError, TypeError, AttributeError) as error:
        raise LocalProtocolError(str(error), message_id) from error
