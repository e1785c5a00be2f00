"""Days and seconds in integers that stay small: a day number since 2000-01-01 and the second of that day.

One number of seconds would leave the 30 bits of a 32-bit board's small integers in 2034.
"""

DAY_SECONDS = 86400
BEIJING_OFFSET_S = 8 * 3600  # every time on the wire is GMT+8, without summer time
_DAYS_BEFORE_MONTH = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def day_number(year, month, day):
    """Days from 2000-01-01 to a date of 2000…2099, -1 when there is no such date."""
    if not 2000 <= year <= 2099 or not 1 <= month <= 12:
        return -1
    leap = year % 4 == 0
    if not 1 <= day <= _MONTH_DAYS[month - 1] + (1 if leap and month == 2 else 0):
        return -1
    years = year - 2000
    days = years * 365 + (years + 3) // 4 + _DAYS_BEFORE_MONTH[month - 1] + day - 1
    return days + 1 if leap and month > 2 else days


def write_beijing_bcd(day, second, buffer, at):
    """Puts YYMMDDhhmmss, Beijing time, as six BCD bytes at buffer[at]; `day` and `second` are UTC.

    Allocates nothing. The two-digit year counts from 2000.
    """
    second += BEIJING_OFFSET_S
    if second >= DAY_SECONDS:
        second -= DAY_SECONDS
        day += 1
    year = day * 4 // 1461  # four years are 1461 days, and 2000 was a leap year
    day -= year * 365 + (year + 3) // 4
    month = 0
    while True:
        length = 29 if month == 1 and year % 4 == 0 else _MONTH_DAYS[month]
        if day < length:
            break
        day -= length
        month += 1
    buffer[at] = _bcd(year % 100)
    buffer[at + 1] = _bcd(month + 1)
    buffer[at + 2] = _bcd(day + 1)
    buffer[at + 3] = _bcd(second // 3600)
    buffer[at + 4] = _bcd(second // 60 % 60)
    buffer[at + 5] = _bcd(second % 60)


def read_beijing_bcd(buffer, at):
    """The inverse: (day, second) in UTC of six BCD bytes, (-1, 0) when they are no time."""
    day = day_number(2000 + _number(buffer[at]), _number(buffer[at + 1]), _number(buffer[at + 2]))
    second = (_number(buffer[at + 3]) * 60 + _number(buffer[at + 4])) * 60 + _number(buffer[at + 5])
    if day < 0:
        return -1, 0
    second -= BEIJING_OFFSET_S
    return (day - 1, second + DAY_SECONDS) if second < 0 else (day, second)


def seconds_between(day, second, later_day, later_second):
    """Seconds from one time to another, limited to ±10,000 days so that it stays a small integer."""
    days = max(-10000, min(10000, later_day - day))
    return days * DAY_SECONDS + later_second - second


def _bcd(number):
    return number // 10 << 4 | number % 10


def _number(byte):
    return (byte >> 4) * 10 + (byte & 0x0F)
