"""The push of a driver code to the terminal's screen: content of 0x8900 with a type of the user's range.

The format is ours (JT/T 808 leaves 0xF0 to 0xFF of the passthrough types to the user). Head: version, CRC-32
of all behind it, kind, issue time, serial; then what the kind has. The terminal takes a push only when issue
time and serial are later than those of the last one, so an old push that comes again changes nothing.

The line says nothing of who speaks on it, so a push may be sealed: the version SEALED, a keyed hash under the
terminal's presence key over its phone number and the push, and the push. A terminal that is set to it takes
no other.
"""

from __future__ import annotations

import binascii
import hmac
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from enum import IntEnum
from typing import Any

from construct import Bytes, ConstructError, GreedyBytes, Int8ub, Int16ub, Int32ub, Prefixed, Struct

from ..wire.errors import LocalProtocolError, RemoteProtocolError

PASSTHROUGH_TYPE = 0xF1
VERSION = 1
SEALED = 2  # as the version: a seal of SEAL_BYTES, and a push of VERSION
SEAL_BYTES = 16  # of HMAC-SHA256
SEAL_DOMAIN = 0x50  # what the hash begins with: the key serves proofs of presence, too
CODE_BYTES_MAX = 240  # with the proof behind it a symbol of version 10 at level M
PLATE_BYTES_MAX = 16
NAME_GLYPHS_MAX = 4
GLYPH_BYTES = 32
ENDLESS = b"\x99\x99\x99"  # a licence without end (长期)
KEY_BYTES_MAX = 64
_BEIJING = timezone(timedelta(hours=8))


class Kind(IntEnum):
    """What a push says."""

    CODE = 1  # a code with all that is shown with it
    COLOUR = 2  # the code stays, this is its colour now; also says that it is still good
    WITHDRAWN = 3  # there is no code any more
    KEY = 4  # a key for proofs of presence; in the clear, so only where the terminal is set to take it


class Colour(IntEnum):
    """Colours of the code."""

    BLUE = 1
    YELLOW = 2
    RED = 3


HEAD = Struct("version" / Int8ub, "check" / Int32ub, "rest" / GreedyBytes)
ISSUE = Struct("kind" / Int8ub, "issued_bcd" / Bytes(6), "serial" / Int32ub, "rest" / GreedyBytes)
CODE = Struct(
    "colour" / Int8ub,
    "until_bcd" / Bytes(6),
    "licence_end_bcd" / Bytes(3),
    "key" / Int16ub,
    "plate" / Prefixed(Int8ub, GreedyBytes),
    "name" / Prefixed(Int8ub, GreedyBytes),
    "code" / GreedyBytes,
)
COLOUR = Struct("colour" / Int8ub)
WITHDRAWN = Struct()
KEY = Struct("key" / Int16ub, "secret" / Prefixed(Int8ub, GreedyBytes))
LAYOUTS = {"HEAD": HEAD, "ISSUE": ISSUE, "CODE": CODE, "COLOUR": COLOUR, "WITHDRAWN": WITHDRAWN, "KEY": KEY}
_BODIES = {Kind.CODE: CODE, Kind.COLOUR: COLOUR, Kind.WITHDRAWN: WITHDRAWN, Kind.KEY: KEY}


@dataclass(frozen=True)
class DriverCode:
    """What the screen needs of a code.

    until: end of validity (aware). licence_end: None for a licence without end. plate: text. name: glyphs of
    the masked name (see masked_name). key: reference of the presence key, 0 for none.
    """

    code: str
    colour: Colour
    until: datetime
    licence_end: date | None
    plate: str
    name: bytes = b""
    key: int = 0


def code_push(issued: datetime, serial: int, code: DriverCode) -> bytes:
    """The content of 0x8900 (without the type) that shows this code. Raises LocalProtocolError."""
    text, plate = code.code.encode("ascii"), code.plate.encode("gbk")
    _limit("code", len(text), CODE_BYTES_MAX)
    _limit("plate", len(plate), PLATE_BYTES_MAX)
    _limit("name", len(code.name), NAME_GLYPHS_MAX * GLYPH_BYTES)
    if len(code.name) % GLYPH_BYTES:
        raise LocalProtocolError(f"not glyphs of {GLYPH_BYTES} bytes", -1, "name")
    end = ENDLESS if code.licence_end is None else bytes.fromhex(f"{code.licence_end:%y%m%d}")
    values = {
        "colour": int(code.colour),
        "until_bcd": _bcd(code.until),
        "licence_end_bcd": end,
        "key": code.key,
        "plate": plate,
        "name": code.name,
        "code": text,
    }
    return _push(Kind.CODE, issued, serial, values)


def colour_push(issued: datetime, serial: int, colour: Colour) -> bytes:
    """The content that changes the colour, or says that it is still the same."""
    return _push(Kind.COLOUR, issued, serial, {"colour": int(colour)})


def withdrawal_push(issued: datetime, serial: int) -> bytes:
    """The content that takes the code off the screen."""
    return _push(Kind.WITHDRAWN, issued, serial, {})


def key_push(issued: datetime, serial: int, reference: int, secret: bytes) -> bytes:
    """The content that hands over a presence key: in the clear, for lines that are safe by other means."""
    _limit("secret", len(secret), KEY_BYTES_MAX)
    return _push(Kind.KEY, issued, serial, {"key": reference, "secret": secret})


def seal(content: bytes, key: bytes, phone: str) -> bytes:
    """The push, sealed for the terminal with this phone number (leading zeros do not count)."""
    return bytes([SEALED]) + _seal_of(content, key, phone) + content


def unseal(content: bytes, key: bytes, phone: str) -> bytes:
    """The push in a sealed one. Raises RemoteProtocolError for a seal that is not of this key and phone."""
    inner = content[1 + SEAL_BYTES :]
    given = content[1 : 1 + SEAL_BYTES]
    if content[:1] != bytes([SEALED]) or not hmac.compare_digest(given, _seal_of(inner, key, phone)):
        raise RemoteProtocolError("the seal is wrong", -1, "seal", 1)
    return inner


def _seal_of(content: bytes, key: bytes, phone: str) -> bytes:
    named = bytes([SEAL_DOMAIN]) + phone.lstrip("0").encode("ascii") + b"\0"
    return hmac.digest(key, named + content, "sha256")[:SEAL_BYTES]


def parse(content: bytes) -> dict[str, Any]:
    """The values of a push, wire values as they are. Raises RemoteProtocolError for a damaged one."""
    try:
        head = HEAD.parse(content)
        if head.version != VERSION:
            raise RemoteProtocolError(f"version {head.version}", -1, "version", 0)
        if head.check != binascii.crc32(head.rest):
            raise RemoteProtocolError("check sum is wrong", -1, "check", 1)
        issue = ISSUE.parse(head.rest)
        body = dict(_BODIES[Kind(issue.kind)].parse(issue.rest))
    except (ConstructError, ValueError) as error:
        raise RemoteProtocolError(str(error), -1, "push", 0) from error
    body.pop("_io", None)
    return {"kind": Kind(issue.kind), "issued_bcd": issue.issued_bcd, "serial": issue.serial, **body}


def _push(kind: Kind, issued: datetime, serial: int, values: dict[str, Any]) -> bytes:
    try:
        body = _BODIES[kind].build(values)
        rest = ISSUE.build({"kind": kind, "issued_bcd": _bcd(issued), "serial": serial, "rest": body})
    except ConstructError as error:
        raise LocalProtocolError(str(error), -1, "push") from error
    return HEAD.build({"version": VERSION, "check": binascii.crc32(rest), "rest": rest})


def _bcd(moment: datetime) -> bytes:
    if moment.tzinfo is None:
        raise LocalProtocolError("a time without zone", -1, "issued")
    return bytes.fromhex(f"{moment.astimezone(_BEIJING):%y%m%d%H%M%S}")


def _limit(name: str, size: int, most: int) -> None:
    if size > most:
        raise LocalProtocolError(f"{size} bytes, at most {most}", -1, name)
