"""Payloads of JT/T 809 as plain wire values, and back: ints, bytes, lists and dicts.

The edition is agreed with the platform, not seen in a message, so it is an argument. An encrypted body (flag
1, a weak key stream) is kept as bytes and never parsed.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

from construct import ConstructError, Struct

from protocols.jt808.definitions.types import plain
from protocols.wire.errors import LocalProtocolError, RemoteProtocolError

from .definitions import dynamic, link
from .definitions.header import HEADER
from .framing import CRC_BYTES

MESSAGES = link.MESSAGES | dynamic.MESSAGES
_AROUND = 2 + CRC_BYTES  # what the length counts beside header and body: both flags and the CRC


def decode_payload(payload: bytes, edition: int) -> dict[str, Any]:
    """{"header": …, "body": values, or bytes for what is encrypted or not declared}.

    Raises RemoteProtocolError when header or body do not fit.
    """
    stream = BytesIO(payload)
    header = _read(HEADER[edition], stream)
    if header["length"] != len(payload) + _AROUND:
        raise RemoteProtocolError(
            f"says {header['length']}, not {len(payload) + _AROUND}", header["message_id"], "length", 0
        )
    body = stream.read()
    if header["encrypted"] or header["message_id"] not in MESSAGES:
        return {"header": header, "body": body}
    values = _whole(MESSAGES[header["message_id"]][2][edition], body)
    if values.get("sub_type") == dynamic.POSITION_ID:
        values["content"] = _whole(dynamic.POSITIONS[edition], values["content"])
    return {"header": header, "body": values}


def encode_payload(message: dict[str, Any], edition: int) -> bytes:
    """The payload of a message as decode_payload gives it; the length is counted here.

    Raises LocalProtocolError.
    """
    header, body = message["header"], message["body"]
    if isinstance(body, dict):
        content = body.get("content")
        if isinstance(content, dict):
            body = body | {"content": _built(dynamic.POSITIONS[edition], content)}
        body = _built(MESSAGES[header["message_id"]][2][edition], body)
    length = HEADER[edition].sizeof() + len(body) + _AROUND
    return _built(HEADER[edition], header | {"length": length}) + body


def _read(declaration: Struct, stream: BytesIO) -> dict[str, Any]:
    try:
        return plain(declaration.parse_stream(stream))
    except ConstructError as error:
        raise RemoteProtocolError(str(error), field=str(error.path or ""), offset=stream.tell()) from error


def _whole(declaration: Struct, data: bytes) -> dict[str, Any]:
    stream = BytesIO(data)
    values = _read(declaration, stream)
    if stream.tell() != len(data):
        raise RemoteProtocolError(f"{len(data) - stream.tell()} bytes too many", offset=stream.tell())
    return values


def _built(declaration: Struct, values: dict[str, Any]) -> bytes:
    try:
        return declaration.build(values)
    except (ConstructError, KeyError, TypeError) as error:
        raise LocalProtocolError(str(error)) from error
