"""A waybill's track: which positions count, and the driver-location document that they make. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from protocols.freight.documents import POSITIONS_MAX
from protocols.freight.values import seconds_of, text_of, time_text
from protocols.jt808 import fast
from protocols.wire.errors import ProtocolError
from protocols.wire.tables import MSG_POSITION_REPORT, STATUS_FIXED, STATUS_SOUTH, STATUS_WEST

WAYBILL_ITEM: Final = 0xE1  # of the terminal, in the range that is the vendor's
TIME_ON_WIRE_YEARS: Final = "20"
_PLACES: Final = 6
_STATUS_CIPHER: Final = 5  # longitude and latitude are encrypted


@dataclass(frozen=True)
class Point:
    """time_s: Unix time, by the terminal. latitude_udeg, longitude_udeg: signed. waybill: the number that the
    terminal put into the report, empty when it did not."""

    time_s: int
    latitude_udeg: int
    longitude_udeg: int
    speed_dkmh: int
    direction_deg: int
    waybill: str


@dataclass(frozen=True)
class Trip:
    """What a location document says beside the positions. ends: (latitude, longitude) in micro-degrees of
    loading and unloading, None where nobody knows. regions, places: codes and texts of the ends."""

    number: str
    serial: str
    plate: str
    colour: str
    driver_name: str
    driver_identity: str
    ends: tuple[tuple[int, int] | None, tuple[int, int] | None]
    regions: tuple[str, str] = ("", "")
    places: tuple[str, str] = ("", "")


def point_of(edition: int, body: bytes) -> Point | None:
    """The point of a 0x0200 body; None for one that proves nothing: no fix, cipher coordinates, no such
    time."""
    try:
        values = fast.decode_body(MSG_POSITION_REPORT, edition, body)
    except ProtocolError:
        return None
    status = values["status"]
    time_s = seconds_of(TIME_ON_WIRE_YEARS + values["time_bcd"].hex())
    if time_s is None or not status >> STATUS_FIXED & 1 or status >> _STATUS_CIPHER & 1:
        return None
    south, west = status >> STATUS_SOUTH & 1, status >> STATUS_WEST & 1
    return Point(
        time_s,
        -values["latitude_udeg"] if south else values["latitude_udeg"],
        -values["longitude_udeg"] if west else values["longitude_udeg"],
        values["speed_dkmh"],
        values["direction_deg"],
        _waybill_in(values["items"]),
    )


def thinned(points: Sequence[Point], interval_s: int, most: int = POSITIONS_MAX) -> list[Point]:
    """At most one in `interval_s`, first and last always; the interval grows until at most `most` are
    left."""
    while True:
        kept: list[Point] = []
        for point in points:
            if not kept or point.time_s - kept[-1].time_s >= interval_s:
                kept.append(point)
        if kept and kept[-1] is not points[-1]:
            kept.append(points[-1])
        if len(kept) <= most:
            return kept
        interval_s = max(1, interval_s * 2)


def location_document(trip: Trip, points: Sequence[Point], interval_s: int) -> dict[str, Any] | None:
    """WLHY_WZ1001 of this trip; None without any position: there is nothing to prove then."""
    if not points:
        return None
    first, last = points[0], points[-1]
    start, end = trip.ends
    note = {
        "shippingNoteNumber": trip.number,
        "serialNumber": trip.serial,
        **_end(
            "start", start or (first.latitude_udeg, first.longitude_udeg), trip.regions[0], trip.places[0]
        ),
        **_end("end", end or (last.latitude_udeg, last.longitude_udeg), trip.regions[1], trip.places[1]),
    }
    return {
        "vehicleNumber": trip.plate,
        "vehiclePlateColorCode": trip.colour,
        "driverName": trip.driver_name,
        "drivingLicense": trip.driver_identity,
        "shippingNoteList": [note],
        "source": "terminal",
        "datum": "WGS84",
        "positions": [_position(point) for point in thinned(points, interval_s)],
    }


def _end(name: str, place: tuple[int, int], region: str, text: str) -> dict[str, Any]:
    found = {f"{name}Latitude": _degrees(place[0]), f"{name}Longitude": _degrees(place[1])}
    if region:
        found[f"{name}CountrySubdivisionCode"] = region
    if text:
        found[f"{name}LocationText"] = text
    return found


def _position(point: Point) -> dict[str, Any]:
    return {
        "time": time_text(point.time_s),
        "longitude": _degrees(point.longitude_udeg),
        "latitude": _degrees(point.latitude_udeg),
        "speed": text_of(point.speed_dkmh, 1),
        "direction": str(point.direction_deg),
    }


def _degrees(udeg: int) -> str:
    return ("-" if udeg < 0 else "") + text_of(abs(udeg), _PLACES)


def _waybill_in(items: Sequence[Any]) -> str:
    for item in items:
        if item["id"] == WAYBILL_ITEM and isinstance(item["value"], bytes):
            return item["value"].decode("gbk", "replace")
    return ""
