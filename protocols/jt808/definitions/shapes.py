"""Conditions and lists of the declarations: fields that are there only sometimes, and fields that repeat.

Every class here is understood by `plan.py`. Conditions look at earlier fields of the same Struct; one that
asks for a field which is itself absent does not hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any

from construct import (
    Array,
    Construct,
    ConstructError,
    ExplicitError,
    GreedyBytes,
    GreedyRange,
    IfThenElse,
    Int16ub,
    Pass,
    Prefixed,
    Struct,
    Subconstruct,
    stream_read,
    stream_write,
    this,
)


class OnlyIf(IfThenElse):
    """A field that exists only when the earlier `field` has `value` (one, or a tuple of several), or, with
    equal=False, has another one.
    """

    def __init__(
        self, field: str, value: int | tuple[int, ...], subcon: Construct, equal: bool = True
    ) -> None:
        self.field = field
        self.values = value if isinstance(value, tuple) else (value,)
        self.equal = equal
        super().__init__(self._holds, subcon, Pass)
        self.flagbuildnone = True

    def _holds(self, context: Mapping[str, Any]) -> bool:
        found = context.get(self.field)
        return found is not None and (found in self.values) == self.equal


class IfBit(IfThenElse):
    """A field that exists only when bit `bit` of the earlier `field` is set."""

    def __init__(self, field: str, bit: int, subcon: Construct) -> None:
        self.field = field
        self.bit = bit
        super().__init__(lambda context: context[field] >> bit & 1, subcon, Pass)
        self.flagbuildnone = True


class IfMore(Subconstruct):
    """A field that exists when there are bytes left for it."""

    def __init__(self, subcon: Construct) -> None:
        super().__init__(subcon)
        self.flagbuildnone = True

    def _parse(self, stream: BytesIO, context: Any, path: str) -> Any:
        more = stream.read(1)
        stream.seek(-len(more), 1)
        return self.subcon._parsereport(stream, context, path) if more else None

    def _build(self, value: Any, stream: BytesIO, context: Any, path: str) -> Any:
        return value if value is None else self.subcon._build(value, stream, context, path)


class CountedList(Subconstruct):
    """As many elements as the earlier field `count_field` says, each behind a WORD that counts its bytes."""

    def __init__(self, count_field: str, element: Struct) -> None:
        super().__init__(Array(getattr(this, count_field), Prefixed(Int16ub, element)))
        self.count_field = count_field
        self.element = element


class Repeat(Subconstruct):
    """As many elements as the earlier field `count` (or the number `count`) says, one behind the other."""

    def __init__(self, count: str | int, element: Construct) -> None:
        super().__init__(Array(getattr(this, count) if isinstance(count, str) else count, element))
        self.count = count
        self.element = element


class Many(Subconstruct):
    """As many whole elements as there are; what makes no whole one is left unread."""

    def __init__(self, element: Struct) -> None:
        super().__init__(GreedyRange(element))
        self.element = element


class Recognised(Subconstruct):
    """Up to `count_field` elements, read as long as their first field has the value `tag`.

    For lists of things whose length is told by nothing but their type: an unknown type ends the reading.
    """

    def __init__(self, count_field: str, tag: int, element: Struct) -> None:
        super().__init__(element)
        self.count_field = count_field
        self.tag = tag
        self.element = element

    def _parse(self, stream: BytesIO, context: Any, path: str) -> list[Any]:
        found: list[Any] = []
        while len(found) < context[self.count_field]:
            at = stream.tell()
            try:
                element = self.subcon._parsereport(stream, context, path)
            except ConstructError:
                element = None
            if element is None or element[self.subcon.subcons[0].name] != self.tag:
                stream.seek(at)
                break
            found.append(element)
        return found

    def _build(self, value: Any, stream: BytesIO, context: Any, path: str) -> Any:
        if len(value) > context[self.count_field]:
            raise ExplicitError(f"more than {self.count_field} says", path=path)
        for element in value:
            if element[self.subcon.subcons[0].name] != self.tag:
                raise ExplicitError("an element of an unknown type", path=path)
            self.subcon._build(element, stream, context, path)
        return value


class Fit(Subconstruct):
    """The bytes to the end: read by `layout` when it fits them exactly, else as they are."""

    def __init__(self, layout: Struct) -> None:
        super().__init__(GreedyBytes)
        self.layout = layout

    def _parse(self, stream: BytesIO, context: Any, path: str) -> Any:
        return fitted(self.layout, self.subcon._parse(stream, context, path))

    def _build(self, value: Any, stream: BytesIO, context: Any, path: str) -> Any:
        data = value if isinstance(value, bytes) else self.layout.build(value)
        stream_write(stream, data, len(data), path)
        return value


class Chosen(Construct):
    """As many bytes as the earlier field `size_field` says, read by the layout that the earlier field
    `key_field` chooses when that fits exactly, else as they are.
    """

    def __init__(self, key_field: str, size_field: str, known: Mapping[int, Struct]) -> None:
        super().__init__()
        self.key_field = key_field
        self.size_field = size_field
        self.known = dict(known)

    def _parse(self, stream: BytesIO, context: Any, path: str) -> Any:
        data = stream_read(stream, context[self.size_field], path)
        layout = self.known.get(context[self.key_field])
        return fitted(layout, data) if layout else data

    def _build(self, value: Any, stream: BytesIO, context: Any, path: str) -> Any:
        layout = self.known.get(context[self.key_field])
        data = layout.build(value) if layout and isinstance(value, dict) else value
        if len(data) != context[self.size_field]:
            raise ExplicitError(f"{len(data)} bytes, not {context[self.size_field]}", path=path)
        stream_write(stream, data, len(data), path)
        return value


def fitted(layout: Construct, data: bytes) -> Any:
    """What the layout makes of all of the data; the data when it does not fit."""
    stream = BytesIO(data)
    try:
        value = layout.parse_stream(stream)
    except ConstructError:
        return data
    return value if stream.tell() == len(data) else data
