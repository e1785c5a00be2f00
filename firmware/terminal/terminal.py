"""The terminal in one object: GNSS bytes, line bytes, ignition and `now_ms` in; bytes and deadlines out.

Joins the cores and holds no rule of its own beyond their order: a report counts as emitted when it is on
flash, goes live when the line is there, and is let go when the platform acknowledged it.
"""

from protocols.wire.framing import FrameSplitter
from protocols.wire.header import EDITION_2019
from protocols.wire.pages.ids import (
    MSG_SERVER_TIME_QUERY,
    PARAMETER_ALARM_CAMERA_SWITCH,
    PARAMETER_DISTANCE_PHOTOS,
    PARAMETER_TIMED_PHOTOS,
)
from protocols.wire.tables import (
    ALARM_EMERGENCY,
    MSG_TERMINAL_AUTHENTICATION,
    RESULT_BAD_MESSAGE,
    RESULT_FAILED,
    RESULT_UNSUPPORTED,
    STATUS_ACC_ON,
    STATUS_FIXED,
)

from . import downlink, pages, session_table
from .backfill import Backfill
from .clock import DeviceClock
from .health import Health
from .mail import Mail
from .nmea import NmeaParser
from .odometer import Odometer
from .outbox import Outbox
from .parameters import Parameters
from .position import PositionBody
from .reporter import MODE_ASLEEP, MODE_DEFAULT, MODE_EMERGENCY, MODE_NO_DRIVER, NOT_DUE, Reporter
from .request import TO_SEND
from .session import Session

STALE_MS = 2000  # a receiver silent for so long has no fix
QUIET_MS = 300  # the sentences of an epoch come in one go: after so long a pause none of them is missing
LOOK_MS = 1000  # between two looks at the clock while the receiver is silent
CHECKPOINT_MS = 30000  # acknowledgements reach the flash at least so often
ROLLOVER_DAYS = 1024 * 7  # the weeks of GPS begin anew then, and an old receiver does not know it
ANSWER_MS = 1500  # until the answer to an order is on the line and the order may be carried out
LATER_MS = 5000  # after a piece of rare work for which the heap did not suffice
RECONNECT = -1  # an action of our own, beside those of `actions`
INPUT_IGNITION = 0  # of vehicle.inputs
NOT_ACCEPTED = (RESULT_FAILED, RESULT_BAD_MESSAGE, RESULT_UNSUPPORTED)


class Terminal:
    """`now_ms` never goes back; every method may be called at any time, and none blocks.

    nmea, clock, session, log: the cores, for reading. emitted: reports that became durable since the start.
    acknowledged: those the platform took. unsupported, bad_messages: downlink messages answered 3 and 2.
    on_report(sequence, body, length), on_acknowledged(sequence), on_refused(sequence): observers, None at
    first; they must not keep `body`. on_passthrough(type, content): takes 0x8900 that no page knows, gives
    True when it did; None at first.
    volatile: reports that the flash refused and that went from RAM; not in `emitted`.
    parameters, mail, health: see there. vehicle: None, or what senses more than the satellites (see
    vehicle). view: None, or what the screen shows. board: None, or what has `act` (see actions)
    and may have `camera` (see pages.media). media: pictures that are under way.
    """

    __slots__ = (
        "_actions",
        "_answered_ms",
        "_asked_time",
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
        "assembly",
        "bad_messages",
        "board",
        "clock",
        "emitted",
        "health",
        "log",
        "mail",
        "media",
        "nmea",
        "odometer",
        "on_acknowledged",
        "on_passthrough",
        "on_refused",
        "on_report",
        "parameters",
        "refused_actions",
        "session",
        "settings",
        "signal",
        "unsupported",
        "upgrade",
        "vehicle",
        "view",
        "volatile",
    )

    def __init__(self, settings, log, random16, board=None):
        """settings: Settings. log: RecordLog or alike. random16(): 0…65535, for the spread of reconnects.

        board: see actions.
        """
        self.settings = settings
        self.log = log
        self.nmea = NmeaParser()
        self.clock = DeviceClock()
        self.session = Session(settings, random16)
        self.odometer = Odometer(settings.store)
        self.signal = settings.signal
        self.emitted = self.acknowledged = self.unsupported = self.bad_messages = 0
        self.refused_actions = self.volatile = 0
        self.health = Health()
        self.alarm_high = self.alarm_low = 0
        self.on_report = self.on_acknowledged = self.on_refused = self.on_passthrough = None
        self.board = board
        self.vehicle = self.view = None
        self.upgrade = None  # one that is under way (page "upgrade")
        self._answered_ms = 0
        self._asked_time = False
        self._actions = []  # what is to be done when the answer is out: (when, action, value)
        self._reporter = Reporter(settings)
        self._outbox = Outbox(settings)
        self._backfill = Backfill(settings, log, self._outbox)
        files = settings.store.files if settings.store is not None else None
        self.mail = Mail(settings, files, self.session)
        self.media = None  # pictures to be taken or uploaded (page "media")
        self.assembly = None  # a downlink message that comes in packages (page "packages")
        self._splitter = None
        self._body = PositionBody()
        self._status = 1 << STATUS_ACC_ON
        self._epoch_ms = self._heard_ms = self._look_ms = self._checkpoint_ms = self._now_ms = 0
        self.parameters = Parameters()
        self.parameters.load(self)
        self._resume()

    @property
    def state(self):
        """The state of the session: a name of session_table."""
        return self.session.state

    @property
    def online(self):
        """Whether the platform has accepted the terminal on the link that is there."""
        return self.session.state == session_table.ONLINE

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
        if self.vehicle is not None:
            self.vehicle.on_input(INPUT_IGNITION, 1 if on else 0, now_ms)
        self.set_status(STATUS_ACC_ON, on, now_ms)
        if on:
            self.session.held = False
        else:
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

    def on_input(self, kind, value, now_ms):
        """What the board senses: a kind of `vehicle.inputs` and its value; a change may be reported."""
        self._now_ms = now_ms
        if kind == INPUT_IGNITION:
            self.set_ignition(bool(value), now_ms)
        elif self.vehicle is not None:
            self.vehicle.on_input(kind, value, now_ms)
            self._report_when_due(now_ms)

    def attach_vehicle(self, vehicle):
        """Gives the terminal its senses; `vehicle` hears of changed parameters."""
        self.vehicle = vehicle
        self.parameters.listeners.append(vehicle.apply_parameters)

    def act(self, action, value=0):
        """Asks the board for an action; False when it does not offer it."""
        return self.board is not None and self.board.act(action, value)

    def act_later(self, action, value, now_ms):
        """As `act`, when what is to be answered now is on the line."""
        self._actions.append((now_ms + ANSWER_MS, action, value))

    def reconnect_later(self, now_ms):
        """The session is to end and to begin anew, when what is to be answered now is on the line."""
        if self.session.state == session_table.ONLINE:
            self._actions.append((now_ms + ANSWER_MS, RECONNECT, 0))

    def wants_link(self):
        """(host, port) that the board is to connect to now, None when it is to do nothing."""
        return self.session.wants_link()

    def wants_close(self):
        """Whether the board is to close the link; then tell `link_closed`."""
        return self.session.state == session_table.CLOSING

    def link_opened(self, now_ms):
        """The link that `wants_link` asked for is there."""
        self._now_ms = now_ms
        self._answered_ms = now_ms
        self._asked_time = False
        self._splitter = FrameSplitter(0)  # nobody here looks at what was refused, and it holds kilobytes
        self.session.link_opened()

    def link_closed(self, now_ms):
        """The link is gone, or could not be had. What was on the line is in the log."""
        self._now_ms = now_ms
        self._outbox.clear()
        self._backfill.clear()
        self.mail.clear()
        self.assembly = None
        if self.media is not None:
            self.media.interrupted()
        self.session.link_closed(now_ms)

    def receive(self, data, now_ms):
        """Bytes from the platform, cut anywhere. Raises nothing for a fault of the platform."""
        self._now_ms = now_ms
        if self.session.state in (session_table.WAITING, session_table.CONNECTING):
            return
        for payload in self._splitter.receive(data):
            self._answered_ms = now_ms
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
            late = self.mail.late(now_ms) or late or now_ms >= self._deaf_ms()
            if late:
                self.session.give_up()
            else:
                self.mail.look(now_ms)
                self._backfill.look(self.session, now_ms)
        self._tick_rare(now_ms)
        if self.vehicle is not None:
            self.vehicle.tick(now_ms)
            if self.vehicle.changed:
                self._report_when_due(now_ms)
        if self._actions and now_ms >= self._actions[0][0]:
            self._do(self._actions.pop(0))
        if now_ms - self._checkpoint_ms >= CHECKPOINT_MS:
            self._checkpoint_ms = now_ms
            self.log.checkpoint()
            self.health.new_day(self.log.written + self.mail.written, now_ms)
            number = self.parameters.number
            if self.media is None and (number(PARAMETER_TIMED_PHOTOS) or number(PARAMETER_DISTANCE_PHOTOS)):
                self._photograph(0, 0, now_ms)

    def _tick_rare(self, now_ms):
        """What is under way now and then."""
        if self.assembly is not None and not self.assembly.tick(self, now_ms):
            self.assembly = None
        if self.media is not None and not self.media.tick(self, now_ms):
            self.media = None
        if self.upgrade is None or now_ms < self.upgrade.due_ms:
            return
        try:
            pages.use(self.upgrade.page).work(self, now_ms)
        except MemoryError:  # there is always a later
            self.upgrade.due_ms = now_ms + LATER_MS

    def data_to_send(self):
        """The next bytes for the line, None when there are none: the session's, live reports, the backlog."""
        state = self.session.state
        if state in (session_table.WAITING, session_table.CONNECTING, session_table.CLOSING):
            return None
        data = self.session.data_to_send(self._now_ms)
        if data is None and state == session_table.ONLINE:
            data = self._to_send()
        if data is not None:
            self.session.last_sent_ms = self._now_ms
        return data

    def next_deadline_ms(self):
        """When `tick` has something to do, at the latest."""
        deadline_ms = min(self._look_ms, self._checkpoint_ms + CHECKPOINT_MS)
        deadline_ms = self.session.deadline_ms(deadline_ms)
        if self.nmea.waiting:
            deadline_ms = min(deadline_ms, self._heard_ms + QUIET_MS)
        if self.vehicle is not None:
            deadline_ms = self.vehicle.next_deadline_ms(deadline_ms)
        if self._actions:
            deadline_ms = min(deadline_ms, self._actions[0][0])
        if self.upgrade is not None:
            deadline_ms = min(deadline_ms, self.upgrade.due_ms)
        if self.media is not None:
            deadline_ms = self.media.deadline_ms(deadline_ms)
        if self.session.state == session_table.ONLINE:
            deadline_ms = self._backfill.deadline_ms(self._outbox.deadline_ms(deadline_ms))
            deadline_ms = min(self.mail.deadline_ms(deadline_ms), self._deaf_ms())
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
        if self.mail.answered(message_id, serial, result, now_ms):
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
            if 0 <= fix.day < self.settings.earliest_day:
                fix.day += ROLLOVER_DAYS
            if fix.day >= 0:
                self.clock.set(fix.day, fix.second, fix.millisecond, now_ms)
            self.odometer.add(fix.speed_dkmh, now_ms)
        else:
            self.odometer.interrupt()
        if self.vehicle is not None:
            self._tell_vehicle(fix, now_ms)
        self._report_when_due(now_ms)

    def _tell_vehicle(self, fix, now_ms):
        if fix.valid and fix.day >= 0:
            self.vehicle.on_epoch(fix, fix.day, fix.second, now_ms)
        elif self.clock.known:
            self.clock.read(now_ms)
            self.vehicle.on_epoch(fix, self.clock.day, self.clock.second, now_ms)
        else:
            self.vehicle.on_epoch(fix, -1, 0, now_ms)

    def _deaf_ms(self):
        """When a link that is open is as good as dead: two heartbeats without a byte from the platform."""
        return self._answered_ms + 2000 * self.settings.heartbeat_s

    def _do(self, action):
        """An action that waited for the line."""
        if action[1] == RECONNECT:
            if self.session.state == session_table.ONLINE:
                self.session.give_up()
        elif not self.act(action[1], action[2]):
            self.refused_actions += 1

    def _look(self, now_ms):
        """The receiver is silent: time goes on without it."""
        self._look_ms = now_ms + LOOK_MS
        if not self.clock.known and not self._asked_time and self.online:
            self._asked_time = True  # once in a connection; 2019 alone has the question
            if self.settings.edition == EDITION_2019:
                self.mail.answer(MSG_SERVER_TIME_QUERY, b"", None)
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
        vehicle = self.vehicle
        high = self.alarm_high
        low = self.alarm_low
        status = self._status
        if vehicle is not None:
            high |= vehicle.alarm_high
            low |= vehicle.alarm_low
            status |= vehicle.status_bits
        if fix.valid:
            status |= 1 << STATUS_FIXED
        reporter = self._reporter
        interval_s = reporter.interval_s(self._mode(low), now_ms)
        reason = reporter.due(fix, status, high, low, day, second, interval_s)
        if reason == NOT_DUE and not (vehicle is not None and vehicle.changed and reporter.may(day, second)):
            return
        urgent = reporter.alarms_differ(high, low)
        if urgent and self.parameters.number(PARAMETER_ALARM_CAMERA_SWITCH):
            self._photograph(high & ~reporter.alarm_high, low & ~reporter.alarm_low, now_ms)
        if self._report(fix, status, high, low, day, second, urgent):
            reporter.reported(fix, status, high, low, day, second)

    def _photograph(self, high, low, now_ms):
        """These alarms have begun, or none: then the pictures that are taken regularly are begun."""
        try:
            pages.use("media").began(self, high, low, now_ms)
        except (MemoryError, OSError):
            self.health.note(b"no picture: flash or memory", now_ms)

    def _mode(self, alarm_low):
        """What the intervals depend on now."""
        if alarm_low & 1 << ALARM_EMERGENCY:
            return MODE_EMERGENCY
        if not self._status & 1 << STATUS_ACC_ON:
            return MODE_ASLEEP
        if self.settings.by_login and self.vehicle is not None and not self.vehicle.driver:
            return MODE_NO_DRIVER
        return MODE_DEFAULT

    def _report(self, fix, status, high, low, day, second, urgent):
        """Makes a report durable, then puts it on the line if there is one. False: the flash refused."""
        body = self._body
        length = body.write(
            fix,
            fix.valid,
            status,
            high,
            low,
            day,
            second,
            self.odometer.metres,
            self.signal,
            self.vehicle,
        )
        sequence = self.log.append(body.buffer, length)
        if not sequence:
            return self._report_from_ram(length, urgent)
        self.emitted += 1
        if self.on_report is not None:
            self.on_report(sequence, body.buffer, length)
        if self.vehicle is not None:
            self.vehicle.reported(sequence)
        if self.session.state == session_table.ONLINE and self._outbox.has_room(urgent):
            self._outbox.offer(sequence, body.buffer, length, self.session.next_serial(), urgent)
        return True

    def _report_from_ram(self, length, urgent):
        """The flash refused: a report that nothing outlives is better than none, and counted apart."""
        self.health.note(b"flash refused a report", self._now_ms)
        if not self.volatile:  # the first since the start: said at once, not only when somebody asks
            self._tell_state()
        if not self.online or not self._outbox.has_room(urgent):
            return False
        self.volatile += 1  # below zero: no record of the log is called so
        serial = self.session.next_serial()
        self._outbox.offer(-self.volatile, self._body.buffer, length, serial, urgent)
        return True

    def _tell_state(self):
        """0x0900 with the ring of errors: JT/T 808 has no alarm bit for a terminal's own flash."""
        try:
            pages.use("passthrough").tell_state(self, self._now_ms)
        except (MemoryError, OSError):
            self.health.note(b"state not told", self._now_ms)

    def _report_to_send(self):
        slot = self._outbox.next_to_send()
        if slot is not None:
            slot.take(self.settings, self._now_ms)
            return frame_of(slot.writer)
        if self._backfill.request.state == TO_SEND:
            self._backfill.request.take(self.settings, self._now_ms)
            return frame_of(self._backfill.writer)
        return None

    def _to_send(self):
        """Alarms, mail, live reports, the backlog."""
        slot = self._outbox.next_to_send()
        if slot is None or not slot.urgent:
            self.mail.look(self._now_ms)
            data = self.mail.data_to_send(self._now_ms)
            if data is not None:
                return data
        data = self._report_to_send()
        if data is None and self.media is not None:  # no picture keeps a position waiting
            data = self.media.data_to_send(self, self._now_ms)
        return data

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
            self._let_go(sequence)

    def _refuse(self, sequence):
        if self.log.is_held(sequence):
            self._backfill.refused += 1
            if self.on_refused is not None:
                self.on_refused(sequence)
            self._let_go(sequence)

    def _let_go(self, sequence):
        """The platform has had it, so alarms that last until it answers end, whatever it answered."""
        if self.vehicle is not None:
            self.vehicle.acknowledged(sequence)
        self.log.acknowledge(sequence)


def frame_of(writer):
    """A copy: the buffer may be in use again before the line has taken all of it."""
    return bytes(memoryview(writer.buffer)[: writer.length])
