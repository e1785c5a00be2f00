"""NMEA sentences to 0x0200 bodies. pynmea2 reads them, and every field is checked here: it gives a bad number
back as text, or raises only when the value is read."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Final

import pynmea2

from protocols.jt808 import walk
from protocols.jt808.times import BEIJING
from protocols.wire.bcd import digits_to_bcd
from protocols.wire.tables import (
    MSG_POSITION_REPORT,
    STATUS_FIXED,
    STATUS_SOUTH,
    STATUS_WEST,
)

LINE_BYTES_MAX: Final = 256  # NMEA allows 82; vendors send more
KNOT_DKMH: Final = 18.52  # tenths of km/h
ALTITUDE_M_MAX: Final = 0x7FFF
SPEED_DKMH_MAX: Final = 0xFFFF


@dataclass(frozen=True)
class Fix:
    """One epoch of a receiver; degrees, south and west negative."""

    at: datetime
    latitude: float
    longitude: float
    speed_dkmh: int
    direction_deg: int
    altitude_m: int
    valid: bool


class Receiver:
    """Feed it with bytes; gives a fix for each RMC. Altitude comes from the last GGA."""

    def __init__(self) -> None:
        self.rejected = 0
        self._rest = b""
        self._altitude_m = 0

    def receive(self, data: bytes) -> list[Fix]:
        """The fixes that these bytes complete. Noise is counted."""
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[-LINE_BYTES_MAX:]
        found = [self._line(line.strip()) for line in lines if line.strip()]
        return [fix for fix in found if fix is not None]

    def _line(self, line: bytes) -> Fix | None:
        try:
            sentence: Any = pynmea2.parse(line.decode("ascii"), check=True)
            if sentence.sentence_type == "GGA" and int(sentence.gps_qual or 0):
                self._altitude_m = round(float(sentence.altitude))
            return self._fix(sentence) if sentence.sentence_type == "RMC" else None
        except (pynmea2.ParseError, ValueError, TypeError, AttributeError, UnicodeDecodeError):
            self.rejected += 1
            return None

    def _fix(self, sentence: Any) -> Fix | None:
        """None without a date: a report needs its time."""
        day, moment = sentence.datestamp, sentence.timestamp
        if not isinstance(day, date) or not isinstance(moment, time):
            return None
        valid = sentence.status == "A"
        latitude, longitude = (sentence.latitude, sentence.longitude) if valid else (0.0, 0.0)
        if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
            raise ValueError("a place outside the world")
        speed = round(float(sentence.spd_over_grnd or 0) * KNOT_DKMH)
        return Fix(
            datetime.combine(day, moment.replace(tzinfo=UTC)),
            latitude,
            longitude,
            min(max(speed, 0), SPEED_DKMH_MAX),
            round(float(sentence.true_course or 0)) % 360,
            self._altitude_m if valid else 0,
            valid,
        )


def body_of(fix: Fix, edition: int) -> bytes:
    """The 0x0200 body of a fix."""
    # Nothing is said of the ignition: a receiver does not know it.
    status = fix.valid << STATUS_FIXED
    status |= (fix.latitude < 0) << STATUS_SOUTH | (fix.longitude < 0) << STATUS_WEST
    local = fix.at.astimezone(BEIJING)
    values = {
        "alarm": 0,
        "status": status,
        "latitude_udeg": round(abs(fix.latitude) * 1_000_000),
        "longitude_udeg": round(abs(fix.longitude) * 1_000_000),
        "altitude_m": min(max(fix.altitude_m, 0), ALTITUDE_M_MAX),
        "speed_dkmh": fix.speed_dkmh,
        "direction_deg": fix.direction_deg,
        "time_bcd": digits_to_bcd(local.strftime("%y%m%d%H%M%S"), 6),
        "items": [],
        "trailing": b"",
    }
    return walk.encode_body(MSG_POSITION_REPORT, edition, values)
