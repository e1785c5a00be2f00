"""Live reports on the line: a small window of 0x0200 that wait for their 0x8001.

A report that finds no room, or that the platform could not take now, stays in the record log; the backfill
brings it. Nothing is allocated for a report: every slot has its frame buffer.
"""

from protocols.wire.header import BODY_LENGTH_MASK, HEADER_BYTES_2019, build_header
from protocols.wire.tables import MSG_POSITION_REPORT
from protocols.wire.writer import FrameWriter

from .record_log import BODY_BYTES_MAX
from .request import IDLE, TO_SEND, Request

FRAME_BYTES = 2 * (HEADER_BYTES_2019 + BODY_BYTES_MAX + 1) + 2  # every byte escaped
_ATTRIBUTES_AT = 2


class LiveReport(Request):
    """A request with its own frame buffer. sequence: of the record log. urgent: of a changed alarm."""

    __slots__ = ("sequence", "urgent", "writer")

    def __init__(self):
        Request.__init__(self)
        self.sequence = 0
        self.urgent = False
        self.writer = FrameWriter(FRAME_BYTES)


class Outbox:
    """`offer` a report, send what `next_to_send` gives, tell `answered`. in_flight: occupied slots."""

    __slots__ = ("_header", "_settings", "_slots", "in_flight")

    def __init__(self, settings):
        self._settings = settings
        self._header = build_header(MSG_POSITION_REPORT, 0, settings.phone_bytes(), 0)
        self._slots = [LiveReport() for _ in range(settings.window + 1)]  # the last free one is for alarms
        self.in_flight = 0

    def has_room(self, urgent=False):
        """Whether another report can go on the line."""
        return self.in_flight < len(self._slots) - (0 if urgent else 1)

    def offer(self, sequence, body, length, serial, urgent=False):
        """Makes the frame of body[:length]. `has_room` must have said yes."""
        for slot in self._slots:
            if slot.state == IDLE:
                break
        write_report(slot.writer, self._header, body, length, serial)
        slot.sequence = sequence
        slot.urgent = urgent
        slot.start(MSG_POSITION_REPORT, serial, None)
        self.in_flight += 1

    def next_to_send(self):
        """The oldest report that is to be sent, of those of alarms if there are any; None: none."""
        chosen = None
        for slot in self._slots:
            if slot.state == TO_SEND and (
                chosen is None
                or (slot.urgent and not chosen.urgent)
                or (slot.urgent == chosen.urgent and slot.sequence < chosen.sequence)
            ):
                chosen = slot
        return chosen

    def answered(self, message_id, serial):
        """The sequence that this answer is for, its slot freed; 0 when it is for none."""
        for slot in self._slots:
            if slot.answers(message_id, serial):
                slot.stop()
                self.in_flight -= 1
                return slot.sequence
        return 0

    def holds(self, sequence):
        """Whether this report is on the line."""
        for slot in self._slots:
            if slot.state != IDLE and slot.sequence == sequence:
                return True
        return False

    def late(self, now_ms):
        """Lets what waited too long be sent again. True when one has no retransmission left."""
        given_up = False
        for slot in self._slots:
            given_up = slot.late(self._settings, now_ms) or given_up
        return given_up

    def deadline_ms(self, deadline_ms):
        """The earlier of `deadline_ms` and the first end of a wait."""
        for slot in self._slots:
            if slot.state != IDLE and slot.deadline_ms < deadline_ms:
                deadline_ms = slot.deadline_ms
        return deadline_ms

    def clear(self):
        """The line is gone: all reports are in the log, none is on the line."""
        for slot in self._slots:
            slot.stop()
        self.in_flight = 0


def write_report(writer, header, body, length, serial):
    """A 0x0200 frame into `writer`: `header` was built for length 0 and serial 0."""
    begin_frame(writer, header, length, serial)
    writer.put_from(body, 0, length)
    writer.finish()


def begin_frame(writer, header, length, serial):
    """The header of a frame with that body length and serial; the body and `finish` are to follow."""
    writer.begin()
    writer.put_from(header, 0, _ATTRIBUTES_AT)
    attributes = header[_ATTRIBUTES_AT] << 8 | header[_ATTRIBUTES_AT + 1]
    writer.put_word(attributes | length & BODY_LENGTH_MASK)
    writer.put_from(header, _ATTRIBUTES_AT + 2, len(header) - _ATTRIBUTES_AT - 4)
    writer.put_word(serial)
