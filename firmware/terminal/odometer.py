"""Metres driven, from speed and time in integers; kept in the store so that it outlives a power cut.

Speed times time instead of distances between fixes: those add up the noise of a standing truck.
"""

NAME = "odometer"
STANDSTILL_DKMH = 20  # below 2 km/h a receiver's speed is noise
GAP_MAX_MS = 5000  # a longer gap between two fixes is not bridged
UNITS_PER_M = 36000  # 0.1 km/h during 1 ms is 1/36000 m
SAVE_EVERY_M = 1000  # what a power cut may cost


class Odometer:
    """`add` every valid fix. metres: so far."""

    __slots__ = ("_last_ms", "_rest", "_saved_m", "_store", "metres")

    def __init__(self, store):
        self._store = store
        text = store.get(NAME) if store is not None else b""
        self.metres = self._saved_m = int(text) if text.isdigit() else 0
        self._rest = 0
        self._last_ms = -1

    def add(self, speed_dkmh, now_ms):
        """The truck drives at this speed at `now_ms`. Raises nothing: a store that refuses is tried again."""
        elapsed_ms = now_ms - self._last_ms if self._last_ms >= 0 else 0
        self._last_ms = now_ms
        if speed_dkmh < STANDSTILL_DKMH or not 0 < elapsed_ms <= GAP_MAX_MS:
            return
        self._rest += speed_dkmh * elapsed_ms
        self.metres += self._rest // UNITS_PER_M
        self._rest %= UNITS_PER_M
        if self.metres - self._saved_m >= SAVE_EVERY_M:
            self.save()

    def interrupt(self):
        """The fix is lost: the way until the next one is not known."""
        self._last_ms = -1

    def save(self):
        """Writes the metres to the store."""
        if self._store is None or self._saved_m == self.metres:
            return
        try:
            self._store.put(NAME, b"%d" % self.metres)
            self._saved_m = self.metres
        except OSError:
            self._saved_m = self.metres - SAVE_EVERY_M + 100  # again in 100 m, not at every fix
