"""Who sits in a virtual truck, and what the reader of his card says on its serial line.

The line's protocol is that of `firmware.terminal.pages.driver`; the names and codes are invented.
"""

from __future__ import annotations

from functools import reduce
from operator import xor
from typing import Final, NamedTuple

DRIVERS_PER_TRUCK: Final = 2
_NAMES: Final = ("张伟", "李娜", "王强", "刘洋", "陈静", "杨帆", "赵磊", "周敏")


class Driver(NamedTuple):
    """What a card holds. code: of the qualification, 18 digits. valid_until: YYYYMMDD."""

    name: str
    code: str
    issuer: str = "云南省交通运输厅"
    valid_until: str = "20301231"


def driver_of(truck: int, shift: int) -> Driver:
    """The driver of a truck's shift; the two of a truck take turns."""
    number = truck * DRIVERS_PER_TRUCK + shift % DRIVERS_PER_TRUCK
    return Driver(_NAMES[number % len(_NAMES)], f"5301{number:014d}")


def card_in(driver: Driver) -> bytes:
    """The reader's line when this card was read."""
    fields = ("IN", "0", driver.name, driver.code, driver.issuer, driver.valid_until, driver.code)
    return _line(",".join(fields))


def card_out() -> bytes:
    """The reader's line when the card was pulled out."""
    return _line("OUT")


def _line(text: str) -> bytes:
    data = text.encode("gbk")
    return data + b"*%02X\r\n" % reduce(xor, data)
