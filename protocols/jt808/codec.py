"""Whole messages as JSON-able objects and back, byte for byte. For people, tests and tools; not for the road.

    {"id": "0x0200", "message": "PositionReport", "edition": 2013, "phone": "013800138000", "serial": 2,
     "body": {…}}

Only when needed: `version` (2019), `encryption`, `package` {total, number}, `reserved_bit` (bit 15),
`version_bit` (bit 14, when it contradicts the layout). `body_hex` stands instead of `body` for an unknown
id, a piece of a longer message, an encrypted body, and one that does not fit its declaration; the last also
has `error` and what was `understood`, which encoding does not look at. Cipher text is never parsed; of an
encrypted body that a cipher opened, `decrypted` says what is in it, beside the cipher text in `body_hex`.

A message that was read by a quirk profile names it in `profile`, and is written by the same one only. A
check byte that a profile forgave stands in `check` (when it is wrong) or `check_unescaped`.
"""

from __future__ import annotations

import struct
from typing import Any

from protocols.wire.bcd import bcd_to_digits, digits_to_bcd, is_bcd
from protocols.wire.errors import LocalProtocolError, RemoteProtocolError
from protocols.wire.framing import xor_of
from protocols.wire.header import (
    BODY_LENGTH_MAX,
    EDITION_2013,
    EDITION_2019,
    ENCRYPTION_MASK,
    ENCRYPTION_SHIFT,
    FIRST_PROTOCOL_VERSION,
    PHONE_BYTES,
    PHONE_BYTES_2019,
    RESERVED_BIT,
    SUBPACKAGED_BIT,
    VERSION_BIT,
    Header,
    parse_header,
)

from . import fast, walk
from .body_encryption import RSA, BodyCipher
from .catalog import lookup, lookup_name
from .editions import edition_of_body
from .nodes import Node
from .plan import plan_of
from .present import number_of, present_fields, unpresent_fields
from .quirk_frames import Opened, open_whole
from .quirks import Profile

_HEADER_KEYS = {"profile", "id", "message", "edition", "phone", "serial", "version", "encryption", "package"}
_DIRT_KEYS = {"reserved_bit", "version_bit", "check", "check_unescaped"}
_BODY_KEYS = {"body", "body_hex", "error", "understood", "decrypted"}
KEYS = frozenset(_HEADER_KEYS | _DIRT_KEYS | _BODY_KEYS)


def decode_frame(
    frame: bytes,
    edition: int | None = None,
    profile: Profile | None = None,
    cipher: BodyCipher | None = None,
) -> dict[str, Any]:
    """The message of one frame, delimiters included, whose check byte is right or forgiven by the profile.

    Raises RemoteProtocolError when it is no frame.
    """
    opened = open_whole(frame, profile.checksum) if profile else open_whole(frame)
    message = decode_payload(opened.payload, edition, profile, cipher)
    if not opened.right:
        message["check"] = f"0x{opened.check:02X}"
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
    plain, problem = _plain_body(header, body, cipher)
    message["edition"] = edition or (
        header.edition if plain is None else edition_of_body(header.message_id, plain, header.edition)
    )
    message.update(_decode_header(header))
    if header.encryption:
        message["body_hex"] = body.hex()
        if problem:
            message["error"] = problem
        if plain is not None:
            message["decrypted"] = _decode_body(header, message["edition"], plain, profile)
    else:
        message.update(_decode_body(header, message["edition"], body, profile))
    return message


def encode_message(
    message: dict[str, Any], profile: Profile | None = None, cipher: BodyCipher | None = None
) -> bytes:
    """The frame, delimiters included, of a message as decode_frame and decode_payload give it.

    A message that was read by a profile needs the same one: its text, times and items would be written
    wrong. A `body` of an encrypted message is encrypted by the cipher, and refused without one; `body_hex`
    is the cipher text itself.

    Raises LocalProtocolError, with the field, for anything that cannot be said in a frame.
    """
    if not isinstance(message, dict):
        raise LocalProtocolError("a message is a JSON object")
    for key in message:
        if key not in KEYS:
            raise LocalProtocolError("no such key", field=str(key))
    if "profile" in message and (profile is None or profile.title != message["profile"]):
        raise LocalProtocolError(f"this one is needed: {message['profile']!r}", field="profile")
    try:
        message_id = _message_id(message)
        phone = _phone_of(message["phone"], message.get("edition"))
        edition = message.get("edition", EDITION_2019 if len(phone) == PHONE_BYTES_2019 else EDITION_2013)
        body = _encode_body(message_id, edition, message, profile)
        if message.get("encryption") and "body_hex" not in message:
            body = _encrypted(message["encryption"], body, cipher)
        return _frame(_encode_header(message_id, phone, len(body), message) + body, message)
    except KeyError as error:
        raise LocalProtocolError("missing", field=str(error.args[0])) from error
    except (ValueError, TypeError, AttributeError, struct.error) as error:
        raise LocalProtocolError(str(error)) from error


def present_phone(phone: bytes) -> str | dict[str, str]:
    """The digits of a phone field, zeros kept; {"hex": …} when it is not BCD."""
    return bcd_to_digits(phone) if is_bcd(phone) else {"hex": phone.hex()}


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


def _plain_body(header: Header, body: bytes, cipher: BodyCipher | None) -> tuple[bytes | None, str]:
    """The body that may be parsed, None when it is cipher text; and why it could not be opened."""
    if not header.encryption:
        return body, ""
    if cipher is None:
        return None, ""
    try:
        return cipher.decrypt(header.encryption, body), ""
    except RemoteProtocolError as error:
        return None, str(error)


def _decode_body(header: Header, edition: int, body: bytes, profile: Profile | None) -> dict[str, Any]:
    if header.subpackaged or not fast.knows(header.message_id, edition):
        return {"body_hex": body.hex()}
    plan = _plan(header.message_id, edition, profile)
    values: dict[str, Any] = {}
    try:
        walk.decode_into(values, header.message_id, edition, body, plan)
    except RemoteProtocolError as error:
        return {"body_hex": body.hex(), "error": str(error), "understood": present_fields(plan, values)}
    if walk.encode_body(header.message_id, edition, values, plan) != body:
        return {"body_hex": body.hex(), "understood": present_fields(plan, values)}
    return {"body": present_fields(plan, values)}


def _message_id(message: dict[str, Any]) -> int:
    named = lookup_name(message["message"]) if "message" in message else None
    if "message" in message and named is None:
        raise LocalProtocolError(f"no such message: {message['message']!r}", field="message")
    if "id" not in message:
        if named is None:
            raise KeyError("id")
        return named.id
    message_id = number_of(message["id"])
    if named and named.id != message_id:
        raise LocalProtocolError(f"0x{message_id:04X} is not {named.name}", field="message")
    return message_id


def _phone_of(shown: str | dict[str, str], edition: int | None) -> bytes:
    """The phone field: 12 or 20 digits are taken as they are and decide the header's layout, fewer are padded
    to what the edition has. A decoded message always has all of them, so encoding gives its bytes back."""
    if isinstance(shown, dict):
        phone = bytes.fromhex(shown["hex"])
    else:
        exact = len(shown) in (2 * PHONE_BYTES, 2 * PHONE_BYTES_2019)
        wide = len(shown) == 2 * PHONE_BYTES_2019 if exact else edition == EDITION_2019
        width = PHONE_BYTES_2019 if wide else PHONE_BYTES
        if len(shown) > 2 * width:
            hint = "" if wide else '; more needs "edition": 2019'
            raise LocalProtocolError(f"{len(shown)} digits, {2 * width} at most{hint}", field="phone")
        phone = digits_to_bcd(shown, width)
    if len(phone) not in (PHONE_BYTES, PHONE_BYTES_2019):
        raise LocalProtocolError("12 digits (2011, 2013) or 20 (2019) are wanted", field="phone")
    return phone


def _encode_header(message_id: int, phone: bytes, body_length: int, message: dict[str, Any]) -> bytes:
    # Not header.build_header: that one refuses what this one must give back, dirt of real terminals.
    layout_2019 = len(phone) == PHONE_BYTES_2019
    attributes = _within("body_length", body_length, BODY_LENGTH_MAX)
    attributes |= _within("encryption", message.get("encryption", 0), ENCRYPTION_MASK) << ENCRYPTION_SHIFT
    attributes |= VERSION_BIT if message.get("version_bit", layout_2019) else 0
    attributes |= RESERVED_BIT if message.get("reserved_bit") else 0
    attributes |= SUBPACKAGED_BIT if "package" in message else 0
    head = struct.pack(">HH", _within("id", message_id, 0xFFFF), attributes)
    if layout_2019:
        head += bytes([_within("version", message.get("version", FIRST_PROTOCOL_VERSION), 0xFF)])
    head += phone + struct.pack(">H", _within("serial", message.get("serial", 0), 0xFFFF))
    if "package" in message:
        package = message["package"]
        head += struct.pack(">HH", *(_within(key, package[key], 0xFFFF) for key in ("total", "number")))
    return head


def _encode_body(message_id: int, edition: int, message: dict[str, Any], profile: Profile | None) -> bytes:
    if "body_hex" in message:
        return bytes.fromhex(message["body_hex"])
    if not fast.knows(message_id, edition):
        raise LocalProtocolError(f"not declared in edition {edition}: give body_hex", message_id, "body")
    plan = _plan(message_id, edition, profile)
    values = unpresent_fields(plan, message["body"])
    body = walk.encode_body(message_id, edition, values, plan)
    # Which fields there are is the same under every profile, so the fast decoder may tell.
    lost = set(values) - set(fast.decode_body(message_id, edition, body))
    if lost:
        raise LocalProtocolError("has no place beside the other values", message_id, min(lost))
    return body


def _encrypted(encryption: int, body: bytes, cipher: BodyCipher | None) -> bytes:
    if encryption != RSA or cipher is None:
        raise LocalProtocolError(
            "no cipher is configured: give body_hex, the cipher text", field="encryption"
        )
    return cipher.encrypt(body)


def _plan(message_id: int, edition: int, profile: Profile | None) -> tuple[Node, ...]:
    return profile.plan(message_id, edition) if profile else plan_of(message_id, edition)


def _frame(payload: bytes, message: dict[str, Any]) -> bytes:
    check = number_of(message["check"]) if "check" in message else xor_of(payload)
    return Opened(payload, _within("check", check, 0xFF), bool(message.get("check_unescaped"))).frame()


def _within(field: str, value: Any, limit: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= limit:
        raise LocalProtocolError(f"{value!r} is not an integer of 0…{limit}", field=field)
    return value
