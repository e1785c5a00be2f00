"""The text of a code: prefix + base45(version ‖ CBOR ‖ SM2 signature r‖s). Fits QR version 10 at level M.

The signature covers prefix, version and CBOR. A `Codec` is the door for the real format, once it is public.
"""

import io
from typing import Any, Final, Protocol

import cbor2

from protocols.guomi import Guomi
from protocols.wire import base45
from protocols.wire.errors import RemoteProtocolError

from .content import CodeError, Colour, Content, Holder

PREFIX: Final = "DYC1:"
VERSION: Final = 1
SIGNATURE_BYTES: Final = 64
TEXT_CHARS_MAX: Final = 240  # what a terminal keeps; QR 10-M holds 311, 29 of them the proof of presence
SIGNER_ID: Final = b"dianyun.driver-code"
_FIELDS: Final = 10


class Codec(Protocol):
    """How a signed content becomes text and back."""

    def sign(self, content: Content, private: bytes) -> str:
        """The text of the symbol."""

    def read(self, text: str) -> tuple[Content, bytes, bytes]:
        """(content, signed bytes, signature). Raises CodeError for what is no code."""


class StandIn:
    """Our own format, documented in this folder; not the real 滇运码."""

    def __init__(self, guomi: Guomi) -> None:
        self._guomi = guomi

    def sign(self, content: Content, private: bytes) -> str:
        """The text, upper case, of QR's alphanumeric mode.

        Raises CodeError when it would not fit the symbol, GuomiError for a private key out of range.
        """
        payload = bytes([VERSION]) + cbor2.dumps(_members(content), canonical=True)
        signature = self._guomi.sm2_sign(private, PREFIX.encode() + payload, SIGNER_ID)
        text = PREFIX + base45.encode(payload + signature).decode("ascii")
        if len(text) > TEXT_CHARS_MAX:
            raise CodeError(f"code: {len(text)} characters, at most {TEXT_CHARS_MAX} fit; shorten its texts")
        return text

    def read(self, text: str) -> tuple[Content, bytes, bytes]:
        """(content, signed bytes, signature): understood, not verified.

        Raises CodeError for anything that `sign` cannot have made.
        """
        if not text.startswith(PREFIX) or len(text) > TEXT_CHARS_MAX:
            raise CodeError(f"code: it does not begin with {PREFIX} or is too long")
        try:
            data = base45.decode(text.removeprefix(PREFIX).encode("ascii"))
        except (RemoteProtocolError, UnicodeEncodeError) as error:
            raise CodeError(f"code: {error}") from None
        payload, signature = data[:-SIGNATURE_BYTES], data[-SIGNATURE_BYTES:]
        if len(signature) < SIGNATURE_BYTES or payload[:1] != bytes([VERSION]):
            raise CodeError("code: too short, or of another version")
        return _content(payload[1:]), PREFIX.encode() + payload, signature


def _members(content: Content) -> list[Any]:
    return [
        int(content.holder),
        content.identity_hash,
        content.masked_name,
        content.plate,
        content.plate_colour,
        list(content.classes),
        int(content.colour),
        content.issued_s,
        content.valid_until_s,
        content.key_id,
    ]


def _content(cbor: bytes) -> Content:
    stream = io.BytesIO(cbor)
    try:
        members = cbor2.load(stream)
    except Exception as error:  # cbor2 raises what its input provokes: each of them says "no CBOR"
        raise CodeError(f"code: its content is no CBOR ({type(error).__name__})") from None
    if stream.read(1) or not isinstance(members, list) or len(members) != _FIELDS:
        raise CodeError(f"code: its content is not {_FIELDS} fields")
    holder, identity, name, plate, plate_colour, classes, colour, issued, until, key_id = members
    try:
        kinds = Holder(holder), Colour(colour)
    except ValueError as error:
        raise CodeError(f"code: {error}") from None
    if not isinstance(classes, list):
        raise CodeError("classes: a list is needed")
    content = Content(
        kinds[0], identity, name, plate, plate_colour, tuple(classes), kinds[1], issued, until, key_id
    )
    if cbor2.dumps(_members(content), canonical=True) != cbor:
        raise CodeError("code: its content is not in canonical form")
    return content
