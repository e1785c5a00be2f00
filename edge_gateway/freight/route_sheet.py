"""The route sheet of dangerous goods (电子路单): checked before departure. Its fields are OURS.

The exchange specification exists; its fields were not found. What is asked for is what a sheet of that name
must say to be of use: which waybill, vehicle, driver and escort, what goods, which road, from when to when.
"""

from collections.abc import Mapping
from typing import Any, Final

from protocols.freight.capacity import Code, Reason
from protocols.freight.values import seconds_of

UN_DIGITS: Final = 4
ROUTE_MAX: Final = 200
_TEXTS: Final = ("number", "escortName", "emergencyPhone")
SUBJECT: Final = "route_sheet"


def check(sheet: Mapping[str, Any] | None, trip: Mapping[str, str], now_s: int) -> tuple[Reason, ...]:
    """Every fault. trip: shippingNoteNumber, vehicleNumber, driverName as the waybill has them. sheet:
    number, shippingNoteNumber, vehicleNumber, driverName, escortName, emergencyPhone, unNumber, goodsName,
    route (list of texts), validFrom and validTo (YYYYMMDDhhmmss)."""
    if not sheet:
        return (Reason(Code.MISSING, SUBJECT, "dangerous goods need one"),)
    found = [_missing(name) for name in _TEXTS if not _text(sheet.get(name))]
    for name, wanted in trip.items():
        if not _text(sheet.get(name)):
            found.append(_missing(name))
        elif sheet[name] != wanted:
            found.append(Reason(Code.OF_ANOTHER, f"{SUBJECT}.{name}", "not that of the waybill"))
    number = sheet.get("unNumber")
    if not (isinstance(number, str) and len(number) == UN_DIGITS and number.isdecimal()):
        found.append(Reason(Code.MISSING, f"{SUBJECT}.unNumber", f"{UN_DIGITS} digits are needed"))
    route = sheet.get("route")
    if not (isinstance(route, list) and 2 <= len(route) <= ROUTE_MAX and all(map(_text, route))):
        found.append(Reason(Code.MISSING, f"{SUBJECT}.route", f"2 to {ROUTE_MAX} places are needed"))
    return (*found, *_validity(sheet, now_s))


def _validity(sheet: Mapping[str, Any], now_s: int) -> list[Reason]:
    begin, end = seconds_of(sheet.get("validFrom")), seconds_of(sheet.get("validTo"))
    if begin is None or end is None:
        return [_missing("validFrom" if begin is None else "validTo")]
    if now_s < begin:
        return [Reason(Code.NOT_BEGUN, SUBJECT, "its time has not begun")]
    return [Reason(Code.ENDED, SUBJECT, "its time is over")] if now_s >= end else []


def _missing(name: str) -> Reason:
    return Reason(Code.MISSING, f"{SUBJECT}.{name}", "it is not there")


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())
