"""What of a terminal's words goes to the journal: reports with the answers that are held back for them.

An intake has an origin while its terminal is authenticated, and takes nothing without one.
"""

from protocols.jt808 import fast
from protocols.monitoring.records import BACKFILL, BATCHED, LIVE, REPLY
from protocols.wire.bcd import identity_of
from protocols.wire.errors import LocalProtocolError, RemoteProtocolError
from protocols.wire.header import EDITION_2019, Header
from protocols.wire.tables import MSG_POSITION_REPORT, POSITION_BYTES, RESULT_OK

from ..journal import Origin, Report
from ..registry import edition_of_layout
from .answers import Speaker
from .events import Submission
from .lane import ReportLane

_REPLY_SERIAL_BYTES = 2  # of 0x0201, before the position


class Intake:
    """Reports collected since the last `submissions`. `origin`: of the authenticated terminal, or None."""

    __slots__ = ("_answers", "_lane", "_phone", "_reports", "_speaker", "_submissions", "origin")

    def __init__(self, speaker: Speaker) -> None:
        self.origin: Origin | None = None
        self._speaker = speaker
        self._lane: ReportLane | None = None
        self._phone = b""
        self._reports: list[Report] = []
        self._answers = b""  # to `_reports`, to be sent once they are on the disk
        self._submissions: list[Submission] = []

    def adopt(self, header: Header, edition: int) -> None:
        """From here on reports are this terminal's, under the phone field of this header."""
        self._end_submission()
        self.origin = Origin(header.phone.hex(), edition, header.version)
        self._phone = header.phone
        self._lane = ReportLane(header)

    def forget(self) -> None:
        """Nobody is authenticated any longer; what was taken stays taken."""
        self._end_submission()
        self.origin = self._lane = None
        self._phone = b""

    def speaks_for(self, header: Header) -> bool:
        """Whether the frame is the authenticated terminal's.

        The same number in the other header's width, or under another version byte, is the same terminal:
        its layout is adopted.
        """
        if self.origin is None:
            return False
        if header.phone == self._phone and header.version == self.origin.version:
            return True
        if identity_of(header.phone.hex()) != self.origin.identity:
            return False
        self.adopt(header, edition_of_layout(self.origin.edition, header.edition == EDITION_2019))
        return True

    def take_plain(self, candidates: list[bytes], at: int) -> int:
        """Takes plain position reports from `at` on by the fast lane; gives where it stopped."""
        if self._lane is None:
            return at
        speaker = self._speaker
        at, speaker.serial, answers = self._lane.take(candidates, at, speaker.serial, self._reports)
        self._answers += answers
        return at

    def position(self, header: Header, body: bytes) -> None:
        """A 0x0200. Raises RemoteProtocolError when it is too short to be a position."""
        _check_position(body)
        self._take(header, [(header.serial, LIVE, body)])

    def batch(self, header: Header, body: bytes) -> None:
        """A 0x0704: all of it or, by RemoteProtocolError, nothing."""
        kind, bodies = fast.split_position_batch(body)
        record_kind = BACKFILL if kind else BATCHED
        self._take(header, [(header.serial, record_kind, position) for position in bodies])

    def query_response(self, header: Header, body: bytes) -> None:
        """A 0x0201. It is an answer itself: nothing is said to it (unverified: JT/T 808-2013 §8.19)."""
        position = body[_REPLY_SERIAL_BYTES:]
        _check_position(position)
        self._reports.append((header.serial, REPLY, position))

    def submissions(self) -> list[Submission]:
        """What was collected, in order; forgotten here once taken."""
        self._end_submission()
        taken = self._submissions
        if taken:
            self._submissions = []
        return taken

    def _take(self, header: Header, reports: list[Report]) -> None:
        self._reports += reports
        self._answers += self._speaker.general(header, RESULT_OK)

    def _end_submission(self) -> None:
        reports = self._reports
        if reports:
            if self.origin is None:
                raise LocalProtocolError("reports were taken from nobody")
            self._submissions.append(Submission(self.origin, reports, self._answers))
            self._reports, self._answers = [], b""


def _check_position(body: bytes) -> None:
    if len(body) < POSITION_BYTES:
        raise RemoteProtocolError(
            f"{len(body)} bytes are no position", MSG_POSITION_REPORT, "body", len(body)
        )
