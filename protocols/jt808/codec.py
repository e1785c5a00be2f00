"""Whole messages as JSON-able objects and back, byte for byte. For people, tests and tools; not for the road.

    {"id": "0x0200", "message": "PositionReport", "edition": 2013, "phone": "013800138000", "serial": 2,
     "body": {…}}

Only when needed: `version` (2019), `encryption`, `package` {total, number}, `reserved_bit` (bit 15),
`version_bit` (bit 14, when it contradicts the layout). `body_hex` stands instead of `body` for an unknown
id, a piece of a longer message, an encrypted body, and one that does not fit its declaration; the last also
has `error` and what was `understood`, which encoding does not look at. Cipher text is never parsed; of an
encrypted body that a cipher opened, `decrypted` says what is in it, beside the cipher text in `body_hex`.

A message that was read by a quirk profile names it in `profile`, and is written by the same one only. A
check byte that is not as it should be stands in `check` (when it is wrong) or `check_unescaped`.
"""

from __future__ import annotations

from typing import Any

from protocols.wire.bcd import bcd_to_digits, is_bcd
from protocols.wire.errors import RemoteProtocolError
from protocols.wire.header import EDITION_2019, RESERVED_BIT, VERSION_BIT, Header, parse_header

from . import fast, walk
from .body_encryption import BodyCipher
from .catalog import lookup
from .editions import edition_of_body
from .encoding import EDITIONS, KEYS, encode_message, plan_by
from .present import present_fields
from .quirk_frames import open_for_people
from .quirks import ChecksumLeniency, Profile

__all__ = [
    "EDITIONS",
    "KEYS",
    "decode_frame",
    "decode_payload",
    "encode_message",
    "plain_body",
    "present_phone",
]


def decode_frame(
    frame: bytes,
    edition: int | None = None,
    profile: Profile | None = None,
    cipher: BodyCipher | None = None,
) -> dict[str, Any]:
    """The message of one frame, delimiters included. A check byte that is wrong stands in `check`, and unless
    the profile forgives it in `error` too; one that was not escaped is marked by `check_unescaped`.

    Raises RemoteProtocolError when it is no frame.
    """
    opened, problem = open_for_people(frame, profile.checksum if profile else ChecksumLeniency())
    message = decode_payload(opened.payload, edition, profile, cipher)
    if not opened.right:
        message["check"] = f"0x{opened.check:02X}"
        if problem:
            message["error"] = "; ".join(filter(None, (problem, message.get("error"))))
    if opened.unescaped:
        message["check_unescaped"] = True
    return message


def decode_payload(
    payload: bytes,
    edition: int | None = None,
    profile: Profile | None = None,
    cipher: BodyCipher | None = None,
) -> dict[str, Any]:
    """The message of an unescaped, checksum-free payload.

    `edition` (2011, 2013, 2019) says how to read the body; without it the profile does when it forces one,
    else the header tells, and of 2011 and 2013 the body. `cipher` opens encrypted bodies.
    Raises RemoteProtocolError when not even the header can be read.
    """
    edition = edition or (profile.edition if profile else None)
    header = parse_header(payload)
    body = bytes(payload[header.body_at :])
    entry = lookup(header.message_id)
    message: dict[str, Any] = {"profile": profile.title} if profile else {}
    message["id"] = f"0x{header.message_id:04X}"
    if entry:
        message["message"] = entry.name
    plain, problem = plain_body(header, body, cipher)
    message["edition"] = edition or (
        header.edition if plain is None else edition_of_body(header.message_id, plain, header.edition)
    )
    message.update(_decode_header(header))
    if header.encryption:
        message["body_hex"] = body.hex()
        if problem and cipher:
            message["error"] = problem
        if plain is not None:
            message["decrypted"] = _decode_body(header, message["edition"], plain, profile)
    else:
        message.update(_decode_body(header, message["edition"], body, profile))
    return message


def present_phone(phone: bytes) -> str | dict[str, str]:
    """The digits of a phone field, zeros kept; {"hex": …} when it is not BCD."""
    return bcd_to_digits(phone) if is_bcd(phone) else {"hex": phone.hex()}


def plain_body(header: Header, body: bytes, cipher: BodyCipher | None) -> tuple[bytes | None, str]:
    """The body that may be parsed, None when it is cipher text; and why it could not be opened."""
    if not header.encryption:
        return body, ""
    if cipher is None:
        return None, f"encrypted (value {header.encryption}), no key given"
    try:
        return cipher.decrypt(header.encryption, body), ""
    except RemoteProtocolError as error:
        return None, str(error)


def _decode_header(header: Header) -> dict[str, Any]:
    fields: dict[str, Any] = {"phone": present_phone(header.phone), "serial": header.serial}
    layout_2019 = header.edition == EDITION_2019
    if layout_2019:
        fields["version"] = header.version
    if bool(header.attributes & VERSION_BIT) != layout_2019:
        fields["version_bit"] = not layout_2019
    if header.encryption:
        fields["encryption"] = header.encryption
    if header.attributes & RESERVED_BIT:
        fields["reserved_bit"] = True
    if header.subpackaged:
        fields["package"] = {"total": header.total, "number": header.number}
    return fields


def _decode_body(header: Header, edition: int, body: bytes, profile: Profile | None) -> dict[str, Any]:
    if header.subpackaged or not fast.knows(header.message_id, edition):
        return {"body_hex": body.hex()}
    plan = plan_by(header.message_id, edition, profile)
    values: dict[str, Any] = {}
    try:
        walk.decode_into(values, header.message_id, edition, body, plan)
    except RemoteProtocolError as error:
        return {"body_hex": body.hex(), "error": str(error), "understood": present_fields(plan, values)}
    if walk.encode_body(header.message_id, edition, values, plan) != body:
        return {"body_hex": body.hex(), "understood": present_fields(plan, values)}
    return {"body": present_fields(plan, values)}
