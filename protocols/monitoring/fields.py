"""Reads members of a JSON object that came from outside: type and range checked, faults named by path."""

import json
import re
from typing import Any, Final

from ..wire.errors import RemoteProtocolError

_SHOWN: Final = 60  # characters of a wrong value that go into an error text


class Fields:
    """One JSON object; `path` leads to it, such as `records[3]`. Every method raises RemoteProtocolError."""

    def __init__(self, value: Any, path: str = "") -> None:
        if not isinstance(value, dict):
            raise RemoteProtocolError("not an object", field=path or "document")
        self._value = value
        self._path = path

    def has(self, name: str) -> bool:
        """Whether the member is there."""
        return name in self._value

    def text(self, name: str, pattern: str = r"(?s).*") -> str:
        """A string that matches `pattern` as a whole."""
        value = self._value.get(name)
        if not isinstance(value, str) or re.fullmatch(pattern, value) is None:
            raise self.fault(name, f"{str(value)[:_SHOWN]!r} is not allowed")
        return value

    def integer(self, name: str, low: int, high: int) -> int:
        """A number without fraction within low…high."""
        value = self._value.get(name)
        if type(value) is not int or not low <= value <= high:
            raise self.fault(name, f"{str(value)[:_SHOWN]} is no integer of {low}…{high}")
        return value

    def data(self, name: str, length_max: int) -> bytes:
        """Bytes written as lower-case hexadecimal digits."""
        return bytes.fromhex(self.text(name, rf"(?:[0-9a-f]{{2}}){{0,{length_max}}}"))

    def flag(self, name: str) -> bool:
        """true or false."""
        value = self._value.get(name)
        if not isinstance(value, bool):
            raise self.fault(name, f"{str(value)[:_SHOWN]} is neither true nor false")
        return value

    def object(self, name: str) -> "Fields":
        """An object."""
        return Fields(self._value.get(name), self._where(name))

    def mapping(self, name: str) -> dict[str, Any]:
        """An object as it is, for a reader that checks it by other rules."""
        value = self._value.get(name)
        if not isinstance(value, dict):
            raise self.fault(name, "not an object")
        return value

    def objects(self, name: str, amount_max: int) -> list["Fields"]:
        """An array of at most `amount_max` objects."""
        value = self._value.get(name)
        if not isinstance(value, list) or len(value) > amount_max:
            raise self.fault(name, f"no array of at most {amount_max}")
        return [Fields(item, f"{self._where(name)}[{at}]") for at, item in enumerate(value)]

    def fault(self, name: str, reason: str) -> RemoteProtocolError:
        """An error that names the member."""
        return RemoteProtocolError(reason, field=self._where(name))

    def _where(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name


def parse_object(payload: bytes) -> Fields:
    """The object that a JSON document is. Raises RemoteProtocolError."""
    try:
        return Fields(json.loads(payload))
    except (ValueError, RecursionError) as error:
        raise RemoteProtocolError(f"no JSON: {str(error)[:_SHOWN]}", field="document") from None


def parse_document(payload: bytes, schema: str) -> Fields:
    """The object of a JSON document whose member `schema` is `schema`. Raises RemoteProtocolError."""
    fields = parse_object(payload)
    if fields.text("schema") != schema:
        raise fields.fault("schema", f"{schema!r} wanted")
    return fields


def dump_document(document: dict[str, Any]) -> bytes:
    """Compact UTF-8 JSON; Chinese stays readable."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
