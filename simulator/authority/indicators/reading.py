"""Reads documents as they came, well formed or not: what cannot be read is UNREAD, empty or left out."""

import re
from collections.abc import Mapping
from operator import itemgetter
from typing import Any, Final

import numpy as np

from protocols.freight.codes import CARGO
from protocols.freight.documents import POSITIONS_MAX
from protocols.freight.values import scaled, seconds_of

from .facts import UNREAD
from .tracks import POINT, Points

CARGOES: Final = tuple(sorted(CARGO))
CARGO_BITS: Final = {code: 1 << i for i, code in enumerate(CARGOES)}
MEMBERS_MAX: Final = 1000  # of a list; more are not read
LARGEST: Final = 2**62  # a sum beyond it is no sum of this world

Document = Mapping[str, Any]
_DEGREES: Final = re.compile(r"(-?)([0-9]{1,3})(?:\.([0-9]{1,6}))?")


def shares_of(total: int, weights: list[int]) -> list[int]:
    """The total in whole parts by weight; nothing is lost, the last part takes the rounding."""
    whole, given, shares = sum(weights), 0, []
    for i, weight in enumerate(weights):
        share = total - given if i == len(weights) - 1 else (total * weight // whole if whole else 0)
        shares.append(share)
        given += share
    return shares


def goods_of(vehicle: Document) -> tuple[int, int]:
    """(grams of all goods or UNREAD, bits of their cargo codes)."""
    total, bits = 0, 0
    goods = members_of(vehicle, "goodsInfo")
    for item in goods:
        weight = scaled(item.get("goodsItemGrossWeight"), 3)
        bits |= CARGO_BITS.get(text_of(item, "cargoTypeClassificationCode"), 0)
        total = UNREAD if weight is None or total == UNREAD else min(total + weight, LARGEST)
    return (total if goods else UNREAD), bits


def points_of(document: Document) -> Points:
    """The readable positions of a location document by time, those of one second in the order given. (One by
    one: columns cost as much for the few dozen of a trip.)"""
    taken = []
    for position in members_of(document, "positions", POSITIONS_MAX):
        time = seconds_of(position.get("time"))
        latitude, longitude = udeg_of(position.get("latitude")), udeg_of(position.get("longitude"))
        if time is not None and 0 <= time < 2**32 and latitude is not None and longitude is not None:
            taken.append((time, latitude, longitude))
    taken.sort(key=itemgetter(0))
    return np.array(taken, dtype=POINT)


def udeg_of(value: Any) -> int | None:
    """Degrees as number or text, at most six decimals → micro-degrees; None when it is no such thing."""
    match = _DEGREES.fullmatch(value if isinstance(value, str) else repr(value))
    if match is None:
        return None
    sign, whole, decimals = match.groups()
    number = int(whole + (decimals or "").ljust(6, "0"))
    if number > 180_000_000:
        return None
    return -number if sign else number


def key_of(document: Document) -> str:
    """number/serial; empty when either is not readable."""
    number, serial = text_of(document, "shippingNoteNumber"), text_of(document, "serialNumber")
    return f"{number}/{serial}" if number and serial else ""


def time_of(document: Document, name: str) -> int:
    seconds = seconds_of(document.get(name))
    return UNREAD if seconds is None else seconds


def scaled_of(value: Any, places: int) -> int:
    parsed = scaled(value, places)
    return UNREAD if parsed is None else min(parsed, LARGEST)


def text_of(document: Document, name: str) -> str:
    value = document.get(name)
    return value if isinstance(value, str) else ""


def group_of(document: Document, name: str) -> Document:
    value = document.get(name)
    return value if isinstance(value, Mapping) else {}


def members_of(document: Document, name: str, most: int = MEMBERS_MAX) -> list[Document]:
    value = document.get(name)
    if not isinstance(value, list):
        return []
    return [each for each in value[:most] if type(each) is dict or isinstance(each, Mapping)]
