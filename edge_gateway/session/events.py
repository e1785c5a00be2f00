"""What a session asks of its shell, beside sending bytes."""

from collections.abc import Callable
from typing import NamedTuple

from ..journal import Origin, Report, unpack_reports
from ..registry import Device


class Submission(NamedTuple):
    """`reports_count` reports for the journal, packed as it takes them. `answers`: the frames to send once
    they are on the disk, and only then."""

    origin: Origin
    packed: bytes
    reports_count: int
    answers: bytes

    @property
    def reports(self) -> list[Report]:
        """The same, taken apart."""
        return unpack_reports(self.packed)


class Authenticated(NamedTuple):
    """The code was right: the connection is this terminal's from now on; an older one is to be closed.

    edition: 2011, 2013 or 2019, in which bodies for it are to be written.
    """

    identity: str
    edition: int


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


class Answered(NamedTuple):
    """A 0x0001: the terminal's general response to our message of this id and serial. result: 0 done,
    1 failed, 2 bad message, 3 not supported."""

    message_id: int
    serial: int
    result: int


class Uplink(NamedTuple):
    """A message that may answer a command, whole and in the clear; it is on its way to the journal too.

    reply_serial: of the command that it answers, None when the message does not say. edition: by which its
    body is to be read.
    """

    message_id: int
    reply_serial: int | None
    body: bytes
    edition: int


class EditionSeen(NamedTuple):
    """What the terminal sends fits this edition only (2011 or 2013): to be remembered."""

    identity: str
    edition: int


class StoreMedia(NamedTuple):
    """A whole 0x0801: store it, then call `answer(stored)`, which makes the 0x8800.

    media_id, type, format, event, channel: as the body says. position: its 28 bytes, b"" in 2011. data: the
    picture, sound or film.
    """

    identity: str
    edition: int
    media_id: int
    type: int
    format: int
    event: int
    channel: int
    position: bytes
    data: bytes
    answer: Callable[[bool], None]


class Close(NamedTuple):
    """Send what is to be sent, then close. `reason` is for the log and the counters."""

    reason: str


Event = Authenticated | Left | Register | Deregister | Answered | Uplink | EditionSeen | StoreMedia | Close
