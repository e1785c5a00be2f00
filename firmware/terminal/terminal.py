"""The terminal in one object: GNSS bytes, line bytes, ignition and `now_ms` in; bytes and deadlines out.

Joins the cores and holds no rule of its own beyond their order: a report counts as emitted when it is on
flash, goes live when the line is there, and is let go when the platform acknowledged it.
"""

from protocols.wire.framing import FrameSplitter
from protocols.wire.tables import (
    MSG_TERMINAL_AUTHENTICATION,
    RESULT_BAD_MESSAGE,
    RESULT_FAILED,
    RESULT_UNSUPPORTED,
    STATUS_ACC_ON,
    STATUS_FIXED,
)

from . import downlink, session_table
from .backfill import Backfill
from .clock import DeviceClock
from .nmea import NmeaParser
from .odometer import Odometer
from .outbox import Outbox
from .position import PositionBody
from .reporter import NOT_DUE, Reporter
from .request import TO_SEND
from .session import Session

STALE_MS = 2000  # a receiver silent for so long has no fix
QUIET_MS = 300  # the sentences of an epoch come in one go: after so long a pause none of them is missing
LOOK_MS = 1000  # between two looks at the clock while the receiver is silent
CHECKPOINT_MS = 30000  # acknowledgements reach the flash at least so often
NOT_ACCEPTED = (RESULT_FAILED, RESULT_BAD_MESSAGE, RESULT_UNSUPPORTED)


class Terminal:
    """`now_ms` never goes back; every method may be called at any time, and none blocks.

    nmea, clock, session, log: the cores, for reading. emitted: reports that became durable since the start.
    acknowledged: those the platform took. unsupported, bad_messages: downlink messages answered 3 and 2.
    on_report(sequence, body, length), on_acknowledged(sequence), on_refused(sequence): observers, None at
    first; they must not keep `body`.
    """

    __slots__ = (
        "_backfill",
        "_body",
        "_checkpoint_ms",
        "_epoch_ms",
        "_heard_ms",
        "_look_ms",
        "_now_ms",
        "_outbox",
        "_reporter",
        "_splitter",
        "_status",
        "acknowledged",
        "alarm_high",
        "alarm_low",
        "bad_messages",
        "clock",
        "emitted",
        "log",
        "nmea",
        "odometer",
        "on_acknowledged",
        "on_refused",
        "on_report",
        "session",
        "settings",
        "signal",
        "unsupported",
    )

    def __init__(self, settings, log, random16):
        """settings: Settings. log: RecordLog or alike. random16(): 0…65535, for the spread of reconnects."""
        self.settings = settings
        self.log = log
        self.nmea = NmeaParser()
        self.clock = DeviceClock()
        self.session = Session(settings, random16)
        self.odometer = Odometer(settings.store)
        self.signal = settings.signal
        self.emitted = self.acknowledged = self.unsupported = self.bad_messages = 0
        self.alarm_high = self.alarm_low = 0
        self.on_report = self.on_acknowledged = self.on_refused = None
        self._reporter = Reporter(settings)
        self._outbox = Outbox(settings)
        self._backfill = Backfill(settings, log, self._outbox)
        self._splitter = None
        self._body = PositionBody()
        self._status = 1 << STATUS_ACC_ON
        self._epoch_ms = self._heard_ms = self._look_ms = self._checkpoint_ms = self._now_ms = 0
        self._resume()

    @property
    def state(self):
        """The state of the session: a name of session_table."""
        return self.session.state

    @property
    def held(self):
        """Reports on flash that the platform has not acknowledged."""
        return self.log.held

    @property
    def refused(self):
        """Reports that the platform called bad or not supported; set aside, never sent again."""
        return self._backfill.refused

    def feed_gnss(self, buffer, count, now_ms):
        """buffer[:count] came from the GNSS receiver. Raises nothing, whatever the bytes."""
        self._now_ms = now_ms
        if count:
            self._heard_ms = now_ms
        at = 0
        while at < count:
            at = self.nmea.feed(buffer, at, count)
            if self.nmea.epoch:
                self._epoch(now_ms)

    def set_ignition(self, on, now_ms):
        """The ignition was switched; reported at once."""
        self.set_status(STATUS_ACC_ON, on, now_ms)
        if not on:
            self.odometer.save()

    def set_status(self, bit, on, now_ms):
        """Sets a status bit of JT/T 808 (fix and hemisphere follow the fix); a change is reported."""
        self._now_ms = now_ms
        self._status = self._status | 1 << bit if on else self._status & ~(1 << bit)
        self._report_when_due(now_ms)

    def set_alarm(self, bit, on, now_ms):
        """Sets an alarm bit of JT/T 808, 0…31; a change is reported."""
        self._now_ms = now_ms
        if bit >= 16:
            mask = 1 << bit - 16
            self.alarm_high = self.alarm_high | mask if on else self.alarm_high & ~mask
        else:
            self.alarm_low = self.alarm_low | 1 << bit if on else self.alarm_low & ~(1 << bit)
        self._report_when_due(now_ms)

    def wants_link(self):
        """(host, port) that the board is to connect to now, None when it is to do nothing."""
        return self.session.wants_link()

    def wants_close(self):
        """Whether the board is to close the link; then tell `link_closed`."""
        return self.session.state == session_table.CLOSING

    def link_opened(self, now_ms):
        """The link that `wants_link` asked for is there."""
        self._now_ms = now_ms
        self._splitter = FrameSplitter(0)  # nobody here looks at what was refused, and it holds kilobytes
        self.session.link_opened()

    def link_closed(self, now_ms):
        """The link is gone, or could not be had. What was on the line is in the log."""
        self._now_ms = now_ms
        self._outbox.clear()
        self._backfill.clear()
        self.session.link_closed(now_ms)

    def receive(self, data, now_ms):
        """Bytes from the platform, cut anywhere. Raises nothing for a fault of the platform."""
        self._now_ms = now_ms
        if self.session.state in (session_table.WAITING, session_table.CONNECTING):
            return
        for payload in self._splitter.receive(data):
            downlink.handle(self, payload, now_ms)

    def tick(self, now_ms):
        """To be called at `next_deadline_ms` and as often as one likes."""
        self._now_ms = now_ms
        if self.nmea.waiting and now_ms - self._heard_ms >= QUIET_MS:
            self.nmea.close_epoch()
            self._epoch(self._heard_ms)
        if now_ms >= self._look_ms:
            self._look(now_ms)
        self.session.tick(now_ms)
        if self.session.state == session_table.ONLINE:
            late = self._outbox.late(now_ms)
            late = self._backfill.request.late(self.settings, now_ms) or late
            if late:
                self.session.give_up()
            else:
                self._backfill.look(self.session, now_ms)
        if now_ms - self._checkpoint_ms >= CHECKPOINT_MS:
            self._checkpoint_ms = now_ms
            self.log.checkpoint()

    def data_to_send(self):
        """The next bytes for the line, None when there are none: the session's, live reports, the backlog."""
        state = self.session.state
        if state in (session_table.WAITING, session_table.CONNECTING, session_table.CLOSING):
            return None
        data = self.session.data_to_send(self._now_ms)
        if data is None and state == session_table.ONLINE:
            data = self._report_to_send()
        if data is not None:
            self.session.last_sent_ms = self._now_ms
        return data

    def next_deadline_ms(self):
        """When `tick` has something to do, at the latest."""
        deadline_ms = min(self._look_ms, self._checkpoint_ms + CHECKPOINT_MS)
        deadline_ms = self.session.deadline_ms(deadline_ms)
        if self.nmea.waiting:
            deadline_ms = min(deadline_ms, self._heard_ms + QUIET_MS)
        if self.session.state == session_table.ONLINE:
            deadline_ms = self._backfill.deadline_ms(self._outbox.deadline_ms(deadline_ms))
        return deadline_ms

    def answered(self, message_id, serial, result, now_ms):
        """0x8001 names this message and serial (called by downlink)."""
        if self.session.answered(message_id, serial, result, now_ms):
            if message_id == MSG_TERMINAL_AUTHENTICATION:
                self._backfill.begin(now_ms)
            return
        if self._backfill.answers(message_id, serial):
            self._batch_answered(result, now_ms)
            return
        sequence = self._outbox.answered(message_id, serial)
        if not sequence:
            return
        if result not in NOT_ACCEPTED:
            self._acknowledge(sequence)
        elif result == RESULT_FAILED:
            self._backfill.postpone(now_ms)
        else:
            self._refuse(sequence)

    def report_for_query(self, now_ms):
        """The body (bytes) for an answer to 0x8201, b"" while there is no time yet (called by downlink)."""
        self._reporter.query = True
        self._report_when_due(now_ms)
        return bytes(self._body.buffer[: self._body.length])

    def track(self, interval_s, validity_s, now_ms):
        """0x8202 (called by downlink)."""
        self._reporter.track(interval_s, validity_s, now_ms)

    def _resume(self):
        """Learns from the last record on flash which second is used up, so that no report comes twice."""
        last = self.log.next_sequence - 1
        length = self.log.read(last, self._body.buffer)
        if length:
            day, second = self._body.time()
            if day >= 0:
                self._body.length = length
                self._reporter.resume(day, second)

    def _epoch(self, now_ms):
        fix = self.nmea.fix
        self._epoch_ms = now_ms
        self._look_ms = now_ms + STALE_MS
        if fix.valid:
            if fix.day >= 0:
                self.clock.set(fix.day, fix.second, fix.millisecond, now_ms)
            self.odometer.add(fix.speed_dkmh, now_ms)
        else:
            self.odometer.interrupt()
        self._report_when_due(now_ms)

    def _look(self, now_ms):
        """The receiver is silent: time goes on without it."""
        self._look_ms = now_ms + LOOK_MS
        if now_ms - self._epoch_ms >= STALE_MS:
            self.nmea.fix.valid = False
            self.odometer.interrupt()
            self._report_when_due(now_ms)

    def _report_when_due(self, now_ms):
        if not self.clock.known:
            return
        fix = self.nmea.fix
        if fix.valid and fix.day >= 0:
            day = fix.day  # a report of a fix bears the time of the fix, not that of the decision
            second = fix.second
        else:
            self.clock.read(now_ms)
            day = self.clock.day
            second = self.clock.second
        status = self._status | 1 << STATUS_FIXED if fix.valid else self._status
        interval_s = self._reporter.interval_s(self._status & 1 << STATUS_ACC_ON, now_ms)
        if (
            self._reporter.due(fix, status, self.alarm_high, self.alarm_low, day, second, interval_s)
            == NOT_DUE
        ):
            return
        if self._report(fix, day, second):
            self._reporter.reported(fix, status, self.alarm_high, self.alarm_low, day, second)

    def _report(self, fix, day, second):
        """Makes a report durable, then puts it on the line if there is one. False: the flash refused."""
        body = self._body
        length = body.write(
            fix,
            fix.valid,
            self._status,
            self.alarm_high,
            self.alarm_low,
            day,
            second,
            self.odometer.metres,
            self.signal,
        )
        sequence = self.log.append(body.buffer, length)
        if not sequence:
            return False
        self.emitted += 1
        if self.on_report is not None:
            self.on_report(sequence, body.buffer, length)
        if self.session.state == session_table.ONLINE and self._outbox.has_room():
            self._outbox.offer(sequence, body.buffer, length, self.session.next_serial())
        return True

    def _report_to_send(self):
        slot = self._outbox.next_to_send()
        if slot is not None:
            slot.take(self.settings, self._now_ms)
            return frame_of(slot.writer)
        if self._backfill.request.state == TO_SEND:
            self._backfill.request.take(self.settings, self._now_ms)
            return frame_of(self._backfill.writer)
        return None

    def _batch_answered(self, result, now_ms):
        if result not in NOT_ACCEPTED:
            for sequence in self._backfill.accepted(now_ms):
                self._acknowledge(sequence)
        else:
            for sequence in self._backfill.declined(result, now_ms):
                self._refuse(sequence)

    def _acknowledge(self, sequence):
        """Told before it is forgotten: a cut in between then tells it twice, and never not at all."""
        if self.log.is_held(sequence):
            self.acknowledged += 1
            if self.on_acknowledged is not None:
                self.on_acknowledged(sequence)
            self.log.acknowledge(sequence)

    def _refuse(self, sequence):
        if self.log.is_held(sequence):
            self._backfill.refused += 1
            if self.on_refused is not None:
                self.on_refused(sequence)
            self.log.acknowledge(sequence)


def frame_of(writer):
    """A copy: the buffer may be in use again before the line has taken all of it."""
    return bytes(memoryview(writer.buffer)[: writer.length])
