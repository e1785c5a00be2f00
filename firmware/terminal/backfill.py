"""Reports of the blind zone, oldest first, one batch outstanding, slower than live reports.

From 2013 on as 0x0704 kind 1. The 2011 edition has no such message: there, and where the platform refused a
batch, the reports go one by one as 0x0200, so that one bad report cannot hold up or drown the others.

The frame is written into a buffer that stays: half a kilobyte in one piece is hard to find in a heap that
has been in use for weeks.
"""

from protocols.wire.bodies import encode_body, knows
from protocols.wire.header import BODY_LENGTH_MAX, build_header
from protocols.wire.tables import MSG_POSITION_BATCH_UPLOAD, MSG_POSITION_REPORT, RESULT_FAILED
from protocols.wire.writer import FrameWriter

from .outbox import FRAME_BYTES, begin_frame, write_report
from .record_log import BODY_BYTES_MAX
from .request import IDLE, Request

KIND_BLIND_ZONE = 1
LENGTH_BYTES = 2  # before each report of a batch
USUAL_BYTES = 44  # of a report with the items of today and its length; longer ones make smaller batches
FRAME_OVERHEAD = 48  # header, check, delimiters, all escaped
RETRY_FIRST_MS = 5000  # pause after "failed" (the platform's journal is full); doubles
RETRY_MAX_MS = 120000


class Backfill:
    """`look` for work, send `request` when it is to be sent, tell `answered`.

    refused: reports that the platform called bad or not supported when they came alone. They are set aside:
    counted, no longer held, and never sent again.
    """

    __slots__ = (
        "_batch_header",
        "_batches",
        "_buffer",
        "_head",
        "_log",
        "_next_ms",
        "_outbox",
        "_retry_ms",
        "_settings",
        "_single_header",
        "_singles_until",
        "refused",
        "request",
        "sequences",
        "writer",
    )

    def __init__(self, settings, log, outbox):
        self._settings = settings
        self._log = log
        self._outbox = outbox
        phone = settings.phone_bytes()
        self._single_header = build_header(MSG_POSITION_REPORT, 0, phone, 0)
        self._batches = knows(MSG_POSITION_BATCH_UPLOAD, settings.edition)
        self._head = b""
        if self._batches:
            nothing = {"count": 0, "kind": KIND_BLIND_ZONE, "reports": [], "trailing": b""}
            self._head = encode_body(MSG_POSITION_BATCH_UPLOAD, settings.edition, nothing)
        self._batch_header = build_header(MSG_POSITION_BATCH_UPLOAD, 0, phone, 0)
        size = FRAME_OVERHEAD + 2 * settings.backfill_batch * USUAL_BYTES
        self.writer = FrameWriter(max(size, FRAME_BYTES))
        self._buffer = bytearray(BODY_BYTES_MAX)
        self._next_ms = 0
        self._retry_ms = RETRY_FIRST_MS
        self._singles_until = 0
        self.refused = 0
        self.request = Request()
        self.sequences = []

    def begin(self, now_ms):
        """The line is there: live reports go first, the backlog after one gap."""
        self._next_ms = now_ms + self._settings.backfill_gap_ms

    def has_work(self):
        """Whether the log holds reports that are not on the line."""
        return self._log.held > self._outbox.in_flight + len(self.sequences)

    def look(self, session, now_ms):
        """Puts the next batch together when it is time; `session` numbers it."""
        if self.request.state != IDLE or now_ms < self._next_ms or not self.has_work():
            return
        length = self._collect()
        if not self.sequences:
            return
        serial = session.next_serial()
        if self._one_by_one(self.sequences[0]):
            self._log.read(self.sequences[0], self._buffer)
            write_report(self.writer, self._single_header, self._buffer, length, serial)
            self.request.start(MSG_POSITION_REPORT, serial, None)
        else:
            self._write_batch(len(self._head) + length, serial)
            self.request.start(MSG_POSITION_BATCH_UPLOAD, serial, None)

    def answers(self, message_id, serial):
        """Whether this answer is for what is outstanding here."""
        return self.request.answers(message_id, serial)

    def accepted(self, now_ms):
        """Result 0: gives the sequences that are acknowledged by it."""
        sequences = self._finish(now_ms)
        self._retry_ms = RETRY_FIRST_MS
        return sequences

    def declined(self, result, now_ms):
        """Another result: gives the sequences that are refused for good."""
        sequences = self._finish(now_ms)
        if result == RESULT_FAILED:
            self.postpone(now_ms)
            return []
        if len(sequences) > 1 or not self._one_by_one(sequences[0]):
            self._singles_until = sequences[-1]
            return []
        return sequences

    def postpone(self, now_ms):
        """The platform cannot take reports now: pause, longer each time."""
        self._next_ms = now_ms + self._retry_ms
        self._retry_ms = min(self._retry_ms * 2, RETRY_MAX_MS)

    def deadline_ms(self, deadline_ms):
        """The earlier of `deadline_ms` and the time of the next step here."""
        if self.request.state != IDLE:
            return min(deadline_ms, self.request.deadline_ms)
        return min(deadline_ms, self._next_ms) if self.has_work() else deadline_ms

    def clear(self):
        """The line is gone; the reports stay in the log."""
        self.request.stop()
        self.sequences = []

    def _finish(self, now_ms):
        sequences = self.sequences
        single = self.request.message_id == MSG_POSITION_REPORT
        self.clear()
        gap_ms = self._settings.backfill_gap_ms
        # One by one at the same number of reports a second as in batches.
        self._next_ms = now_ms + (gap_ms // self._settings.backfill_batch if single else gap_ms)
        return sequences

    def _one_by_one(self, sequence):
        return not self._batches or sequence <= self._singles_until

    def _collect(self):
        """Chooses the oldest reports that are not on the line; gives the bytes that they take in the body."""
        total = 0
        sequence = self._log.next_held(0)
        while sequence and len(self.sequences) < self._settings.backfill_batch:
            if not self._outbox.holds(sequence):
                length = self._log.read(sequence, self._buffer)
                if not length:
                    self._log.discard_damaged(sequence)
                elif self._one_by_one(sequence):
                    if not self.sequences:
                        self.sequences.append(sequence)
                        total = length
                    break
                elif not self._fits(total + LENGTH_BYTES + length):
                    break
                else:
                    self.sequences.append(sequence)
                    total += LENGTH_BYTES + length
            sequence = self._log.next_held(sequence + 1)
        return total

    def _fits(self, length):
        """Whether so many bytes fit the body, and its frame the buffer even when every byte is escaped."""
        length += len(self._head)
        return length <= BODY_LENGTH_MAX and 2 * length + FRAME_OVERHEAD <= len(self.writer.buffer)

    def _write_batch(self, length, serial):
        writer = self.writer
        begin_frame(writer, self._batch_header, length, serial)
        writer.put_word(len(self.sequences))  # `count` comes first, and `_head` was made for none
        writer.put_from(self._head, LENGTH_BYTES, len(self._head) - LENGTH_BYTES)
        for sequence in self.sequences:
            size = self._log.read(sequence, self._buffer)
            writer.put_word(size)
            writer.put_from(self._buffer, 0, size)
        writer.finish()
