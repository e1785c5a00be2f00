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

from .body_encryption import BodyCipher
from .catalog import DIRECTIONS, lookup, range_of
from .codec import decode_payload, plain_body, present_phone
from .definitions.types import Message
from .explain_body import BodyReader
from .hex_lines import single_frame
from .nodes import Node
from .plan import plan_of
from .quirk_frames import Opened, open_for_people
from .quirks import ChecksumLeniency, Profile
from .rows import Row


@dataclass
class Listing:
    """A frame taken apart. Offsets count unescaped bytes from the first byte behind the delimiter."""

    title: str = ""
    facts: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    decrypted: list[Row] = field(default_factory=list)  # of a body that a cipher opened; offsets are its own


@dataclass(frozen=True)
class _Knowledge:
    """What is known beside the frame."""

    edition: int | None
    profile: Profile | None
    cipher: BodyCipher | None


def explain_frame(
    frame: bytes,
    edition: int | None = None,
    profile: Profile | None = None,
    cipher: BodyCipher | None = None,
) -> Listing:
    """The listing of one frame, delimiters included, whatever its bytes are.

    `edition` (2011, 2013, 2019) forces how the body is read; `profile` says what its terminal does otherwise;
    `cipher` opens an encrypted body, which without it is shown as cipher text.
    """
    listing = Listing(title=_bytes(len(frame)))
    opened: Opened | None
    try:
        opened, problem = open_for_people(frame, profile.checksum if profile else ChecksumLeniency())
    except RemoteProtocolError as error:
        opened, problem = _as_it_is(frame), str(error)
    if problem:
        listing.problems.append(problem)
    if opened is None:
        return listing
    escapes = len(frame) - len(opened.payload) - len(DELIMITER + DELIMITER) - 1
    if escapes:
        listing.facts.append(
            f"{escapes} escaped {'byte' if escapes == 1 else 'bytes'}: 7D 02 → 7E, 7D 01 → 7D"
        )
    if profile:
        listing.facts.append(f"profile: {profile.title}")
    _explain_payload(listing, opened, _Knowledge(edition, profile, cipher))
    return listing


def _as_it_is(frame: bytes) -> Opened | None:
    """The bytes of a refused frame, when they can be taken apart at all."""
    try:
        data = unescape(single_frame(frame))
    except RemoteProtocolError:
        return None
    return Opened(data[:-1], data[-1]) if len(data) > 1 else None


def _explain_payload(listing: Listing, opened: Opened, known: _Knowledge) -> None:
    payload = opened.payload
    try:
        header = parse_header(payload)
    except RemoteProtocolError:  # opening it has told it already
        listing.rows.append(Row(0, payload, "payload", "", "cannot be cut into fields"))
    else:
        _explain_message(listing, payload, header, known)
    verdict = "right" if opened.right else f"wrong, 0x{xor_of(payload):02X} wanted"
    if opened.unescaped:
        verdict += ", not escaped"
    listing.rows.append(Row(len(payload), bytes([opened.check]), "check", "检验码", verdict))


def _explain_message(listing: Listing, payload: bytes, header: Header, known: _Knowledge) -> None:
    entry = lookup(header.message_id)
    body = payload[header.body_at :]
    plain, refusal = plain_body(header, body, known.cipher)
    edition = known.edition or decode_payload(payload, None, known.profile, known.cipher)["edition"]
    listing.title = f"0x{header.message_id:04X} " + (
        f"{entry.name} {entry.chinese}" if entry else _undeclared(header.message_id)
    )
    listing.facts[:0] = _facts(entry, edition)
    listing.rows += _header_rows(payload, header)
    opaque = _opaque(header, entry, edition, plain)
    if opaque or header.encryption:
        if body:
            cipher_text = "cipher text, opened below" if plain is not None else f"cipher text: {refusal}"
            shown = cipher_text if header.encryption else opaque
            listing.rows.append(Row(header.body_at, body, "body", "消息体", shown))
    else:
        plan = _plan(known, header.message_id, edition)
        _read_body(listing, listing.rows, BodyReader(payload, header.body_at, edition), plan)
    if header.encryption and plain is not None:
        if opaque:
            listing.decrypted.append(Row(0, plain, "body", "消息体", opaque))
        else:
            plan = _plan(known, header.message_id, edition)
            _read_body(listing, listing.decrypted, BodyReader(plain, 0, edition), plan)


def _plan(known: _Knowledge, message_id: int, edition: int) -> tuple[Node, ...]:
    return known.profile.plan(message_id, edition) if known.profile else plan_of(message_id, edition)


def _read_body(listing: Listing, rows: list[Row], reader: BodyReader, plan: tuple[Node, ...]) -> None:
    reader.read_all(plan)
    rows += reader.rows
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


def _opaque(header: Header, entry: Message | None, edition: int, plain: bytes | None) -> str:
    """Why the body is not taken apart, "" when it can be."""
    if plain is None:
        return f"cipher text (encryption {header.encryption})"
    if header.subpackaged:
        return f"piece {header.number} of {header.total}"
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
    parts = [f"body {_bytes(header.attributes & BODY_LENGTH_MASK)}"]
    if header.encryption:
        parts.append(f"encryption {header.encryption}")
    parts += [
        text
        for bit, text in ((13, "sub-packaged"), (14, "2019 layout"), (15, "reserved bit 15"))
        if header.attributes >> bit & 1
    ]
    return ", ".join(parts)


def _bytes(count: int) -> str:
    return f"{count} byte" if count == 1 else f"{count} bytes"
