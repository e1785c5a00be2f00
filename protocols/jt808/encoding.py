"""Messages as JSON-able objects into frames: the half of `codec` that writes."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

from protocols.wire.bcd import digits_to_bcd
from protocols.wire.errors import LocalProtocolError
from protocols.wire.framing import xor_of
from protocols.wire.header import (
    BODY_LENGTH_MAX,
    EDITION_2011,
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
)

from . import fast, walk
from .body_encryption import RSA, BodyCipher
from .catalog import MESSAGES, lookup, lookup_name
from .nodes import Node
from .plan import plan_of
from .present import unpresent_fields
from .quirk_frames import Opened
from .quirks import Profile
from .words import did_you_mean, number_of

EDITIONS = (EDITION_2011, EDITION_2013, EDITION_2019)
_HEADER_KEYS = {"profile", "id", "message", "edition", "phone", "serial", "version", "encryption", "package"}
_DIRT_KEYS = {"reserved_bit", "version_bit", "check", "check_unescaped"}
_BODY_KEYS = {"body", "body_hex", "error", "understood", "decrypted"}
KEYS = frozenset(_HEADER_KEYS | _DIRT_KEYS | _BODY_KEYS)


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
        _check_whole(message, message_id)
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


def plan_by(message_id: int, edition: int, profile: Profile | None) -> tuple[Node, ...]:
    """The plan of a body as the profile has it, or the standard. Raises KeyError when it is not declared."""
    return profile.plan(message_id, edition) if profile else plan_of(message_id, edition)


def _check_whole(message: dict[str, Any], message_id: int) -> None:
    """Refuses, all at once, what is not said; and an edition that there is not."""
    bodies = {"body", "body_hex"}
    missing = [key for key in ("phone", "body") if not (bodies if key == "body" else {key}) & set(message)]
    if missing:
        raise LocalProtocolError("missing", message_id, ", ".join(missing))
    edition = message.get("edition")
    if edition is not None and edition not in EDITIONS:
        raise LocalProtocolError(f"{edition!r} is none of {_listed(EDITIONS)}", message_id, "edition")


def _listed(editions: Iterable[int]) -> str:
    *most, last = map(str, editions)
    return f"{', '.join(most)} and {last}" if most else last


def _message_id(message: dict[str, Any]) -> int:
    named = lookup_name(message["message"]) if "message" in message else None
    if "message" in message and named is None:
        near = did_you_mean(message["message"], (entry.name for entry in MESSAGES.values()))
        raise LocalProtocolError(f"no such message: {message['message']!r}{near}", field="message")
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
        raise LocalProtocolError(_undeclared(message_id, edition), message_id, "body")
    plan = plan_by(message_id, edition, profile)
    values = unpresent_fields(plan, message["body"])
    body = walk.encode_body(message_id, edition, values, plan)
    found: dict[str, Any] = {}
    walk.decode_into(found, message_id, edition, body, plan)
    lost = set(values) - set(found)
    if lost:
        raise LocalProtocolError("has no place beside the other values", message_id, min(lost))
    return body


def _undeclared(message_id: int, edition: int) -> str:
    entry = lookup(message_id)
    if entry is None:
        return "no such message is declared: give body_hex"
    return (
        f"{entry.name} is not in edition {edition} but in {_listed(entry.editions)}: say so, or give body_hex"
    )


def _encrypted(encryption: int, body: bytes, cipher: BodyCipher | None) -> bytes:
    if encryption != RSA or cipher is None:
        raise LocalProtocolError(
            "no cipher is configured: give body_hex, the cipher text", field="encryption"
        )
    return cipher.encrypt(body)


def _frame(payload: bytes, message: dict[str, Any]) -> bytes:
    check = number_of(message["check"]) if "check" in message else xor_of(payload)
    return Opened(payload, _within("check", check, 0xFF), bool(message.get("check_unescaped"))).frame()


def _within(field: str, value: Any, limit: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= limit:
        raise LocalProtocolError(f"{value!r} is not an integer of 0…{limit}", field=field)
    return value
