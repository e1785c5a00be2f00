"""What differs between two frames, field by field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

_ABSENT = object()


class Difference(NamedTuple):
    """One field: where it is ("body.items[0].value"), and its two values; None stands for "not there"."""

    path: str
    left: Any
    right: Any


def differences(left: Any, right: Any) -> list[Difference]:
    """All fields in which two decoded messages differ, in the order of the left one."""
    return list(_walk("", left, right))


def _walk(path: str, left: Any, right: Any) -> Iterator[Difference]:
    if isinstance(left, dict) and isinstance(right, dict):
        for key in [*left, *(key for key in right if key not in left)]:
            inner = f"{path}.{key}" if path else str(key)
            yield from _walk(inner, left.get(key, _ABSENT), right.get(key, _ABSENT))
    elif isinstance(left, list) and isinstance(right, list) and _are_objects(left + right):
        for index in range(max(len(left), len(right))):
            one = left[index] if index < len(left) else _ABSENT
            other = right[index] if index < len(right) else _ABSENT
            yield from _walk(f"{path}[{index}]", one, other)
    elif left != right:
        yield Difference(path, _or_none(left), _or_none(right))


def _are_objects(values: list[Any]) -> bool:
    return all(isinstance(value, dict) for value in values)


def _or_none(value: Any) -> Any:
    return None if value is _ABSENT else value
