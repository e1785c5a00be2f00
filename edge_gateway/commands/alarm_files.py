"""Orders the files of a safety alarm: the number that lets them in, and the 0x9208 as a command.

The same alarm ordered again has the same number; ordered of ourselves it is one command, however often.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from protocols.jt808.catalog import MESSAGES
from protocols.jt808.plan import plan_of
from protocols.jt808.present import unpresent_fields
from protocols.wire.errors import LocalProtocolError, ProtocolError

from .command import CommandError
from .service import CommandService, Request
from .store import Row

ORDER: Final = 0x9208
IDENTIFIER_FIELDS: Final = frozenset({"terminal_id", "time_bcd", "sequence", "attachments"})
OURSELVES: Final = "gateway"  # who asked, in the audit lines
# (terminal, edition, identifier, UTC ms) → (alarm number, body of 0x9208); writes to the disk.
OrderFiles = Callable[[str, int, dict[str, Any], int], tuple[str, bytes]]


class Files(NamedTuple):
    """Those of one alarm. identifier: as JSON shows it. not_after_ms: UTC, None for the default life."""

    terminal: str
    edition: int
    identifier: dict[str, Any]
    not_after_ms: int | None = None


async def ask_for(
    commands: CommandService, order_files: OrderFiles, files: Files, who: str
) -> tuple[str, Row]:
    """(alarm number, command). Raises CommandError, naming the field."""
    identifier = _identifier_of(files.identifier, files.edition)
    try:  # kept on the disk before it is told to anybody
        alarm, body = await asyncio.to_thread(
            order_files, files.terminal, files.edition, identifier, time.time_ns() // 1_000_000
        )
    except LocalProtocolError as error:
        raise CommandError(str(error), f"identifier.{error.field}") from error
    key = f"files of {alarm}" if who == OURSELVES else None
    wanted = Request(files.terminal, ORDER, {"hex": body.hex()}, files.not_after_ms, key)
    return alarm, (await commands.create(wanted, who))[0]


def _identifier_of(shown: dict[str, Any], edition: int) -> dict[str, Any]:
    if edition not in MESSAGES[ORDER].bodies:
        raise CommandError(f"a terminal of edition {edition} has no files of alarms", "terminal")
    try:
        values = unpresent_fields(plan_of(ORDER, edition), {"identifier": {"reserved": 0, **shown}})
    except ProtocolError as error:
        raise CommandError(str(error), str(error.field or "identifier")) from None
    identifier: dict[str, Any] = values["identifier"]
    missing = IDENTIFIER_FIELDS - set(identifier)
    if missing:
        raise CommandError("is missing", f"identifier.{min(missing)}")
    return identifier
