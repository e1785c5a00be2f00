"""One command as the desk holds it: where it stands. Its body stays on the disk until it is sent."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from protocols.jt808.catalog import MESSAGES
from protocols.wire.errors import LocalProtocolError
from protocols.wire.tables import MSG_TERMINAL_GENERAL_RESPONSE

from . import table

RESULTS: Final = {0: "ok", 1: "failed", 2: "bad message", 3: "not supported"}  # of 0x0001
UPGRADE_PACKAGE: Final = 0x8108
UPGRADE_RESULT: Final = 0x0108
# What the sessions say by themselves: access, acknowledgements, requests for missing pieces, media receipts.
NOT_COMMANDS: Final = (0x8001, 0x8003, 0x8004, 0x8100, 0x8800, 0x9212)


class CommandError(Exception):
    """A command cannot be taken or changed. `field`: which part of the request; `kind`: bad, unknown, full or
    conflict."""

    def __init__(self, message: str, field: str = "", kind: str = "bad") -> None:
        super().__init__(message)
        self.field = field
        self.kind = kind


class Now(NamedTuple):
    """One moment on two clocks: `ms` never jumps and measures waits, `utc_ms` decides expiries."""

    ms: int
    utc_ms: int


@dataclass(slots=True)
class Command:
    """number: its name, ascending. terminal: identity. serials: of the sub-packages of the last sending,
    kept when the link is lost, for an answer may come on the next one. answer: the body of its own answer and
    the edition to read it with. sendings: on this connection; attempts: in all."""

    number: int
    terminal: str
    message_id: int
    created_ms: int
    not_after_ms: int
    state: str = table.QUEUED
    attempts: int = 0
    result: int | None = None
    error: str = ""
    answered_by: int | None = None
    answer_id: int = 0
    answer: bytes = b""
    answer_edition: int = 0
    changed_ms: int = 0
    wants_upgrade_result: bool = False
    rollout: int = 0
    sendings: int = 0
    sending: bool = False  # handed to the line, which has not said the serials yet
    serials: tuple[int, ...] = ()
    accepted: set[int] = field(default_factory=set)  # serials of pieces that 0x0001 confirmed
    wake_ms: int = 0  # of the steady clock; 0: nothing is waited for

    @property
    def done(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in table.FINAL or (self.state == table.ACKNOWLEDGED and self.answered_by is None)

    def go(self, event: str, now: Now) -> None:
        """Moves along the table. Raises LocalProtocolError for a pair that is not there."""
        following = table.TRANSITIONS[self.state].get(event)
        if following is None:
            raise LocalProtocolError(f"command {self.number}: {event} in state {self.state}")
        self.state = following
        self.changed_ms = now.utc_ms


def own_answer(message_id: int, edition: int, wants_upgrade_result: bool = False) -> int | None:
    """The id of the answer that a message has beside 0x0001 in this edition; None when it has none.

    0x8108 has one when it is asked for: 0x0108 comes hours later, after the upgrade, without a serial.
    """
    if wants_upgrade_result and message_id == UPGRADE_PACKAGE:
        return UPGRADE_RESULT
    message = MESSAGES.get(message_id)
    answer = message.answered_by if message else None
    if answer in (None, MSG_TERMINAL_GENERAL_RESPONSE) or edition not in MESSAGES[answer].bodies:
        return None
    return answer
