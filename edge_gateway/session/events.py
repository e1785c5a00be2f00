"""What a session asks of its shell, beside sending bytes."""

from collections.abc import Callable
from typing import NamedTuple

from ..journal import Origin, Report
from ..registry import Device


class Submission(NamedTuple):
    """Reports for the journal. `answers`: the frames to send once they are on the disk, and only then."""

    origin: Origin
    reports: list[Report]
    answers: bytes


class Authenticated(NamedTuple):
    """The code was right: the connection is this terminal's from now on; an older one is to be closed."""

    identity: str


class Left(NamedTuple):
    """The connection speaks for this terminal no longer."""

    identity: str


class Register(NamedTuple):
    """A 0x0100: ask the registry, then call `answer(result of 0x8100 or None when not written, code)`."""

    identity: str
    edition: int
    device: Device
    answer: Callable[[int | None, bytes], None]


class Deregister(NamedTuple):
    """A 0x0003: revoke, then call `answer(written)`."""

    identity: str
    answer: Callable[[bool], None]


class Close(NamedTuple):
    """Send what is to be sent, then close. `reason` is for the log and the counters."""

    reason: str


Event = Authenticated | Left | Register | Deregister | Close
