"""What of a terminal's words goes to the journal: reports with the answers that are held back for them.

An intake has an origin while its terminal is authenticated, and takes nothing without one.
"""

from sys import intern

from protocols.jt808 import fast
from protocols.monitoring.batch import BODY_BYTES_MAX, MESSAGE_BYTES_MAX
from protocols.monitoring.records import BACKFILL, BATCHED, LIVE, MESSAGE, REPLY, pack_message
from protocols.wire.bcd import identity_of
from protocols.wire.errors import LocalProtocolError, RemoteProtocolError
from protocols.wire.header import EDITION_2019, Header
from protocols.wire.tables import MSG_POSITION_REPORT, POSITION_BYTES, RESULT_OK

from ..journal import Origin, Report, pack_reports
from ..journal.journal import SUBMISSION_MAX
from ..journal.packed import first_serial_of
from ..registry import edition_of_layout
from .answers import Speaker
from .events import Submission
from .lane import Lane, lane_for
from .packages import Received

_PACKED_BYTES = 64 * 1024  # of one submission, before the next one begins
_MESSAGE_BYTES = len(pack_message(0, b"")) + MESSAGE_BYTES_MAX
_REPLY_SERIAL_BYTES = 2  # of 0x0201, before the position


class TooLong(Exception):
    """A message that no batch could carry: what is acknowledged must be deliverable."""


class Intake:
    """Reports collected since the last `submissions`. `origin`: of the authenticated terminal, or None.

    phone: its phone field as on the wire. edition_key: under which its frames are counted.
    """

    __slots__ = (
        "_answers",
        "_packed",
        "_submissions",
        "count",
        "edition_key",
        "lane",
        "origin",
        "phone",
        "speaker",
    )

    def __init__(self, speaker: Speaker) -> None:
        self.origin: Origin | None = None
        self.phone = b""
        self.edition_key = ""
        self.speaker = speaker
        self.lane: Lane | None = None
        self._packed = b""  # `count` reports, as journal.packed has them
        self.count = 0
        self._answers = b""  # to them, to be sent once they are on the disk
        self._submissions: list[Submission] | None = None

    def adopt(self, header: Header, edition: int) -> None:
        """From here on reports are this terminal's, under the phone field of this header."""
        self._end_submission()
        self.origin = Origin(header.phone.hex(), edition, header.version)
        self.phone = header.phone
        self.edition_key = intern(f"edition_{edition}")
        self.lane = lane_for(header)

    def forget(self) -> None:
        """Nobody is authenticated any longer; what was taken stays taken."""
        self._end_submission()
        self.origin = self.lane = None
        self.phone = b""

    def speaks_for(self, header: Header, forced_edition: int | None = None) -> bool:
        """Whether the frame is the authenticated terminal's.

        The same number in the other header's width, or under another version byte, is the same terminal:
        its layout is adopted. `forced_edition`: that of its profile, whatever the header looks like.
        """
        if self.origin is None:
            return False
        if header.phone == self.phone and header.version == self.origin.version:
            return True
        if identity_of(header.phone.hex()) != self.origin.identity:
            return False
        edition = edition_of_layout(self.origin.edition, header.edition == EDITION_2019)
        self.adopt(header, forced_edition or edition)
        return True

    def take_plain(self, data: bytes, at: int) -> tuple[int, int, int]:
        """Takes whole plain position reports from `at` on by the fast lane, where a frame may begin.

        Gives where it stopped, how many there were, and the serial of the first.
        """
        if self.lane is None:
            return at, 0, 0
        speaker = self.speaker
        at, count, packed, answers = self.lane.take(data, at, speaker.serial)
        if count:
            speaker.serial = speaker.serial + count & 0xFFFF
            self.count += count
            self._packed += packed
            self._answers += answers
        return at, count, first_serial_of(packed) if count else 0

    def position(self, received: Received) -> None:
        """A 0x0200. Raises RemoteProtocolError when it is too short to be a position."""
        _check_position(received.body)
        self._take(received, [(received.first_serial, LIVE, received.body)])

    def batch(self, received: Received) -> None:
        """A 0x0704: all of it or, by RemoteProtocolError, nothing."""
        kind, bodies = fast.split_position_batch(received.body)
        record_kind = BACKFILL if kind else BATCHED
        self._take(received, [(received.first_serial, record_kind, position) for position in bodies])

    def query_response(self, received: Received) -> None:
        """A 0x0201. It is an answer itself: nothing is said to it (unverified: JT/T 808-2013 §8.19).

        The serial of the question is not kept in the record, which is named by its position alone.
        """
        position = received.body[_REPLY_SERIAL_BYTES:]
        _check_position(position)
        self._take(received, [(received.first_serial, REPLY, position)], answered=False)

    def message(self, received: Received, answered: bool) -> None:
        """Any other message, kept with its id. `answered`: by a general response, after the commit."""
        packed = pack_message(received.header.message_id, received.body)
        self._take(received, [(received.first_serial, MESSAGE, packed)], answered)

    def submissions(self) -> list[Submission]:
        """What was collected, in order; forgotten here once taken."""
        self._end_submission()
        taken = self._submissions
        self._submissions = None
        return taken or []

    def _take(self, received: Received, reports: list[Report], answered: bool = True) -> None:
        longest = _MESSAGE_BYTES if reports and reports[0][1] == MESSAGE else BODY_BYTES_MAX
        if len(reports) > SUBMISSION_MAX or any(len(body) > longest for _, _, body in reports):
            raise TooLong
        # What grows by adding to it costs the square of its length, and the journal takes so many at once.
        if len(self._packed) > _PACKED_BYTES or self.count + len(reports) > SUBMISSION_MAX:
            self._end_submission()
        self._packed += pack_reports(reports)
        self.count += len(reports)
        if answered:
            self._answers += self.speaker.generals(received.header, RESULT_OK, received.serials)

    def _end_submission(self) -> None:
        if self.count:
            if self.origin is None:
                raise LocalProtocolError("reports were taken from nobody")
            taken = Submission(self.origin, self._packed, self.count, self._answers)
            if self._submissions is None:
                self._submissions = []
            self._submissions.append(taken)
            self._packed, self.count, self._answers = b"", 0, b""


def _check_position(body: bytes) -> None:
    if len(body) < POSITION_BYTES:
        raise RemoteProtocolError(
            f"{len(body)} bytes are no position", MSG_POSITION_REPORT, "body", len(body)
        )
