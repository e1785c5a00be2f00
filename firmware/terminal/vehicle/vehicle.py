"""The vehicle in one object: fixes, inputs and time in; alarms, status, items of the position report out.

Joins the senses and finds the causes of the alarms; the table of rules says what becomes of them. Nothing is
written or allocated in `on_epoch`: what has to be goes to `tick`, which the board calls in the quiet after an
epoch. Rare work is done by pages. Must not know the terminal.
"""

from protocols.wire import tables
from protocols.wire.header import EDITION_2011, EDITION_2019

from .. import pages
from ..calendar import BEIJING_OFFSET_S, DAY_SECONDS
from . import inputs
from .alarms import Alarms
from .area_file import FILE, FILE_HEAD_BYTES
from .card_reader import CardReader
from .driving import Driving
from .geometry import UNITS_PER_10_KM, cosine_e14, in_circle, scaled
from .trip import Trip

DRIVER = "driver"  # names in the store
WAYBILL = "waybill"
WAYBILL_ITEM = 0xE1  # our own choice in the range that is the vendor's; 0: not with positions
WAYBILL_BYTES_MAX = 20  # of a number
LINES_MAX = 4  # of the card reader, that wait for the time to be known

PAUSE_MS = 1000  # after work that the flash or the heap refused
SILENT_MS = 10000  # a receiver without an epoch for so long is broken
NIGHT_FROM_S = 22 * 3600  # unverified: when the night speeds of 2019 are in force
NIGHT_TO_S = 5 * 3600
SPEED_BACK_DKMH = 10  # below a limit by so much is no longer above it
SPEED_BACK_MS = 3000
TILT_BACK_DEG = 5
NO_SUPPLY_MV = 5000
SYSTEM_24_V_MV = 16000  # who ever saw more has a 24 V system
LOW_12_V_MV = 10500
LOW_24_V_MV = 21000
SUPPLY_BACK_MV = 500

# Work that waits for `tick`, for the recorder.
STOPPED = 1
RESTED = 2
POWER_ON = 4
POWER_OFF = 8
STRUCK = 16


class Vehicle:
    """alarm_high, alarm_low: halves of the alarm word. status_bits: of the status word, those known here.
    changed: whether a report is due for them. driver: the qualification code of who drives (bytes, empty for
    nobody known). waybill: the number of the load's waybill (bytes). loaded: whether there is a load.
    areas: see pages/area_watch, None while none are set; areas_stale: they are to be loaded at the next tick.
    files: the flash, None without. day, second: Beijing time of the last epoch, day -1 while unknown. place:
    whether latitude_udeg, longitude_udeg, altitude_m are known. failures: events and cards lost to a full
    flash or heap, and areas that did not check out.
    on_driver(code): who drives has changed. on_notice(code): the driver is to be told, 1 an area was entered,
    2 one was left. Both None at first.
    """

    __slots__ = (
        "_answer_high",
        "_answer_low",
        "_answer_sequence",
        "_armed",
        "_carried",
        "_doors",
        "_epoch_ms",
        "_fault",
        "_fence_latitude",
        "_fence_longitude",
        "_fenced",
        "_jobs",
        "_lines",
        "_over_ms",
        "_pause_ms",
        "_place",
        "_signals",
        "_status_shown",
        "_supply_mv",
        "_system_mv",
        "_under_ms",
        "alarms",
        "altitude_m",
        "areas",
        "areas_stale",
        "day",
        "driver",
        "driving",
        "edition",
        "failures",
        "files",
        "ignition",
        "latitude_udeg",
        "loaded",
        "longitude_udeg",
        "mail",
        "on_driver",
        "on_notice",
        "parameters",
        "place",
        "random16",
        "reader",
        "second",
        "spell_day",
        "spell_latitude_udeg",
        "spell_longitude_udeg",
        "spell_second",
        "status_bits",
        "store",
        "trip",
        "waybill",
    )

    def __init__(self, parameters, store, mail, random16, edition=EDITION_2019):
        """parameters: number(id), text(id). store: see store; None: nothing is kept, and there are neither
        areas nor a trip memory. mail: post(message_id, body).
        """
        files = self.files = store.files if store is not None else None
        self.parameters = parameters
        self.store = store
        self.mail = mail
        self.random16 = random16
        self.edition = edition
        self.alarms = Alarms()
        self.driving = Driving(store)
        self.areas = None
        self.areas_stale = files is not None
        self.trip = Trip(files)
        self.reader = CardReader()
        self.on_driver = self.on_notice = None
        self.day = self.spell_day = -1
        self.second = self.spell_second = 0
        self.latitude_udeg = self.longitude_udeg = self.altitude_m = 0
        self.spell_latitude_udeg = self.spell_longitude_udeg = 0
        self.ignition = True
        self.place = self._fenced = self._armed = self._fault = self._carried = False
        self.status_bits = self._status_shown = self._doors = self._signals = self._jobs = 0
        self._supply_mv = self._system_mv = -1
        self._epoch_ms = -1  # no epoch yet; from the first tick on it is waited for
        self._pause_ms = 0
        self._over_ms = self._under_ms = -1
        self._fence_latitude = self._fence_longitude = 0
        self._answer_sequence = self._answer_high = self._answer_low = 0
        self._place = bytearray(5)
        self._lines = []
        self.driver = self.waybill = b""
        self.loaded = False
        self.failures = 0
        if store is not None:
            kept = store.get(DRIVER)
            self.driver = kept[1 : 1 + kept[0]] if kept else b""
            kept = store.get(WAYBILL)
            self.waybill = kept[1:]
            self.loaded = kept[:1] == b"1"
        self._show_load()
        self.apply_parameters()

    @property
    def alarm_high(self):
        """Bits 31…16 of the alarm word."""
        return self.alarms.high

    @property
    def alarm_low(self):
        """Bits 15…0 of the alarm word."""
        return self.alarms.low

    @property
    def changed(self):
        """Whether something here is worth a report at once."""
        waiting = self.areas is not None and self.areas.waiting > 0
        return waiting or self.alarms.changed or self.status_bits != self._status_shown

    def apply_parameters(self):
        """Parameters were set: those that are not read at every epoch."""
        self.alarms.mask(self.parameters.number(tables.PARAMETER_ALARM_MASK))

    def on_epoch(self, fix, day, second, now_ms):
        """A GNSS epoch, with a valid fix or without. day, second: device time in UTC, day -1 while unknown.

        Allocates nothing.
        """
        self._epoch_ms = now_ms
        self.alarms.cause(tables.ALARM_GNSS_FAULT, self._fault, now_ms)
        if day < 0:
            return
        second += BEIJING_OFFSET_S
        self.day = day + second // DAY_SECONDS
        self.second = second % DAY_SECONDS
        if fix.valid:
            self.place = True
            self.latitude_udeg = fix.latitude_udeg
            self.longitude_udeg = fix.longitude_udeg
            self.altitude_m = fix.altitude_m
            self._watch_fence(fix, now_ms)
        self._watch_driving(fix, now_ms)
        if fix.valid:
            if self.areas is not None and not self.areas_stale:
                self._watch_areas(fix, now_ms)
            self._watch_speed(fix.speed_dkmh, now_ms)
        self.trip.add(fix, self.day, self.second, self._signals)
        self.alarms.work(now_ms)

    def on_input(self, kind, value, now_ms):
        """An input of `inputs` has this value now; told at every change, or as often as one likes."""
        alarms = self.alarms
        if kind == inputs.IGNITION:
            self._switch_ignition(bool(value), now_ms)
        elif kind == inputs.EMERGENCY:
            alarms.cause(tables.ALARM_EMERGENCY, value, now_ms)
        elif kind == inputs.SUPPLY_MV:
            self._watch_supply(value, now_ms)
        elif kind == inputs.ANTENNA:
            alarms.cause(tables.ALARM_GNSS_ANTENNA_OPEN, value == inputs.ANTENNA_OPEN, now_ms)
            alarms.cause(tables.ALARM_GNSS_ANTENNA_SHORT, value == inputs.ANTENNA_SHORT, now_ms)
        elif kind == inputs.GNSS_FAULT:
            self._fault = bool(value)
            alarms.cause(tables.ALARM_GNSS_FAULT, value, now_ms)
        elif inputs.DISPLAY_FAULT <= kind <= inputs.CARD_READER_FAULT:
            # The faults of the four devices follow each other in both tables.
            alarms.cause(tables.ALARM_DISPLAY_FAULT + kind - inputs.DISPLAY_FAULT, value, now_ms)
        elif kind == inputs.TILT_DEG:
            self._watch_tilt(value, now_ms)
        else:
            self._note(kind, value, now_ms)

    def feed_card(self, data):
        """Bytes of the card reader's line, cut anywhere."""
        for line in self.reader.feed(data):
            if len(self._lines) == LINES_MAX:
                self._lines.pop(0)
            self._lines.append(line)

    def tick(self, now_ms):
        """What allocates or writes: to be called at `next_deadline_ms` and after every epoch."""
        if self._epoch_ms < 0:
            self._epoch_ms = now_ms
        if now_ms - self._epoch_ms >= SILENT_MS:
            self.alarms.cause(tables.ALARM_GNSS_FAULT, True, now_ms)
        self.alarms.work(now_ms)
        if self.trip.full:
            self.trip.save()
        if self.driving.dirty:
            self.driving.save()
        if now_ms >= self._pause_ms:
            try:
                self._work_off(now_ms)
            except (OSError, MemoryError):
                self.failures += 1
                self._pause_ms = now_ms + PAUSE_MS

    def next_deadline_ms(self, deadline_ms):
        """The earlier of `deadline_ms` and the next thing to do here."""
        waiting = self.areas_stale or (self.day >= 0 and (self._jobs or self._lines))
        if waiting or self.trip.full or self.driving.dirty:
            deadline_ms = min(deadline_ms, max(self._epoch_ms, self._pause_ms))
        if not self.alarms.is_on(tables.ALARM_GNSS_FAULT):
            deadline_ms = min(deadline_ms, self._epoch_ms + SILENT_MS)
        return self.alarms.deadline_ms(deadline_ms)

    def write_items(self, buffer, at):
        """Additional items of a position report from buffer[at] on, as far as there is room; gives the end.

        Crossings come one a report, the waybill's number when there is room left. Allocates nothing.
        """
        self._carried = self.areas is not None and self.areas.waiting > 0
        if self.alarms.is_on(tables.ALARM_OVERSPEED):
            at = _item(buffer, at, tables.ITEM_OVERSPEED, self._place, 5 if self._place[0] else 1)
        if self._carried:
            length = self.areas.items[1] + 2
            self._carried = at + length <= len(buffer)
            if self._carried:
                for index in range(length):
                    buffer[at + index] = self.areas.items[index]
                at += length
        if self.alarms.unanswered() and self.edition != EDITION_2011:
            if at + 4 <= len(buffer):
                buffer[at] = tables.ITEM_ALARM_EVENT
                buffer[at + 1] = 2
                buffer[at + 2] = self.alarms.event >> 8
                buffer[at + 3] = self.alarms.event & 0xFF
                at += 4
        if self.waybill and WAYBILL_ITEM:
            at = _item(buffer, at, WAYBILL_ITEM, self.waybill, len(self.waybill))
        return at

    def reported(self, sequence):
        """The report with what is here now is durable under this number."""
        if self._carried and self.areas is not None:
            self.areas.drop_item()
        self._carried = False
        self.alarms.changed = False
        self._status_shown = self.status_bits
        if not self._answer_sequence and self.alarms.unanswered():
            self._answer_sequence = sequence
            self._answer_high = self.alarms.high
            self._answer_low = self.alarms.low

    def acknowledged(self, sequence):
        """The platform answered that report (or it is given up): the alarms that last until then end."""
        if self._answer_sequence and sequence >= self._answer_sequence:
            self._answer_sequence = 0
            self.alarms.answered(self._answer_high, self._answer_low)
            self._answer_high = self._answer_low = 0

    def release_areas(self):
        """The file of the areas is about to be written (called by the areas page); they are loaded anew."""
        if self.areas is not None:
            self.areas.release()
        self.areas_stale = True

    def confirm(self, high, low):
        """0x8203: these alarms were confirmed by hand."""
        self.alarms.answered(high, low)

    def change_driver(self, code, key):
        """Somebody else drives (called by the driver page): qualification code, b"" for nobody known, and a
        number for him, 0 for nobody.
        """
        self.driver = code
        self.driving.change(key)
        self.spell_day = -1
        if self.on_driver is not None:
            self.on_driver(code)

    def change_load(self, number, loaded):
        """The truck was loaded or unloaded (called by the waybill page)."""
        self.waybill = number
        self.loaded = loaded
        self._show_load()

    def _work_off(self, now_ms):
        """What needs a page; a card that was read before the first fix has waited for the time."""
        if self.areas_stale:
            self._load_areas(now_ms)
        if self.day < 0:
            return
        if self._jobs:
            jobs, self._jobs = self._jobs, 0
            pages.use("trip_events").record(self, jobs)
        while self._lines:
            pages.use("driver").card(self, self._lines.pop(0))

    def _load_areas(self, now_ms):
        """Takes up the areas that are on flash, or lets go of the page when there are none.

        What fails for want of heap is tried again at the next tick.
        """
        if self.areas is None:
            if not self._has_areas():
                self.areas_stale = False
                return
            self.areas = pages.use("area_watch").Areas(self.files)
        else:
            self.areas.load()
        self.areas_stale = False
        if self.areas.damaged:
            self.failures += 1
        if not self.areas.count:
            self.areas = None
            self.alarms.cause(tables.ALARM_ROUTE_DEVIATION, False, now_ms)

    def _has_areas(self):
        head = bytearray(FILE_HEAD_BYTES)
        try:
            file = self.files.open(FILE, False)
        except OSError:
            return False  # none was ever set
        try:
            file.readinto(head)
        finally:
            file.close()
        return head[-1] > 0

    def _note(self, kind, value, now_ms):
        """The inputs that are not faults of something."""
        if kind == inputs.SHOCK:
            self._feel_shock(value, now_ms)
        elif kind == inputs.DOORS:
            self._doors = value
            self._set_status(tables.STATUS_FRONT_DOOR_OPEN, 0x1F, value & 0x1F)
            self._watch_doors(now_ms)
        elif kind == inputs.ARMED:
            self._armed = bool(value)
        elif kind == inputs.DOOR_LOCKED:
            self._set_status(tables.STATUS_DOOR_LOCKED, 1, 1 if value else 0)
        elif kind == inputs.SIGNALS:
            self._signals = value & 0xFF

    def _switch_ignition(self, on, now_ms):
        if on == self.ignition:
            return
        self.ignition = on
        self._fenced = False
        self.alarms.cause(tables.ALARM_ILLEGAL_DISPLACEMENT, False, now_ms)
        self.alarms.cause(tables.ALARM_ILLEGAL_IGNITION, on and self._armed, now_ms)
        if not on:
            self.driving.dirty = True

    def _watch_fence(self, fix, now_ms):
        """Who stands with the ignition off is not to be carried away."""
        radius_m = self.parameters.number(tables.PARAMETER_FENCE_RADIUS_M)
        if self.ignition or not radius_m:
            return
        if not self._fenced:
            self._fenced = True
            self._fence_latitude = fix.latitude_udeg
            self._fence_longitude = fix.longitude_udeg
        north = fix.latitude_udeg - self._fence_latitude
        east = scaled(fix.longitude_udeg - self._fence_longitude, cosine_e14(fix.latitude_udeg))
        near = in_circle(east, north, radius_m * UNITS_PER_10_KM // 10000)
        self.alarms.cause(tables.ALARM_ILLEGAL_DISPLACEMENT, not near, now_ms)

    def _watch_driving(self, fix, now_ms):
        parameters = self.parameters  # and no bound methods, which would be allocated
        driving = self.driving
        alarms = self.alarms
        was_moving = driving.moving
        rest_s = parameters.number(tables.PARAMETER_MIN_REST_S)
        driving.add(fix.speed_dkmh, fix.valid, self.ignition, self.day, self.second, rest_s)
        if was_moving and not driving.moving:
            self._jobs |= STOPPED
        if driving.rested:
            if alarms.is_on(tables.ALARM_FATIGUE):
                self._jobs |= RESTED
            else:
                self.spell_day = -1
        elif driving.moving and self.spell_day < 0:
            self.spell_day = self.day
            self.spell_second = self.second
            self.spell_latitude_udeg = self.latitude_udeg
            self.spell_longitude_udeg = self.longitude_udeg
        limit_s = parameters.number(tables.PARAMETER_CONTINUOUS_DRIVING_LIMIT_S)
        left_s = limit_s - driving.driven_s
        alarms.cause(tables.ALARM_FATIGUE, limit_s and left_s <= 0, now_ms)
        if self.edition != EDITION_2011:
            warned = limit_s and 0 < left_s <= parameters.number(tables.PARAMETER_FATIGUE_MARGIN_S)
            alarms.cause(tables.ALARM_FATIGUE_WARNING, warned, now_ms)
        limit_s = parameters.number(tables.PARAMETER_DAILY_DRIVING_LIMIT_S)
        alarms.cause(tables.ALARM_DRIVING_TIME_EXCEEDED, limit_s and driving.today_s >= limit_s, now_ms)
        limit_s = parameters.number(tables.PARAMETER_MAX_PARKING_S)
        alarms.cause(tables.ALARM_PARKING_TIME_EXCEEDED, limit_s and driving.parked_s > limit_s, now_ms)
        if self.edition == EDITION_2019:
            self._set_status(tables.STATUS_MOVING, 1, 1 if driving.moving else 0)
            alarms.cause(tables.ALARM_FORBIDDEN_DRIVING, driving.moving and self._is_forbidden(), now_ms)

    def _is_forbidden(self):
        """Whether parameter 0x0032 (start hour, minute, end hour, minute) forbids driving now."""
        period = self.parameters.text(tables.PARAMETER_FORBIDDEN_PERIOD)
        if len(period) != 4:
            return False
        start = period[0] * 60 + period[1]
        end = period[2] * 60 + period[3]
        minute = self.second // 60
        return start <= minute < end if start <= end else minute >= start or minute < end

    def _watch_areas(self, fix, now_ms):
        areas = self.areas
        night = self.second >= NIGHT_FROM_S or self.second < NIGHT_TO_S
        areas.look(fix, night, self.day, self.second, self.driving.moving)
        if areas.struck:
            for alarm in range(tables.ALARM_AREA_CROSSED, tables.ALARM_SECTION_TIME + 1):
                if areas.struck >> alarm - 16 & 1:
                    self.alarms.strike(alarm)
            areas.struck = 0
        self.alarms.cause(tables.ALARM_ROUTE_DEVIATION, areas.off_route, now_ms)
        self._watch_doors(now_ms)
        if areas.notice and self.on_notice is not None:
            self.on_notice(areas.notice)
        areas.notice = 0

    def _watch_doors(self, now_ms):
        forbidden = self._doors and self.areas is not None and self.areas.no_doors
        self.alarms.cause(tables.ALARM_ILLEGAL_DOOR_OPENING, forbidden, now_ms)

    def _watch_speed(self, speed_dkmh, now_ms):
        """The lowest limit counts: that of the parameters or that of an area or section around."""
        limit_dkmh = self.parameters.number(tables.PARAMETER_MAX_SPEED_KMH) * 10
        limit_s = self.parameters.number(tables.PARAMETER_OVERSPEED_DURATION_S)
        of_area = self.areas is not None and not self.areas_stale and self.areas.limit_dkmh
        of_area = of_area and (not limit_dkmh or of_area <= limit_dkmh)
        if of_area:
            limit_dkmh = self.areas.limit_dkmh
            limit_s = self.areas.limit_s
        on = self.alarms.is_on(tables.ALARM_OVERSPEED)
        over = limit_dkmh and speed_dkmh > (limit_dkmh - SPEED_BACK_DKMH if on else limit_dkmh)
        if over:
            self._under_ms = -1
            if self._over_ms < 0:
                self._over_ms = now_ms
            if not on and now_ms - self._over_ms >= limit_s * 1000:
                self._place[0] = 0
                if of_area:
                    self.areas.write_place(self._place, 0)
                on = True
        else:
            self._over_ms = -1
            if self._under_ms < 0:
                self._under_ms = now_ms
            on = on and now_ms - self._under_ms < SPEED_BACK_MS
        self.alarms.cause(tables.ALARM_OVERSPEED, on, now_ms)
        if self.edition != EDITION_2011:
            margin_dkmh = self.parameters.number(tables.PARAMETER_OVERSPEED_MARGIN_DKMH)
            close = limit_dkmh and margin_dkmh and speed_dkmh >= limit_dkmh - margin_dkmh and not on
            self.alarms.cause(tables.ALARM_OVERSPEED_WARNING, close, now_ms)

    def _watch_supply(self, supply_mv, now_ms):
        lost = supply_mv < NO_SUPPLY_MV
        if lost and self._supply_mv >= NO_SUPPLY_MV:
            self._jobs |= POWER_OFF
            self.trip.end_minute()  # the battery may not last until the minute is full
            self.driving.dirty = True
        elif not lost and self._supply_mv < NO_SUPPLY_MV:
            self._jobs |= POWER_ON
        self._supply_mv = supply_mv
        self._system_mv = max(self._system_mv, supply_mv)
        low_mv = LOW_24_V_MV if self._system_mv >= SYSTEM_24_V_MV else LOW_12_V_MV
        if self.alarms.is_on(tables.ALARM_POWER_LOW):
            low_mv += SUPPLY_BACK_MV
        self.alarms.cause(tables.ALARM_POWER_LOW, not lost and supply_mv < low_mv, now_ms)
        self.alarms.cause(tables.ALARM_POWER_LOST, lost, now_ms)

    def _watch_tilt(self, tilt_deg, now_ms):
        limit_deg = self.parameters.number(tables.PARAMETER_ROLLOVER_ANGLE_DEG)
        if self.alarms.is_on(tables.ALARM_ROLLOVER):
            limit_deg -= TILT_BACK_DEG
        self.alarms.cause(tables.ALARM_ROLLOVER, limit_deg > 0 and tilt_deg >= limit_deg, now_ms)

    def _feel_shock(self, shock, now_ms):
        limit = self.parameters.number(tables.PARAMETER_COLLISION_SETTINGS)
        if limit >> 8 and shock >> 8 >= limit >> 8 and shock & 0xFF >= limit & 0xFF:
            if not self.alarms.is_on(tables.ALARM_COLLISION):
                self._jobs |= STRUCK
            self.alarms.cause(tables.ALARM_COLLISION, True, now_ms)
            self.alarms.cause(tables.ALARM_COLLISION, False, now_ms)

    def _set_status(self, shift, mask, value):
        self.status_bits = self.status_bits & ~(mask << shift) | value << shift

    def _show_load(self):
        if self.edition != EDITION_2011:
            self._set_status(tables.STATUS_LOAD_SHIFT, 3, 3 if self.loaded else 0)


def _item(buffer, at, item_id, value, length):
    """An item if there is room for it; gives the end."""
    if at + 2 + length > len(buffer):
        return at
    buffer[at] = item_id
    buffer[at + 1] = length
    for index in range(length):
        buffer[at + 2 + index] = value[index]
    return at + 2 + length
