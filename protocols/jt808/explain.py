"""Takes one frame apart for people: each byte with its offset, field, value and unit, and what is wrong.

Goes on as far as the bytes allow: a wrong check byte or a short body is one more line, not the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from protocols.wire.errors import RemoteProtocolError
from protocols.wire.framing import DELIMITER, unescape, xor_of
from protocols.wire.header import BODY_LENGTH_MASK, Header, parse_header

from .catalog import DIRECTIONS, lookup, range_of
from .codec import decode_payload, present_phone
from .definitions.types import Message
from .explain_body import BodyReader
from .hex_lines import single_frame
from .plan import plan_of
from .quirk_frames import Opened, open_whole
from .quirks import ChecksumLeniency, Profile
from .rows import Row


@dataclass
class Listing:
    """A frame taken apart. Offsets count unescaped bytes from the first byte behind the delimiter."""

    title: str = ""
    facts: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def explain_frame(frame: bytes, edition: int | None = None, profile: Profile | None = None) -> Listing:
    """The listing of one frame, delimiters included, whatever its bytes are.

    `edition` (2011, 2013, 2019) forces how the body is read; `profile` says what its terminal does otherwise.
    """
    listing = Listing(title=f"{len(frame)} bytes")
    leniency = profile.checksum if profile else ChecksumLeniency()
    opened: Opened | None
    try:
        opened = open_whole(frame, leniency)
    except RemoteProtocolError as error:
        listing.problems.append(str(error))
        opened = _as_it_is(frame)
    if opened is None:
        return listing
    escapes = len(frame) - len(opened.payload) - len(DELIMITER + DELIMITER) - 1
    if escapes:
        listing.facts.append(f"{escapes} escaped bytes: 7D 02 → 7E, 7D 01 → 7D")
    if profile:
        listing.facts.append(f"profile: {profile.title}")
    _explain_payload(listing, opened, edition, profile)
    return listing


def _as_it_is(frame: bytes) -> Opened | None:
    """The bytes of a refused frame, when they can be taken apart at all."""
    try:
        data = unescape(single_frame(frame))
    except RemoteProtocolError:
        return None
    return Opened(data[:-1], data[-1]) if len(data) > 1 else None


def _explain_payload(listing: Listing, opened: Opened, edition: int | None, profile: Profile | None) -> None:
    payload = opened.payload
    try:
        header = parse_header(payload)
    except RemoteProtocolError:  # opening it has told it already
        listing.rows.append(Row(0, payload, "payload", "", "cannot be cut into fields"))
    else:
        edition = edition or decode_payload(payload, None, profile)["edition"]
        _explain_message(listing, payload, header, edition, profile)
    verdict = "right" if opened.right else f"wrong, 0x{xor_of(payload):02X} wanted"
    if opened.unescaped:
        verdict += ", not escaped"
    listing.rows.append(Row(len(payload), bytes([opened.check]), "check", "检验码", verdict))


def _explain_message(
    listing: Listing, payload: bytes, header: Header, edition: int, profile: Profile | None
) -> None:
    entry = lookup(header.message_id)
    listing.title = f"0x{header.message_id:04X} " + (
        f"{entry.name} {entry.chinese}" if entry else _undeclared(header.message_id)
    )
    listing.facts[:0] = _facts(entry, edition)
    listing.rows += _header_rows(payload, header)
    body = payload[header.body_at :]
    opaque = _opaque(header, entry, edition)
    if opaque:
        if body:
            listing.rows.append(Row(header.body_at, body, "body", "消息体", opaque))
        return
    reader = BodyReader(payload, header.body_at, edition)
    plan = profile.plan if profile else plan_of
    reader.read_all(plan(header.message_id, edition))
    listing.rows += reader.rows
    listing.problems += reader.problems


def _undeclared(message_id: int) -> str:
    left_open = range_of(message_id)
    if left_open is None:
        return "not declared"
    name, chinese, direction = left_open
    return f"{name} {chinese}, {DIRECTIONS[direction]}"


def _facts(entry: Message | None, edition: int) -> list[str]:
    facts = [f"edition {edition}"]
    if entry:
        facts += [DIRECTIONS[entry.direction], entry.clause]
        if entry.answered_by is not None:
            answer = lookup(entry.answered_by)
            facts.append(f"answered by 0x{entry.answered_by:04X} {answer.name if answer else ''}".strip())
    return [", ".join(facts)]


def _opaque(header: Header, entry: Message | None, edition: int) -> str:
    """Why the body is not taken apart, "" when it can be."""
    if header.subpackaged:
        return f"piece {header.number} of {header.total}"
    if header.encryption:
        return f"encrypted (value {header.encryption})"
    if entry is None:
        return "unknown message"
    return "" if edition in entry.bodies else f"the message does not exist in {edition}"


def _header_rows(payload: bytes, header: Header) -> Iterator[Row]:
    def row(at: int, width: int, name: str, chinese: str, value: Any) -> Row:
        return Row(at, payload[at : at + width], name, chinese, str(value))

    phone = present_phone(header.phone)
    yield row(0, 2, "message_id", "消息ID", f"0x{header.message_id:04X}")
    yield row(2, 2, "attributes", "消息体属性", _attributes(header))
    at = 4
    if len(header.phone) > 6:
        yield row(at, 1, "version", "协议版本号", header.version)
        at += 1
    yield row(at, len(header.phone), "phone", "终端手机号", phone if isinstance(phone, str) else "not BCD")
    at += len(header.phone)
    yield row(at, 2, "serial", "消息流水号", header.serial)
    if header.subpackaged:
        yield row(at + 2, 2, "total", "消息总包数", header.total)
        yield row(at + 4, 2, "number", "包序号", header.number)


def _attributes(header: Header) -> str:
    parts = [f"body {header.attributes & BODY_LENGTH_MASK} bytes"]
    if header.encryption:
        parts.append(f"encryption {header.encryption}")
    parts += [
        text
        for bit, text in ((13, "sub-packaged"), (14, "2019 layout"), (15, "reserved bit 15"))
        if header.attributes >> bit & 1
    ]
    return ", ".join(parts)
