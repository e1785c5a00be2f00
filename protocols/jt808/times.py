"""BCD times, dates and digits as people write them, and back. All are Beijing time but the one of 0x8004."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from protocols.wire.bcd import bcd_to_digits, digits_to_bcd
from protocols.wire.errors import LocalProtocolError

BEIJING = timezone(timedelta(hours=8))


def iso_time(time_bcd: bytes, zone: timezone = BEIJING) -> str:
    """BCD[6] YYMMDDhhmmss as "2025-01-02T03:04:05+08:00".

    Raises ValueError or RemoteProtocolError when it is no time.
    """
    return datetime.strptime(bcd_to_digits(time_bcd), "%y%m%d%H%M%S").replace(tzinfo=zone).isoformat()


def present_bcd(form: str, value: bytes, clock: timezone = BEIJING) -> str:
    """The text of a BCD field of form "time", "utc", "period", "date" or "digits".

    `clock` is the zone of all times but "utc". Raises ValueError or RemoteProtocolError when it is none.
    """
    if form == "digits":
        return bcd_to_digits(value)
    if form == "date":
        return datetime.strptime(bcd_to_digits(value), "%Y%m%d").date().isoformat()
    if form != "period":
        return iso_time(value, UTC if form == "utc" else clock)
    try:
        return iso_time(value, clock)
    except ValueError:  # zeros that mean "every": the digits say it better than hex
        return bcd_to_digits(value)


def unpresent_bcd(form: str, text: str, width: int, clock: timezone = BEIJING) -> bytes:
    """The BCD bytes behind such a text. Raises ValueError, TypeError or a ProtocolError."""
    if form == "digits" or (form == "period" and text.isdecimal()):
        if len(text) != 2 * width:
            raise LocalProtocolError(f"{2 * width} digits are wanted, not {text!r}")
        return digits_to_bcd(text, width)
    if form == "date":
        return digits_to_bcd(datetime.strptime(text, "%Y-%m-%d").strftime("%Y%m%d"), width)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise LocalProtocolError("a time needs its offset from UTC")
    zone = UTC if form == "utc" else clock
    return digits_to_bcd(moment.astimezone(zone).strftime("%y%m%d%H%M%S"), width)
