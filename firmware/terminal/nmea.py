"""NMEA 0183 from a GNSS receiver, byte by byte, into a fix of integers; nothing is allocated on the way.

Takes RMC and GGA of any satellite system, joins the two of one epoch, refuses and counts all that is damaged.
Must not decide what a fix is good for: that is the reporter's business.
"""

from .calendar import day_number

LINE_BYTES = 120  # the standard allows 82; receivers with 8 decimals of a minute send more
FIELDS_MAX = 24
EMPTY = -0x20000000  # an empty field; below every real value and still a small integer on 32-bit boards
DIGITS_MAX = 9  # more would leave the small integers of a 32-bit board
# So many epochs without GGA: the receiver sends none, stop waiting for it (the last of them gives way once).
LEARNED_ALONE = 3
KNOTS_MAX_E3 = 2000000  # faster is a broken number (and would overflow small integers below)
YEAR_OF_NO_DATE = 80  # receivers without satellite time say 1980 (or 2080), the birth of GPS time

# Two letters of the talker as one integer: GPS, mixed, BeiDou (2 spellings), GLONASS, Galileo.
TALKERS = tuple([ord(pair[0]) << 8 | ord(pair[1]) for pair in ("GP", "GN", "BD", "GB", "GL", "GA")])
RMC = ord("R") << 16 | ord("M") << 8 | ord("C")
GGA = ord("G") << 16 | ord("G") << 8 | ord("A")
MODES_OF_NO_FIX = (ord("N"), ord("M"), ord("S"))  # not valid, manual input, simulator
QUALITIES_OF_NO_FIX = (0, 7, 8)  # the same three in GGA


class Fix:
    """What the receiver said last.

    valid: a satellite fix (or dead reckoning that the receiver calls valid). latitude_udeg, longitude_udeg:
    signed micro-degrees, those of the last valid fix when this one is void. altitude_m, direction_deg
    (0…359): kept likewise. speed_dkmh: 0.1 km/h, 0 when void. satellites: used ones, -1 unknown.
    day: days since 2000-01-01 UTC, -1 unknown; second: of that day, UTC; millisecond: of that second.
    """

    __slots__ = (
        "altitude_m",
        "day",
        "direction_deg",
        "latitude_udeg",
        "longitude_udeg",
        "millisecond",
        "satellites",
        "second",
        "speed_dkmh",
        "valid",
    )

    def __init__(self):
        self.valid = False
        self.latitude_udeg = self.longitude_udeg = 0
        self.altitude_m = self.speed_dkmh = self.direction_deg = 0
        self.satellites = -1
        self.day = -1
        self.second = self.millisecond = 0


class NmeaParser:
    """`feed` bytes; when `epoch` is true afterwards, `fix` is new.

    Counters: sentences (RMC and GGA taken), ignored (sound, of no use here), refused (damaged: check sum
    wrong or absent, over-long, bytes that are no text, bad numbers, fields missing).
    """

    __slots__ = (
        "_alone",
        "_altitude_m",
        "_bad",
        "_check",
        "_commas",
        "_day",
        "_direction_deg",
        "_fields",
        "_has_gga",
        "_has_rmc",
        "_latitude_udeg",
        "_line",
        "_longitude_udeg",
        "_published",
        "_quality",
        "_satellites",
        "_size",
        "_speed_dkmh",
        "_star",
        "_time_ms",
        "_valid",
        "epoch",
        "fix",
        "ignored",
        "refused",
        "sentences",
    )

    def __init__(self):
        self.fix = Fix()
        self.epoch = False
        self.sentences = self.ignored = self.refused = 0
        self._line = bytearray(LINE_BYTES)
        self._fields = bytearray(FIELDS_MAX + 1)  # where the comma before each field stands
        self._size = self._star = -1  # -1: no sentence begun, no star seen
        self._check = self._commas = 0
        self._bad = self._published = False
        self._alone = 0
        self._day = -1
        self._latitude_udeg = self._longitude_udeg = self._speed_dkmh = self._direction_deg = 0
        self._begin_epoch(-1)

    def feed(self, buffer, at, end):  # noqa: C901 (one loop: a call for every byte would double its time)
        """Reads buffer[at:end] up to the end of an epoch at most; gives where it stopped.

        `epoch` tells whether an epoch was completed; call again with the rest until `end` is reached.
        Raises nothing, whatever the bytes.
        """
        self.epoch = False
        line = self._line
        size = self._size
        while at < end:
            byte = buffer[at]
            at += 1
            if 32 <= byte < 127 and byte != 36:
                if size < 0:
                    continue
                if size == LINE_BYTES:
                    self.refused += 1
                    size = -1
                    continue
                line[size] = byte
                if self._star < 0:
                    if byte == 42:
                        self._star = size
                    else:
                        self._check ^= byte
                        if byte == 44:
                            if self._commas < FIELDS_MAX:
                                self._fields[self._commas] = size
                            self._commas += 1
                size += 1
            else:
                complete = size >= 0 and self._end_of_line(byte, size)
                size = -1
                if byte == 36:
                    size = self._check = self._commas = 0
                    self._star = -1
                if complete:
                    self.epoch = True
                    break
        self._size = size
        return at

    @property
    def waiting(self):
        """Whether an epoch has its RMC and waits for its GGA."""
        return self._has_rmc and not self._published

    def close_epoch(self):
        """The receiver is silent: the epoch that waits is complete as it is, and `fix` new."""
        self._alone += 1
        self._publish()

    def _end_of_line(self, byte, size):
        """Whether the line that `byte` ended completed an epoch."""
        if (byte != 13 and byte != 10) or not self._is_sound(size):
            self.refused += 1
            return False
        line = self._line
        if self._fields[0] != 5 or self._commas == 0 or (line[0] << 8 | line[1]) not in TALKERS:
            self.ignored += 1
            return False
        kind = line[2] << 16 | line[3] << 8 | line[4]
        if kind != RMC and kind != GGA:
            self.ignored += 1
            return False
        self._bad = self._commas > FIELDS_MAX or self._commas < 9
        if not self._bad:
            self._fields[self._commas] = self._star  # the last field ends here
        complete = False if self._bad else self._rmc() if kind == RMC else self._gga()
        if self._bad:
            self.refused += 1
            return False
        self.sentences += 1
        return complete

    def _is_sound(self, size):
        """Whether the line ends with `*hh` and hh is the XOR of what stands before the star."""
        if self._star < 0 or size != self._star + 3:
            return False
        high = _hex_digit(self._line[size - 2])
        low = _hex_digit(self._line[size - 1])
        return high >= 0 and low >= 0 and high << 4 | low == self._check

    def _rmc(self):
        """time, status, latitude, N/S, longitude, E/W, knots, course, date, … mode (12th field, NMEA 2.3)."""
        time_ms = self._time(1)
        valid = self._letter(2) == 65 and self._letter(12) not in MODES_OF_NO_FIX
        if not valid:
            return False if self._bad else self._void(time_ms)
        latitude = self._coordinate(3, 90, 78, 83)
        longitude = self._coordinate(5, 180, 69, 87)
        speed = self._speed(7)
        direction = self._number(8, 1)
        day = self._date(9)
        if self._bad or time_ms < 0 or (direction != EMPTY and not 0 <= direction <= 3600):
            self._bad = True
            return False
        flushed = self._step(time_ms)
        self._latitude_udeg = latitude
        self._longitude_udeg = longitude
        self._speed_dkmh = speed
        if direction != EMPTY:  # receivers leave the course empty while they stand
            self._direction_deg = (direction + 5) // 10 % 360
        self._day = day
        self._valid = self._has_rmc = True
        return self._try_to_publish() or flushed

    def _void(self, time_ms):
        flushed = self._step(time_ms)
        self._valid = False
        self._has_rmc = True
        if time_ms < 0:
            return self._publish()
        return self._try_to_publish() or flushed

    def _gga(self):
        """time, latitude, N/S, longitude, E/W, quality, satellites, HDOP, altitude, …"""
        time_ms = self._time(1)
        quality = self._number(6, 0)
        satellites = self._number(7, 0)
        altitude = self._number(9, 1)
        if self._bad or time_ms < 0:  # without a time it belongs to no epoch
            return False
        flushed = self._step(time_ms)
        self._alone = 0
        self._quality = 0 if quality == EMPTY else quality
        self._satellites = -1 if satellites < 0 else min(satellites, 255)
        if altitude != EMPTY:
            self._altitude_m = (altitude + 5) // 10
        self._has_gga = True
        return self._try_to_publish() or flushed

    def _step(self, time_ms):
        """Goes to the epoch of `time_ms`. True when that ended an epoch which had waited for its GGA."""
        if time_ms == self._time_ms and time_ms >= 0:
            return False
        waiting = self.waiting
        if waiting:
            self.close_epoch()
        self._begin_epoch(time_ms)
        return waiting

    def _begin_epoch(self, time_ms):
        self._time_ms = time_ms
        self._has_rmc = self._has_gga = self._published = self._valid = False
        self._quality = 0
        self._satellites = -1
        self._altitude_m = self.fix.altitude_m

    def _try_to_publish(self):
        if self._published or not self._has_rmc:
            return False
        if not self._has_gga and self._alone < LEARNED_ALONE:
            return False
        return self._publish()

    def _publish(self):
        fix = self.fix
        fix.valid = self._valid and not (self._has_gga and self._quality in QUALITIES_OF_NO_FIX)
        fix.satellites = self._satellites
        fix.day = -1
        fix.speed_dkmh = 0
        if fix.valid:
            fix.latitude_udeg = self._latitude_udeg
            fix.longitude_udeg = self._longitude_udeg
            fix.altitude_m = self._altitude_m
            fix.speed_dkmh = self._speed_dkmh
            fix.direction_deg = self._direction_deg
            fix.day = self._day
            fix.second = self._time_ms // 1000
            fix.millisecond = self._time_ms % 1000
        self._published = True
        return True

    def _letter(self, field):
        """The only character of a field, -1 when it is empty or absent."""
        if field > self._commas:
            return -1
        at = self._fields[field - 1] + 1
        if at == self._fields[field]:
            return -1
        return self._line[at]

    def _number(self, field, decimals):  # noqa: C901 (as above, for every digit)
        """The field times 10^decimals, further decimals cut; EMPTY when empty; else marks it bad."""
        at = self._fields[field - 1] + 1
        end = self._fields[field]
        if at == end:
            return EMPTY
        negative = self._line[at] == 45
        if negative:
            at += 1
        value = digits = 0
        left = -1  # decimals still to come; -1 before the point
        while at < end:
            digit = self._line[at] - 48
            at += 1
            if digit == -2 and left < 0:
                left = decimals
            elif not 0 <= digit <= 9:
                self._bad = True
                return EMPTY
            elif left != 0:
                value = value * 10 + digit
                digits += 1
                if digits > DIGITS_MAX:
                    self._bad = True
                    return EMPTY
                if left > 0:
                    left -= 1
        if digits == 0:
            self._bad = True
        for _ in range(decimals if left < 0 else left):
            value *= 10
        return -value if negative else value

    def _time(self, field):
        """hhmmss.sss as milliseconds of the day, -1 when empty. A leap second counts as the one before it."""
        value = self._number(field, 3)
        if value == EMPTY:
            return -1
        hour = value // 10000000
        minute = value // 100000 % 100
        second = value // 1000 % 100
        if value < 0 or hour > 23 or minute > 59 or second > 60:
            self._bad = True
            return -1
        return ((hour * 60 + minute) * 60 + min(second, 59)) * 1000 + value % 1000

    def _date(self, field):
        """ddmmyy as a day number, -1 when the receiver has no date yet."""
        value = self._number(field, 0)
        if value == EMPTY or value % 100 >= YEAR_OF_NO_DATE:
            return -1
        day = day_number(2000 + value % 100, value // 100 % 100, value // 10000)
        if value < 0 or day < 0:
            self._bad = True
        return day

    def _coordinate(self, field, limit_deg, positive, negative):
        """Degrees and minutes (ddmm.mm…) with their hemisphere as signed micro-degrees, half rounded up.

        7 decimals of a minute are kept; cutting the rest moves no rounding, since a micro-degree is exactly
        600 of their units.
        """
        at = self._fields[field - 1] + 1
        end = self._fields[field]
        degrees = minutes = 0
        point = at
        while point < end and self._line[point] != 46:
            point += 1
        if point - at < 3 or point - at > 5:
            self._bad = True
            return 0
        while at < point - 2:
            digit = self._line[at] - 48
            if not 0 <= digit <= 9:
                self._bad = True
            degrees = degrees * 10 + digit
            at += 1
        minutes = self._digits(at, end, 7)
        udeg = degrees * 1000000 + (minutes + 300) // 600
        hemisphere = self._letter(field + 1)  # compared one by one: a tuple would be allocated
        if (
            minutes >= 600000000
            or udeg > limit_deg * 1000000
            or (hemisphere != positive and hemisphere != negative)
        ):
            self._bad = True
        return udeg if hemisphere == positive else -udeg

    def _digits(self, at, end, decimals):
        """`mm.mmm` from at to end times 10^decimals; marks the sentence bad when another byte is in it."""
        value = 0
        left = 2 + decimals
        point = at + 2
        while at < end:
            digit = self._line[at] - 48
            if at != point:
                if not 0 <= digit <= 9:
                    self._bad = True
                    return 0
                if left > 0:
                    value = value * 10 + digit
                    left -= 1
            at += 1
        while left > 0:
            value *= 10
            left -= 1
        return value

    def _speed(self, field):
        """Knots as 0.1 km/h, rounded (1 knot is 1.852 km/h); an empty field is a standstill."""
        knots_e3 = self._number(field, 3)
        if knots_e3 == EMPTY:
            return 0
        if not 0 <= knots_e3 <= KNOTS_MAX_E3:
            self._bad = True
            return 0
        return (knots_e3 * 463 + 12500) // 25000


def _hex_digit(byte):
    if 48 <= byte <= 57:
        return byte - 48
    if 65 <= byte <= 70:
        return byte - 55
    if 97 <= byte <= 102:
        return byte - 87
    return -1
