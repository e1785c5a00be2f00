"""Numbers and times of the documents as integers: thousandths, hundredths, Unix seconds; no floats.

Times on the documents are Beijing time (GMT+8, as the reference takes it). None: the value is not readable.
"""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

BEIJING_OFFSET_S: Final = 8 * 3600
DAY_S: Final = 86400
_NUMBER: Final = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,6}))?")
_SCALE: Final = {places: 10**places for places in range(7)}


def scaled(value: Any, places: int) -> int | None:
    """ "12.5" with 3 places → 12500. None: no number, negative, or with more decimals than places."""
    if isinstance(value, str):
        match = _NUMBER.fullmatch(value)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        match = _NUMBER.fullmatch(repr(value))  # repr is the shortest decimal that reads back as this number
    else:
        return None
    if match is None:
        return None
    whole, decimals = match.groups()
    if decimals is None:
        return int(whole) * _SCALE[places]
    decimals = decimals.rstrip("0")
    if len(decimals) > places:
        return None
    return int(whole) * _SCALE[places] + int(decimals.ljust(places, "0") or 0)


def text_of(number: int, places: int) -> str:
    """Turns `scaled` back: 12500 with 3 places → "12.500"."""
    return f"{number // _SCALE[places]}.{number % _SCALE[places]:0{places}d}" if places else str(number)


def seconds_of(value: Any) -> int | None:
    """YYYYMMDDhhmmss, Beijing time → Unix seconds; None for anything that is no such time."""
    if not isinstance(value, str) or len(value) != 14 or not (value.isascii() and value.isdigit()):
        return None
    midnight = day_start(value[:8])
    hour, minute, second = int(value[8:10]), int(value[10:12]), int(value[12:14])
    if midnight is None or hour > 23 or minute > 59 or second > 59:
        return None
    return midnight + 3600 * hour + 60 * minute + second


@lru_cache(maxsize=4096)
def day_start(value: str) -> int | None:
    """YYYYMMDD → Unix seconds of that day's midnight in Beijing; None for no such day."""
    if len(value) != 8 or not (value.isascii() and value.isdigit()):
        return None
    try:
        day = datetime(int(value[:4]), int(value[4:6]), int(value[6:]), tzinfo=UTC)
    except ValueError:
        return None
    return int(day.timestamp()) - BEIJING_OFFSET_S


def time_text(seconds: int) -> str:
    """Unix seconds → YYYYMMDDhhmmss, Beijing time."""
    return datetime.fromtimestamp(seconds + BEIJING_OFFSET_S, UTC).strftime("%Y%m%d%H%M%S")


def day_text(seconds: int) -> str:
    """Unix seconds → YYYYMMDD, Beijing time."""
    return time_text(seconds)[:8]
