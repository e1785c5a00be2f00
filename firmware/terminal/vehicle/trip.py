"""The trip memory of the driving recorder: every second's speed and signals, every minute's place, on flash.

A minute in which the truck moved becomes one slot; segments of slots fill one block of flash each, and the
oldest goes when there are too many. RAM holds two minutes. `add` allocates nothing; `save` writes, and is
called in the quiet after an epoch. The recorder page reads the slots; nothing is copied to RAM for it.
"""

import binascii

from .. import pages

SLOT_BYTES = 136
DAY_AT = 0  # WORD, since 2000-01-01, Beijing
MINUTE_AT = 2  # WORD, of that day
LATITUDE_AT = 4  # micro-degrees + 180,000,000; 0xFFFFFFFF without a fix in this minute
LONGITUDE_AT = 8
HEIGHT_AT = 12  # WORD, m
SAMPLES_AT = 14  # 60 × speed km/h, signals; 0xFF where missing
CHECK_AT = 134  # low word of the CRC-32 of what is before
MISSING = 0xFF
SPEED_MAX_KMH = 0xFA

SLOTS = 30  # of a segment: 4080 bytes
SEGMENTS_MAX = 97  # 48 hours of driving and the segment that is being filled; 400 KB of flash


def trip_segment_name(number):
    """The file of a segment; numbers go on for the life of the flash."""
    return "trip%06x" % (number & 0xFFFFFF)


def trip_check_of(slot):
    """What belongs at CHECK_AT."""
    return binascii.crc32(memoryview(slot)[:CHECK_AT]) & 0xFFFF


class Trip:
    """`add` every epoch, `save` when `full`.

    failures: writes that the flash (or the heap) refused; their minute is lost. minute: the slot
    that is being filled, before: the one before it.
    """

    __slots__ = (
        "_minute_number",
        "_moved",
        "_segment",
        "_slots",
        "before",
        "failures",
        "files",
        "full",
        "minute",
    )

    def __init__(self, files):
        """files: the port of ram_files, None for no memory."""
        self.files = files
        self.minute = bytearray(SLOT_BYTES)
        self.before = bytearray(SLOT_BYTES)
        self.full = self._moved = False
        self.failures = 0
        self._minute_number = -1
        self._segment = -1  # not known yet where the last one ends
        self._slots = 0
        _clear(self.minute)
        _clear(self.before)

    def add(self, fix, day, second, signals):
        """The state in this second (Beijing). signals: the byte D0…D7 of the recorder."""
        if second // 60 != self._minute_number:
            self._turn(day, second // 60)
        slot = self.minute
        at = SAMPLES_AT + second % 60 * 2
        if fix.valid:
            slot[at] = min(fix.speed_dkmh // 10, SPEED_MAX_KMH)
            slot[at + 1] = signals
            self._moved = self._moved or slot[at] > 0
            if slot[LATITUDE_AT] == MISSING:
                self._place(fix)

    def end_minute(self):
        """What the minute holds so far is to be written, e.g. because the power goes."""
        if self._moved:
            self._turn(self.minute[DAY_AT] << 8 | self.minute[DAY_AT + 1], -1)

    def save(self):
        """Writes the minute that is full."""
        self.full = False
        if self.files is None:
            return
        slot = self.before
        check = trip_check_of(slot)
        slot[CHECK_AT] = check >> 8
        slot[CHECK_AT + 1] = check & 0xFF
        try:
            if self._segment < 0:
                self._segment, self._slots = pages.use("trip_files").end_of_trip(self.files)
            if self._slots == SLOTS:
                self._segment = pages.use("trip_files").next_segment(self.files, self._segment)
                self._slots = 0
            file = self.files.open(trip_segment_name(self._segment), True)
            try:
                file.seek(self._slots * SLOT_BYTES)
                file.write(slot)
                file.flush()
            finally:
                file.close()
            self._slots += 1
        except (OSError, MemoryError):
            self.failures += 1

    def _turn(self, day, minute):
        """A new minute begins; the last one is kept when the truck moved in it."""
        self.full = self.full or self._moved
        if self._moved:
            self.minute, self.before = self.before, self.minute
        self._moved = False
        self._minute_number = minute
        _clear(self.minute)
        slot = self.minute
        slot[DAY_AT] = day >> 8
        slot[DAY_AT + 1] = day & 0xFF
        slot[MINUTE_AT] = minute >> 8 & 0xFF
        slot[MINUTE_AT + 1] = minute & 0xFF

    def _place(self, fix):
        _put_coordinate(self.minute, LATITUDE_AT, fix.latitude_udeg)
        _put_coordinate(self.minute, LONGITUDE_AT, fix.longitude_udeg)
        height_m = max(0, min(fix.altitude_m, 0xFFFF))
        self.minute[HEIGHT_AT] = height_m >> 8
        self.minute[HEIGHT_AT + 1] = height_m & 0xFF


def _clear(slot):
    for at in range(LATITUDE_AT, CHECK_AT):
        slot[at] = MISSING


def _put_coordinate(slot, at, udeg):
    value = udeg + 180000000
    slot[at] = value >> 24
    slot[at + 1] = value >> 16 & 0xFF
    slot[at + 2] = value >> 8 & 0xFF
    slot[at + 3] = value & 0xFF
