"""Bodies of commands: JSON by field names to bytes in the terminal's edition, and answers back to JSON."""

from typing import Any, Final

from protocols.jt808 import walk
from protocols.jt808.catalog import MESSAGES, lookup, lookup_name, range_of
from protocols.jt808.plan import plan_of
from protocols.jt808.present import number_of, present_fields, unpresent_fields
from protocols.jt808.words import did_you_mean
from protocols.wire.errors import LocalProtocolError, RemoteProtocolError

from .command import NOT_COMMANDS, CommandError

FILE_FIELD: Final = {0x8108: "package"}  # the field that an uploaded file becomes


def message_of(named: Any) -> int:
    """The id of a downlink message by name or number. Raises CommandError."""
    try:
        message = lookup_name(named) if isinstance(named, str) else None
        message_id = message.id if message else number_of(named)
    except (ValueError, TypeError):
        names = [each.name for each in MESSAGES.values() if each.direction == "down"]
        hint = did_you_mean(named, names) if isinstance(named, str) else ""
        raise CommandError(f"no such message: {named!r} (`jt808 list` names them){hint}", "message") from None
    known, space = lookup(message_id), range_of(message_id)
    if (known and known.direction != "down") or (not known and not (space and space[2] == "down")):
        raise CommandError(f"{named!r} is no message of the platform", "message")
    if message_id in NOT_COMMANDS:
        raise CommandError(f"{named!r} is said by the gateway itself", "message")
    return message_id


def name_of(message_id: int) -> str:
    """The name of a message; of one without a declaration its id."""
    message = lookup(message_id)
    return message.name if message else f"0x{message_id:04X}"


def encode(message_id: int, edition: int, body: dict[str, Any], file: bytes = b"") -> bytes:
    """The bytes of a body: fields by name, or {"hex": "…"} as is. Raises CommandError, with the field."""
    if set(body) == {"hex"}:
        try:
            return bytes.fromhex(body["hex"])
        except (ValueError, TypeError) as error:
            raise CommandError(str(error), "body.hex") from None
    message = MESSAGES.get(message_id)
    if message is None:
        raise CommandError('this message has no declaration: give {"hex": "…"}', "body")
    if edition not in message.bodies:
        editions = ", ".join(map(str, message.editions))
        raise CommandError(f"{message.name} is not in edition {edition} (only {editions})", "message")
    plan = plan_of(message_id, edition)
    try:
        values = unpresent_fields(plan, body)
        if file:
            values[FILE_FIELD[message_id]] = file
        encoded = walk.encode_body(message_id, edition, values, plan)
        lost = set(values) - set(walk.decode_body(message_id, edition, encoded))
    except (LocalProtocolError, RemoteProtocolError) as error:
        field = f"body.{error.field}" if error.field else "body"
        raise CommandError(str(error), field) from None
    if lost:
        raise CommandError("has no place beside the other values", f"body.{min(lost)}")
    return encoded


def decode(message_id: int, edition: int, body: bytes) -> dict[str, Any]:
    """An answer as JSON: its fields, or its bytes where it does not fit its declaration."""
    message = MESSAGES.get(message_id)
    if message is None or edition not in message.bodies:
        return {"hex": body.hex()}
    plan = plan_of(message_id, edition)
    try:
        return present_fields(plan, walk.decode_body(message_id, edition, body))
    except RemoteProtocolError as error:
        return {"hex": body.hex(), "error": str(error)}
