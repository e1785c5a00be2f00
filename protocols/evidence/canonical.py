"""One value, one spelling: JSON, sorted ASCII keys, no spaces, no fractions, UTF-8 (RFC 8785 without floats).

A text that is not spelled so is refused on reading: then every byte of a line is under its hash.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, NoReturn

LINE_BYTES_MAX: Final = 1 << 20
DEPTH_MAX: Final = 16
INTEGER_MAX: Final = 2**53 - 1  # beyond it other languages' JSON readers round


class EvidenceError(ValueError):
    """Something cannot be written as evidence, or is no evidence; the text names the field."""


def canonical(value: Mapping[str, Any]) -> bytes:
    """The bytes. Raises EvidenceError with the path: a fraction, a key not ASCII, too deep, too long."""
    _check(value, "", 0)
    try:
        text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
        data = text.encode()
    except UnicodeEncodeError as error:
        raise EvidenceError(f"a text that is no Unicode: {error.reason}") from error
    if len(data) > LINE_BYTES_MAX:
        raise EvidenceError(f"{len(data)} bytes; a line has {LINE_BYTES_MAX} at most")
    return data


def parse(data: bytes) -> dict[str, Any]:
    """The object. Raises EvidenceError unless the bytes are exactly its canonical spelling."""
    if len(data) > LINE_BYTES_MAX:
        raise EvidenceError(f"{len(data)} bytes; a line has {LINE_BYTES_MAX} at most")
    try:
        value = json.loads(data.decode(), parse_float=_no_fraction, parse_constant=_no_fraction)
    except (ValueError, RecursionError) as error:
        raise EvidenceError("is no JSON") from error
    if not isinstance(value, dict):
        raise EvidenceError("is no JSON object")
    if canonical(value) != data:
        raise EvidenceError("is not in canonical form")
    return value


def _check(value: Any, path: str, depth: int) -> None:
    if depth > DEPTH_MAX:
        raise EvidenceError(f"{path}: deeper than {DEPTH_MAX}")
    if isinstance(value, Mapping):
        for key, member in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise EvidenceError(f"{path or 'top'}: {key!r} is no ASCII key")
            _check(member, f"{path}.{key}".lstrip("."), depth + 1)
    elif isinstance(value, (list, tuple)):
        for index, member in enumerate(value):
            _check(member, f"{path}[{index}]", depth + 1)
    elif isinstance(value, int):
        if abs(value) > INTEGER_MAX:
            raise EvidenceError(f"{path}: {value} is beyond 2^53: write it as text")
    elif value is not None and not isinstance(value, str):
        raise EvidenceError(f"{path}: a {type(value).__name__}; numbers are integers, decimals are texts")


def _no_fraction(text: str) -> NoReturn:
    raise ValueError(f"{text} is no integer")
