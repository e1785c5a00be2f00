"""What a driver code says, and the rules of its fields. Names are masked before they get here."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

IDENTITY_HASH_BYTES: Final = 16
KEY_ID_BYTES: Final = 4
NAME_CHARS_MAX: Final = 20
PLATE_CHARS_MAX: Final = 12
CLASSES_MAX: Final = 8
CLASS_CHARS_MAX: Final = 4
SECONDS_MAX: Final = 2**40


class Holder(IntEnum):
    """Who may hold a code: the three kinds that the scheme knows."""

    DRIVER = 1  # 普货司机
    ENTERPRISE = 2  # 物流企业
    PLATFORM = 3  # 互联网平台


class Colour(IntEnum):
    """The state of the code when it was issued. Today's colour is asked online; none, unknown and expired are
    shown grey and are no colours of a code."""

    BLUE = 1  # 蓝码
    YELLOW = 2  # 黄码
    RED = 3  # 红码


class CodeError(ValueError):
    """A field of a code breaks its rule, or a text is no code; the message names the field."""


@dataclass(frozen=True)
class Content:
    """The signed content.

    identity_hash: 16 bytes, keyed hash of the identity number; the number itself never enters a code.
    masked_name: such as 王**. plate, plate_colour (JT/T 697.7): empty and 0 for holders without a vehicle.
    classes: of the driving licence, such as ("A2",). issued_s, valid_until_s: Unix time; valid_until is the
    earliest end of the certificates behind it. key_id: of the issuer's key, 4 bytes.
    """

    holder: Holder
    identity_hash: bytes
    masked_name: str
    plate: str
    plate_colour: int
    classes: tuple[str, ...]
    colour: Colour
    issued_s: int
    valid_until_s: int
    key_id: bytes

    def __post_init__(self) -> None:
        """Raises CodeError, with the field, for a value that no code can have."""
        _length("identity_hash", self.identity_hash, IDENTITY_HASH_BYTES)
        _length("key_id", self.key_id, KEY_ID_BYTES)
        _text("masked_name", self.masked_name, NAME_CHARS_MAX)
        _text("plate", self.plate, PLATE_CHARS_MAX)
        _number("plate_colour", self.plate_colour, 0, 255)
        _number("issued_s", self.issued_s, 0, SECONDS_MAX)
        _number("valid_until_s", self.valid_until_s, self.issued_s, SECONDS_MAX)
        if len(self.classes) > CLASSES_MAX:
            raise CodeError(f"classes: {len(self.classes)}, at most {CLASSES_MAX}")
        for each in self.classes:
            _text("classes", each, CLASS_CHARS_MAX)


def _length(field: str, value: object, count: int) -> None:
    if not isinstance(value, bytes) or len(value) != count:
        raise CodeError(f"{field}: {count} bytes are needed")


def _text(field: str, value: object, most: int) -> None:
    if not isinstance(value, str) or len(value) > most or not value.isprintable():
        raise CodeError(f"{field}: printable text of at most {most} characters is needed")


def _number(field: str, value: object, least: int, most: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise CodeError(f"{field}: a number from {least} to {most} is needed, not {value!r}")
