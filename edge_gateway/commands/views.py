"""Commands as people and machines read them: JSON-able objects, times as ISO 8601 in UTC."""

import json
from datetime import UTC, datetime
from typing import Any

from . import bodies
from .command import RESULTS
from .store import Row


def iso(utc_ms: int) -> str:
    """2026-01-02T03:04:05.678Z."""
    return (
        datetime.fromtimestamp(utc_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def command_as_json(row: Row) -> dict[str, Any]:
    """One command: what was asked, where it stands, what the terminal said."""
    command = row.command
    return {
        "id": command.number,
        "terminal": command.terminal,
        "message": bodies.name_of(command.message_id),
        "message_id": f"0x{command.message_id:04X}",
        "body": json.loads(row.body),
        "file": row.file or None,
        "state": command.state,
        "done": command.done,
        "asked_by": row.asked_by,
        "idempotency_key": row.idempotency_key,
        "rollout": command.rollout or None,
        "created_at": iso(command.created_ms),
        "changed_at": iso(command.changed_ms),
        "not_after": iso(command.not_after_ms),
        "attempts": command.attempts,
        "result": RESULTS.get(command.result, str(command.result)) if command.result is not None else None,
        "error": command.error or None,
        "answer": _answer(row),
    }


def _answer(row: Row) -> dict[str, Any] | None:
    command = row.command
    if not command.answer_id:
        return None
    return {
        "message": bodies.name_of(command.answer_id),
        "message_id": f"0x{command.answer_id:04X}",
        "edition": command.answer_edition,
        "body": bodies.decode(command.answer_id, command.answer_edition, command.answer),
        "hex": command.answer[:ANSWER_HEX_MAX].hex(),
    }


ANSWER_HEX_MAX = 4096  # of pictures the decoded form is enough
