"""How long each driver has driven, without a rest and today; kept over driver changes and power cuts.

Only the wheels count: time in which the truck moves is driving, and a rest ends a spell of driving when it is
long enough (parameter 0x0059). A tunnel is no rest: without a fix and with the ignition on, what was goes on.
Raises no alarm itself.
"""

import struct

from ..calendar import seconds_between

NAME = "driving"
DRIVERS_MAX = 4  # remembered; the one who drove least recently gives way
SAVE_EVERY_S = 300  # of driving: what a power cut may cost
GAP_MAX_S = 10  # a longer gap between two epochs was no driving: the terminal was off
MOVING_DKMH = 50  # below 5 km/h a standing truck's receiver drifts
STANDING_DKMH = 30
MOVING_AFTER_S = 3
STANDING_AFTER_S = 3
_ENTRY = ">IIIHHI"  # key; driven since the last rest; driven today; that day; last driven: day, second
_ENTRY_BYTES = 20


class Driving:
    """`add` every epoch; `save` when `dirty`, outside of it, for that allocates.

    moving: whether the truck drives, bounces taken out. parked_s: since it last did. driven_s: by this driver
    since his last rest. today_s: by him on this day (Beijing). rested: whether the last `add` found that a
    rest has ended a spell of driving.
    """

    __slots__ = (
        "_count",
        "_day",
        "_entries",
        "_key",
        "_last_day",
        "_last_second",
        "_saved_s",
        "_second",
        "_store",
        "_today",
        "dirty",
        "driven_s",
        "moving",
        "parked_s",
        "rested",
        "today_s",
    )

    def __init__(self, store):
        self._store = store
        self._entries = store.get(NAME) if store is not None else b""
        self._key = 0
        self._day = -1  # of the epoch before
        self._second = 0
        self.moving = self.rested = self.dirty = False
        self._count = self.parked_s = 0
        if len(self._entries) >= _ENTRY_BYTES:
            self._key = struct.unpack_from(_ENTRY, self._entries, 0)[0]
        self._load()

    def add(self, speed_dkmh, known, ignition, day, second, rest_s):
        """An epoch: speed (0.1 km/h, of use when `known`), ignition, time (Beijing), the least rest."""
        elapsed_s = 0 if self._day < 0 else seconds_between(self._day, self._second, day, second)
        self._day = day
        self._second = second
        self.rested = False
        if elapsed_s < 0:
            return  # the clock was put right
        if day != self._today:
            self._today = day
            self.today_s = 0
        if elapsed_s > GAP_MAX_S:
            self.moving = False
        elif known or not ignition:
            self._judge(speed_dkmh if known else 0, elapsed_s)
        # Also when the truck moves: he may have sat beside another driver, or the terminal was off.
        if self.driven_s and seconds_between(self._last_day, self._last_second, day, second) >= rest_s:
            self.driven_s = 0
            self.rested = self.dirty = True
        if self.moving:
            self._drive(elapsed_s, day, second)
        else:
            self.parked_s += elapsed_s

    def change(self, key):
        """Somebody else drives: `key` is a number for him, 0 for nobody known."""
        if key != self._key:
            self.save()
            self._key = key
            self._load()
            self.save()

    def save(self):
        """Writes the table, this driver first."""
        own = struct.pack(
            _ENTRY,
            self._key,
            self.driven_s,
            self.today_s,
            max(self._today, 0),
            self._last_day,
            self._last_second,
        )
        others = b""
        for at in range(0, len(self._entries), _ENTRY_BYTES):
            if self._entries[at : at + 4] != own[:4]:
                others += self._entries[at : at + _ENTRY_BYTES]
        self._entries = own + others[: (DRIVERS_MAX - 1) * _ENTRY_BYTES]
        self._saved_s = self.today_s
        self.dirty = False
        try:
            if self._store is not None:
                self._store.put(NAME, self._entries)
        except OSError:
            self._saved_s -= SAVE_EVERY_S // 2  # again in half the time, not at every epoch

    def last_driven(self):
        """(day, second) at which this driver last drove, Beijing time."""
        return self._last_day, self._last_second

    def _load(self):
        self.driven_s = self.today_s = self._saved_s = 0
        self._today = -1
        self._last_day = self._last_second = 0
        for at in range(0, len(self._entries), _ENTRY_BYTES):
            entry = struct.unpack_from(_ENTRY, self._entries, at)
            if entry[0] == self._key:
                _, self.driven_s, self.today_s, self._today, self._last_day, self._last_second = entry
                self._saved_s = self.today_s

    def _judge(self, speed_dkmh, elapsed_s):
        """Moving or standing, when that has lasted."""
        other = speed_dkmh < STANDING_DKMH if self.moving else speed_dkmh >= MOVING_DKMH
        self._count = self._count + elapsed_s if other else 0
        if self._count >= (STANDING_AFTER_S if self.moving else MOVING_AFTER_S):
            self.moving = not self.moving
            self._count = 0

    def _drive(self, elapsed_s, day, second):
        self.parked_s = 0
        self.driven_s += elapsed_s
        self.today_s += elapsed_s
        self._last_day = day
        self._last_second = second
        if abs(self.today_s - self._saved_s) >= SAVE_EVERY_S:
            self.dirty = True
