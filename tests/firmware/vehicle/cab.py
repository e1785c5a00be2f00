"""A truck around a Vehicle: it drives, time passes, reports are made and answered. Portable.

Stands in for what surrounds the vehicle in the terminal (parameters, mail, settings) by its interface alone.
"""

from firmware.terminal.ram_files import RamFiles
from firmware.terminal.store import Store
from firmware.terminal.vehicle.vehicle import Vehicle
from protocols.wire.bodies import encode_layout, layout_of
from protocols.wire.pages.areas import BODIES as AREAS

ALARM_MASK = 0x0050
MAX_SPEED, OVERSPEED_S = 0x0055, 0x0056
DRIVING_S, DAILY_S, REST_S, PARKING_S = 0x0057, 0x0058, 0x0059, 0x005A
SPEED_MARGIN, FATIGUE_MARGIN = 0x005B, 0x005C
COLLISION, TILT, FENCE, FORBIDDEN = 0x005D, 0x005E, 0x0031, 0x0032
UDEG_PER_M = 8.9932  # of latitude
DAY = 9500  # 2026-01-04
KUNMING = (25_000_000, 102_700_000)


class Fix:
    """As nmea.Fix."""

    def __init__(self, place=KUNMING):
        self.valid = True
        self.latitude_udeg, self.longitude_udeg = place
        self.altitude_m = 1891
        self.speed_dkmh = 0
        self.direction_deg = 0


class Parameters:
    """number, text."""

    def __init__(self, values):
        self.values = values

    def number(self, parameter_id):
        return self.values.get(parameter_id, 0)

    def text(self, parameter_id):
        return self.values.get(parameter_id, b"")


class Mail:
    """Keeps what is posted and answered."""

    def __init__(self):
        self.posted = []
        self.answers = []

    def post(self, message_id, body):
        self.posted.append((message_id, bytes(body)))

    def answer(self, message_id, body, header):
        self.answers.append((message_id, bytes(body), header.serial))


class Header:
    def __init__(self, message_id, serial=7):
        self.message_id = message_id
        self.serial = serial


class Plain:
    pass


class Cab:
    """A terminal with a vehicle, as far as pages look at it. Beijing time `day`, `second`.

    reports: (day, second, alarm word, items as {id: bytes}) of each report that was made.
    """

    def __init__(self, parameters=None, edition=2019, second=8 * 3600, files=None):
        self.files = RamFiles() if files is None else files
        self.store = Store(self.files)
        self.parameters = Parameters(parameters or {})
        self.mail = Mail()
        self.settings = Plain()
        self.settings.edition = edition
        self.settings.model = b"EDGE-1"
        self.settings.plate = b"\xd4\xc6A12345"
        self.odometer = Plain()
        self.odometer.metres = 123456
        self.day, self.second = DAY, second
        self.now_ms = 1000
        self.fix = Fix()
        self.reports = []
        self.answering = True
        self._sequence = 0
        self.power_on()

    def power_on(self):
        """A new vehicle on the same flash."""
        self.vehicle = Vehicle(self.parameters, self.store, self.mail, lambda: 0, self.settings.edition)
        self.vehicle.tick(self.now_ms)

    def drive(self, seconds, kmh=0.0, north_m=0.0, east_m=0.0):
        """Epoch by epoch, moving so many metres in each."""
        for _ in range(seconds):
            self.fix.speed_dkmh = int(kmh * 10)
            self.fix.latitude_udeg += int(north_m * UDEG_PER_M)
            self.fix.longitude_udeg += int(east_m * UDEG_PER_M / 0.9063)  # about 25° north
            self.epoch()

    def epoch(self):
        """One second later."""
        self.now_ms += 1000
        self.second += 1
        if self.second == 86400:
            self.second = 0
            self.day += 1
        utc = self.second - 8 * 3600
        self.vehicle.on_epoch(self.fix, self.day - 1 if utc < 0 else self.day, utc % 86400, self.now_ms)
        self.vehicle.tick(self.now_ms)
        if self.vehicle.changed:
            self.report()

    def wait(self, ms):
        """Time without an epoch."""
        end_ms = self.now_ms + ms
        while self.now_ms < end_ms:
            self.now_ms = min(end_ms, max(self.now_ms + 1, self.vehicle.next_deadline_ms(end_ms)))
            self.vehicle.tick(self.now_ms)
            if self.vehicle.changed:
                self.report()

    def report(self):
        """What the terminal does: body, flash, and the platform's answer."""
        buffer = bytearray(31)
        end = self.vehicle.write_items(buffer, 0)
        items = {}
        at = 0
        while at < end:
            items[buffer[at]] = bytes(buffer[at + 2 : at + 2 + buffer[at + 1]])
            at += 2 + buffer[at + 1]
        word = self.vehicle.alarm_high << 16 | self.vehicle.alarm_low
        self.reports.append((self.day, self.second, word, items))
        self._sequence += 1
        self.vehicle.reported(self._sequence)
        if self.answering:
            self.vehicle.acknowledged(self._sequence)
        return items

    def raised(self, alarm):
        """The seconds at which a report first carried this alarm bit, one for each time it came."""
        seconds = []
        before = False
        for _, second, word, _ in self.reports:
            now = bool(word >> alarm & 1)
            if now and not before:
                seconds.append(second)
            before = now
        return seconds

    def on(self, alarm):
        """Whether the alarm bit is in the word now."""
        return bool((self.vehicle.alarm_high << 16 | self.vehicle.alarm_low) >> alarm & 1)

    def items(self, item_id):
        """The values of an item over all reports."""
        return [items[item_id] for _, _, _, items in self.reports if item_id in items]

    def area_message(self, page, message_id, values):
        """Lets the areas page work on this message; gives its result."""
        body = encode_layout(layout_of(AREAS, message_id, self.settings.edition), values)
        try:
            return page.handle(self, Header(message_id), body, self.now_ms)
        finally:
            self.vehicle.tick(self.now_ms)

    def areas(self):
        """How many areas and routes are watched."""
        return 0 if self.vehicle.areas is None else self.vehicle.areas.count
