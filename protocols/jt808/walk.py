"""Reads and writes bodies along their plans, keeping count of fields and offsets: every declared message,
each value range-checked, each refusal with its place. For people, answers and tests; the road decodes with
`fast`, the terminal with `protocols.wire.bodies`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from protocols.wire.errors import LocalProtocolError, RemoteProtocolError

from .catalog import MESSAGES
from .nodes import Node
from .plan import plan_of
from .reading import Reader
from .writing import write_fields


def decode_body(message_id: int, edition: int, body: bytes) -> dict[str, Any]:
    """The wire values of a body.

    Raises RemoteProtocolError, with field and byte offset, when the body is shorter or longer than its
    declaration; LocalProtocolError when the message is not declared in this edition.
    """
    values: dict[str, Any] = {}
    decode_into(values, message_id, edition, body)
    return values


def decode_into(
    values: dict[str, Any], message_id: int, edition: int, body: bytes, plan: Iterable[Node] | None = None
) -> None:
    """As decode_body, into the caller's dict: when it raises, `values` holds what was understood so far.

    `plan` stands in place of the standard one, for a terminal with habits of its own.
    """
    reader = Reader(body, 0, len(body))
    try:
        reader.fields(_plan(message_id, edition) if plan is None else plan, values)
        if reader.at != len(body):
            raise RemoteProtocolError(f"{len(body) - reader.at} bytes too many", offset=reader.at)
    except RemoteProtocolError as error:
        error.message_id = message_id
        raise


def encode_body(
    message_id: int, edition: int, values: dict[str, Any], plan: Iterable[Node] | None = None
) -> bytes:
    """The body of wire values; keys that the declaration does not have are not looked at.

    Raises LocalProtocolError, with the field, for a missing value, a wrong type, a value out of its range,
    and for a message that is not declared in this edition.
    """
    out = bytearray()
    try:
        write_fields(_plan(message_id, edition) if plan is None else plan, values, out)
    except LocalProtocolError as error:
        error.message_id = message_id
        raise
    return bytes(out)


def _plan(message_id: int, edition: int) -> tuple[Node, ...]:
    if message_id not in MESSAGES or edition not in MESSAGES[message_id].bodies:
        raise LocalProtocolError(f"not declared in edition {edition}", message_id)
    return plan_of(message_id, edition)
