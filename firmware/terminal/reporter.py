"""Decides when a position is worth a report: time, distance, turn, ignition, change of status or alarm.

Works on the device's clock in whole seconds, so the jitter of the receiver moves no report. Must not send,
store or build anything.
"""

from .calendar import seconds_between

# Why a report is due; 0 is not due.
NOT_DUE = 0
FIRST_FIX = 1
CHANGE = 2  # of ignition, fix or alarm: at once (JT/T 808-2013 §8.12, status changes)
INTERVAL = 3
DISTANCE = 4
TURN = 5
QUERY = 6

# What the interval and the distance depend on (parameters 0x0021 to 0x002F).
MODE_DEFAULT = 0
MODE_NO_DRIVER = 1
MODE_ASLEEP = 2  # ignition off
MODE_EMERGENCY = 3

TURN_SPEED_MIN_DKMH = 50  # below 5 km/h the course of a receiver is noise
CLOCK_BACK_S = 60  # a step back by less waits until the clock has caught up; by more is a corrected clock
PER_SECOND_MAX = 2  # a regular report and one with changed flags: so no two reports are ever the same
AXIS_MAX_M = 20000  # farther is far enough; keeps the square below 30 bits


class Reporter:
    """`due` asks, `reported` tells that it was done.

    tracking: whether a temporary tracking order (0x8202) runs. alarm_high, alarm_low: of the last report.
    """

    __slots__ = (
        "_day",
        "_direction_deg",
        "_fix_seen",
        "_in_second",
        "_latitude_udeg",
        "_longitude_udeg",
        "_mode",
        "_second",
        "_settings",
        "_status",
        "_tracking_s",
        "_tracking_until_ms",
        "alarm_high",
        "alarm_low",
        "query",
        "tracking",
    )

    def __init__(self, settings):
        self._settings = settings
        self._day = -1  # no report yet
        self._second = self._in_second = 0
        self._status = self.alarm_high = self.alarm_low = 0
        self._latitude_udeg = self._longitude_udeg = self._direction_deg = 0
        self._fix_seen = False
        self._mode = MODE_DEFAULT
        self.query = False  # somebody asked for a report as soon as one may be made
        self.tracking = False
        self._tracking_s = self._tracking_until_ms = 0

    def resume(self, day, second):
        """A report of this time is on flash from before the start; its second is used up."""
        self._day = day
        self._second = second
        self._in_second = PER_SECOND_MAX

    def track(self, interval_s, validity_s, now_ms):
        """0x8202: every `interval_s` for `validity_s`; interval 0 ends it."""
        self.tracking = interval_s > 0
        self._tracking_s = interval_s
        self._tracking_until_ms = now_ms + validity_s * 1000

    def interval_s(self, mode, now_ms):
        """The interval in force, seconds; from now on distances are those of this mode, too."""
        self._mode = mode
        if self.tracking and now_ms > self._tracking_until_ms:
            self.tracking = False
        if self.tracking:
            return self._tracking_s
        return self._settings.intervals_s[mode]

    def due(self, fix, status, alarm_high, alarm_low, day, second, interval_s):
        """Why a report is due at device time (day, second), or NOT_DUE. `status` holds ACC and fixed."""
        fixed = fix.valid
        changed = status != self._status or alarm_high != self.alarm_high or alarm_low != self.alarm_low
        if self._day < 0:
            return FIRST_FIX
        elapsed = seconds_between(self._day, self._second, day, second)
        if -CLOCK_BACK_S < elapsed <= 0 and not (
            elapsed == 0 and changed and self._in_second < PER_SECOND_MAX
        ):
            return NOT_DUE
        if changed:
            return CHANGE
        if fixed and not self._fix_seen:
            return FIRST_FIX
        if self.query:
            return QUERY
        if elapsed >= interval_s or elapsed < 0:
            return INTERVAL
        distance_m = self._settings.distances_m[self._mode]
        if fixed and distance_m and self._has_moved(fix, distance_m):
            return DISTANCE
        if fixed and self._settings.turn_deg and self._has_turned(fix):
            return TURN
        return NOT_DUE

    def may(self, day, second):
        """Whether a report that tells something new may be made now: two of one second would be the same."""
        return (
            self._day < 0 or day != self._day or second != self._second or self._in_second < PER_SECOND_MAX
        ) and seconds_between(self._day, self._second, day, second) >= 0

    def alarms_differ(self, alarm_high, alarm_low):
        """Whether these are other alarms than those of the last report."""
        return alarm_high != self.alarm_high or alarm_low != self.alarm_low

    def reported(self, fix, status, alarm_high, alarm_low, day, second):
        """A report with these values was made."""
        same = day == self._day and second == self._second
        self._in_second = self._in_second + 1 if same else 1
        self._day = day
        self._second = second
        self._status = status
        self.alarm_high = alarm_high
        self.alarm_low = alarm_low
        self._latitude_udeg = fix.latitude_udeg
        self._longitude_udeg = fix.longitude_udeg
        self._direction_deg = fix.direction_deg
        self._fix_seen = self._fix_seen or fix.valid
        self.query = False

    def _has_moved(self, fix, distance_m):
        """Whether the fix is farther than that from the last report; a plane is exact enough for it."""
        north = _axis_m(fix.latitude_udeg - self._latitude_udeg, 1000)
        degree = abs(fix.latitude_udeg) // 1000000
        # Bhaskara's cosine of whole degrees in thousandths, right to 0.2 %.
        cosine = 1000 * (32400 - 4 * degree * degree) // (32400 + degree * degree)
        east = _axis_m(fix.longitude_udeg - self._longitude_udeg, cosine)
        return north * north + east * east >= min(distance_m, AXIS_MAX_M) * min(distance_m, AXIS_MAX_M)

    def _has_turned(self, fix):
        if fix.speed_dkmh < TURN_SPEED_MIN_DKMH:
            return False
        turn = abs(fix.direction_deg - self._direction_deg)
        return min(turn, 360 - turn) >= self._settings.turn_deg


def _axis_m(difference_udeg, scale_e3):
    """Metres along one axis: a micro-degree of a great circle is 0.1112 m; limited to AXIS_MAX_M."""
    limited = min(abs(difference_udeg), 200000)
    return min(limited * 139 // 1250 * scale_e3 // 1000, AXIS_MAX_M)
