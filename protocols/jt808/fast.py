"""Bodies decoded at the speed of hand-written Python: the generated decoders, and what the gateway asks of
positions without decoding them. Equal to the `construct` declarations, which the tests hold against it.
"""

from __future__ import annotations

from typing import Any

from protocols.wire.errors import LocalProtocolError, RemoteProtocolError
from protocols.wire.header import ENCRYPTION_MASK, ENCRYPTION_SHIFT, SUBPACKAGED_BIT, Header, parse_header
from protocols.wire.tables import (
    MSG_POSITION_BATCH_UPLOAD,
    MSG_POSITION_REPORT,
    POSITION_BYTES,
    POSITION_FIELDS,
)

from . import walk
from .generated import DECODERS, Misfit, split_position_batch_upload
from .layouts import LayoutMemory

_TIME_AT, _TIME_END = next((at, at + width) for name, at, width in POSITION_FIELDS if name == "time_bcd")
_BATCH_KINDS = (0, 1)  # normal batch, blind zone
_NEWEST = max(DECODERS)
_OPAQUE = SUBPACKAGED_BIT | ENCRYPTION_MASK << ENCRYPTION_SHIFT  # header attributes of a body not to be read
_POSITION_LAYOUTS = {edition: LayoutMemory(edition) for edition in DECODERS}


def knows(message_id: int, edition: int) -> bool:
    """Whether there is a decoder for this message in this edition (2011, 2013, 2019)."""
    return message_id in DECODERS.get(edition, ())


def decode_body(message_id: int, edition: int, body: bytes) -> dict[str, Any]:
    """The wire values of a body: ints, bytes, lists and dicts under the names of the definitions.

    Raises RemoteProtocolError, with field and byte offset, when the body does not fit its layout;
    LocalProtocolError when the message is not declared in this edition (ask `knows`).
    """
    try:
        decoder = DECODERS[edition][message_id]
    except KeyError:
        raise LocalProtocolError(f"not declared in edition {edition}", message_id) from None
    try:
        if message_id != MSG_POSITION_REPORT:
            return decoder(body, 0, len(body))
        layouts = _POSITION_LAYOUTS[edition]
        for layout in layouts.by_length.get(len(body), ()):
            values = layout(body)
            if values is not None:
                return values
        values = decoder(body, 0, len(body))
    except Misfit:
        raise _refusal(message_id, edition, body) from None
    layouts.learn(body)
    return values


def decode_payload(payload: bytes, edition: int | None = None) -> tuple[Header, dict[str, Any] | None]:
    """Header and wire values of a payload as the stream splitter gives it (unescaped, verified).

    `edition` (2011, 2013, 2019) says how to read the body; without it the header does, as 2013 or 2019.
    The values are None where there is nothing to read: an id not declared in that edition, a piece of a
    longer message, cipher text. Raises RemoteProtocolError for a header or a body that does not fit.
    """
    header = parse_header(payload)
    edition = edition or header.edition
    message_id = header.message_id
    if header.attributes & _OPAQUE or not knows(message_id, edition):
        return header, None
    return header, decode_body(message_id, edition, payload[header.body_at :])


def split_position_batch(body: bytes) -> tuple[int, list[bytes]]:
    """(kind, the 0x0200 bodies as they came) of a 0x0704 body: kind 0 a normal batch, 1 the blind zone.

    Raises RemoteProtocolError for a batch that cannot be taken as a whole: no report at all, fewer reports
    than the count says, a report shorter than a position, bytes behind the last report, an unknown kind.
    Nothing of such a batch may be acknowledged, or a report would be lost.
    """
    try:
        batch = split_position_batch_upload(body, 0, len(body))
    except Misfit:
        raise _refusal(MSG_POSITION_BATCH_UPLOAD, _NEWEST, body) from None
    if not batch["reports"]:
        raise RemoteProtocolError("no reports", MSG_POSITION_BATCH_UPLOAD, "count", 0)
    if batch["trailing"]:
        end = len(body) - len(batch["trailing"])
        raise RemoteProtocolError("bytes behind the last report", MSG_POSITION_BATCH_UPLOAD, "trailing", end)
    if batch["kind"] not in _BATCH_KINDS:
        raise RemoteProtocolError(f"unknown kind {batch['kind']}", MSG_POSITION_BATCH_UPLOAD, "kind")
    return batch["kind"], batch["reports"]


def position_time(body: bytes) -> bytes:
    """The six BCD bytes of the device time (YYMMDDhhmmss, Beijing) of a 0x0200 body.

    Raises RemoteProtocolError when the body is shorter than the basic block of 28 bytes.
    """
    if len(body) < POSITION_BYTES:
        raise RemoteProtocolError(
            f"{POSITION_BYTES} bytes needed, {len(body)} there", MSG_POSITION_REPORT, "", len(body)
        )
    return body[_TIME_AT:_TIME_END]


def _refusal(message_id: int, edition: int, body: bytes) -> RemoteProtocolError:
    """Why the body does not fit, found by the slow decoder that keeps count of fields and offsets."""
    try:
        walk.decode_body(message_id, edition, body)
    except RemoteProtocolError as error:
        return error
    raise AssertionError(f"the decoders disagree about 0x{message_id:04X} {body.hex()}")
