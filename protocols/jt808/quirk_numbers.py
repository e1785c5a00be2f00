"""The numbers of a quirk profile: TOML keys are text, and nobody writes message ids in decimal."""

from __future__ import annotations

import re
from typing import Any

_ITEM_ID = re.compile(r"0[xX][0-9a-fA-F]{1,2}")
_MESSAGE_ID = re.compile(r"0[xX][0-9a-fA-F]{1,4}")
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]{1,8}|[0-9]{1,10}")
_WANTED = {_NUMBER: "a number", _ITEM_ID: "an id such as 0x06", _MESSAGE_ID: "an id such as 0x06 or 0x8104"}


def with_numbers(values: dict[str, Any], problems: list[str]) -> dict[str, Any]:
    """The values with ids and other numeric keys as numbers; what is none is told in `problems`."""
    values = dict(values)
    if isinstance(values.get("items"), dict):
        items = _numbered("items", values["items"], _ITEM_ID, problems)
        values["items"] = {
            item_id: _item(f"items.0x{item_id:02X}", item, problems) for item_id, item in items.items()
        }
    for section in ("values", "bits"):
        if isinstance(values.get(section), dict):
            values[section] = _fields(section, values[section], problems)
    if isinstance(values.get("never_answers"), list):
        values["never_answers"] = tuple(
            _number(f"never_answers.{at}", each, _MESSAGE_ID, problems)
            for at, each in enumerate(values["never_answers"])
        )
    return values


def _item(where: str, item: Any, problems: list[str]) -> Any:
    if not isinstance(item, dict):
        return item
    item = dict(item)
    if isinstance(item.get("names"), dict):
        item["names"] = _numbered(f"{where}.names", item["names"], _NUMBER, problems)
    if isinstance(item.get("fields"), list):
        item["fields"] = tuple(item["fields"])
    return item


def _fields(section: str, messages: dict[str, Any], problems: list[str]) -> dict[int, Any]:
    found = _numbered(section, messages, _MESSAGE_ID, problems)
    for message_id, fields in found.items():
        if isinstance(fields, dict):
            where = f"{section}.0x{message_id:04X}"
            found[message_id] = {
                name: _numbered(f"{where}.{name}", names, _NUMBER, problems)
                if isinstance(names, dict)
                else names
                for name, names in fields.items()
            }
    return found


def _numbered(
    where: str, table: dict[str, Any], form: re.Pattern[str], problems: list[str]
) -> dict[int, Any]:
    numbered: dict[int, Any] = {}
    for key, each in table.items():
        number = _number(f"{where}.{key}", key, form, problems)
        if number in numbered:
            problems.append(f"{where}.{key}: said twice")
        numbered[number] = each
    return numbered


def _number(where: str, text: Any, form: re.Pattern[str], problems: list[str]) -> int:
    if isinstance(text, str) and form.fullmatch(text):
        return int(text, 16 if text[:2] in ("0x", "0X") else 10)
    problems.append(f"{where}: {_WANTED[form]} is wanted (it is {text!r})")
    return 0
