"""What the terminal's waybill page says in 0x0701 and takes as an order: ours, for the standard leaves it
open.

Written down in `firmware/terminal/pages/waybill.py` too; a test holds the two against each other.
"""

from dataclasses import dataclass
from typing import Final

from protocols.freight.values import seconds_of

MARK: Final = "#YD;"
VERSION: Final = "DYWB1"
ENCODING: Final = "gbk"
NUMBER_BYTES_MAX: Final = 20
CARGO_BYTES_MAX: Final = 120
ORDER_TYPE: Final = (
    0xF3  # of the passthrough, in the user's range: 0xF1, 0xF2 are ours, 0xF7, 0xF8 of T/JSATL 12
)
_FIELDS: Final = 8
_LOADED: Final = {"L": True, "U": False}


class TextError(ValueError):
    """No text of ours, or a value that does not fit it; begins with the field."""


@dataclass(frozen=True)
class LoadReport:
    """at_s: Unix time, by the terminal. latitude_udeg, longitude_udeg: None where no position was known.
    driver: what the terminal knows of the driver, the text of the code or nothing."""

    loaded: bool
    number: str
    at_s: int
    latitude_udeg: int | None
    longitude_udeg: int | None
    driver: str
    cargo: str


def read_report(content: bytes) -> LoadReport:
    """The content of 0x0701. Raises TextError for one of another maker."""
    try:
        fields = content.rstrip(b"\0").decode(ENCODING).split(";", _FIELDS - 1)
    except UnicodeDecodeError:
        raise TextError("content: no text in GBK") from None
    if len(fields) != _FIELDS or fields[0] != VERSION or fields[1] not in _LOADED:
        raise TextError(f"content: it does not begin with {VERSION};L or U, or has not {_FIELDS} fields")
    _, event, number, digits, latitude, longitude, driver, cargo = fields
    at_s = seconds_of("20" + digits)
    if at_s is None:
        raise TextError("time: no YYMMDDhhmmss")
    if not number:
        raise TextError("number: empty")
    place = _degrees("latitude", latitude, 90), _degrees("longitude", longitude, 180)
    return LoadReport(_LOADED[event], number, at_s, *place, driver, cargo)


def order_text(number: str, cargo: str) -> bytes:
    """The order that puts a waybill on the terminal's screen. Raises TextError, naming the field."""
    for field, text, most in (("number", number, NUMBER_BYTES_MAX), ("cargo", cargo, CARGO_BYTES_MAX)):
        if ";" in text or len(_gbk(field, text)) > most:
            raise TextError(f"{field}: at most {most} bytes in GBK, without a semicolon")
    if not number:
        raise TextError("number: empty")
    return _gbk("number", f"{MARK}L;{number};{cargo}")


def _gbk(field: str, text: str) -> bytes:
    try:
        return text.encode(ENCODING)
    except UnicodeEncodeError:
        raise TextError(f"{field}: {text!r} is not in GBK") from None


def _degrees(field: str, text: str, most: int) -> int | None:
    if not text:
        return None
    if not text.removeprefix("-").isdecimal() or abs(int(text[:12])) > most * 1_000_000:
        raise TextError(f"{field}: no micro-degrees")
    return int(text)
