"""One person, planted in messages and documents, and every form in which a line could give her away."""

import base64
from collections.abc import Iterable, Iterator

NAME = "欧阳小明"
IDENTITY = "530100199001011234"
PHONE = "13812348000"
PLATE = "云A12345"
PLANTED = (NAME, IDENTITY, PHONE)


def driver_body() -> bytes:
    """0x0702 of 2013: a card went in, of that person."""
    name = NAME.encode("gbk")
    issuer = "昆明".encode("gbk")
    return (
        b"\1" + bytes.fromhex("250102030405") + b"\0" + bytes([len(name)]) + name
        + IDENTITY.encode().ljust(20, b"\0") + bytes([len(issuer)]) + issuer + bytes.fromhex("20301231")
    )  # fmt: skip


def forms_of(value: str) -> Iterator[bytes]:
    """The bytes to search for: UTF-8, GBK, each raw, as hex of both cases, as base64 at each of its three
    alignments, as JSON escapes; digits packed as BCD too."""
    raws = {value.encode(), value.encode("gbk")}
    if value.isdecimal():
        raws |= {
            bytes.fromhex(digits) for digits in (value.zfill(12), value.zfill(20)) if len(digits) % 2 == 0
        }
    for raw in raws:
        yield raw
        yield raw.hex().encode()
        yield raw.hex().upper().encode()
        for before in range(3):
            # Only the characters that depend on these bytes alone.
            coded = base64.b64encode(bytes(before) + raw)
            yield coded[(0, 2, 3)[before] : len(coded.rstrip(b"=")) - 1 if len(raw) + before % 3 else None]
    if not value.isascii():
        yield "".join(f"\\u{ord(letter):04x}" for letter in value).encode()


def found_in(data: bytes, values: Iterable[str] = PLANTED) -> list[str]:
    """Those of the values that stand in the bytes in any form."""
    return [value for value in values if any(form in data for form in forms_of(value))]
