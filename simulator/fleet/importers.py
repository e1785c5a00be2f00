"""Tracks of others: GPX and NMEA files as lists of points.

Files come from anywhere, so they are bounded in size, and every complaint names the file and the line.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import pynmea2

from .geometry import Point

FILE_BYTES_MAX: Final = 64 * 1024 * 1024  # a week of NMEA at 1 Hz is about 60 MB; more is a mistake
POINTS_MAX: Final = 1_000_000
_GPX_POINTS: Final = frozenset({"trkpt", "rtept"})


class RouteFileError(ValueError):
    """A route that cannot be had; the text says which file, which line and what is wrong."""


def read_gpx(path: Path) -> list[Point]:
    """Track and route points of a GPX 1.0 or 1.1 file, in file order.

    Raises RouteFileError for a file that is too big, is not well-formed, declares entities (the way to blow
    up an XML reader), holds a coordinate that is none, or has fewer than two points.
    """
    text = _read_text(path)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise RouteFileError(f"{path}: a document type declaration has no place in a GPX file; remove it")
    points = [
        _gpx_point(path, element) for element in _elements(path, text) if _local(element.tag) in _GPX_POINTS
    ]
    return _enough(path, points, "track points (trkpt, rtept)")


def read_nmea(path: Path) -> list[Point]:
    """Positions of all valid GGA, or where there is no GGA at all, RMC sentences of a recording.

    Comments (#) and foreign lines are skipped. Raises RouteFileError for a file that is too big, for a
    sentence whose checksum does not fit its text, and for fewer than two positions.
    """
    by_kind: dict[str, list[Point]] = {"GGA": [], "RMC": []}
    for number, line in enumerate(_read_text(path).splitlines(), start=1):
        kind = line[3:6]
        if line.startswith("$") and kind in by_kind:
            point = _nmea_point(path, number, line)
            if point:
                by_kind[kind].append(point)
    return _enough(path, by_kind["GGA"] or by_kind["RMC"], "valid GGA or RMC sentences")


def _read_text(path: Path) -> str:
    try:
        size = path.stat().st_size
        if size > FILE_BYTES_MAX:
            raise RouteFileError(f"{path}: {size} bytes; at most {FILE_BYTES_MAX} are read")
        return path.read_text("utf-8", errors="replace")
    except OSError as error:
        raise RouteFileError(f"{path}: {error.strerror}") from error


def _elements(path: Path, text: str) -> Iterator[ElementTree.Element]:
    try:
        for _, element in ElementTree.iterparse(StringIO(text)):
            yield element
    except ElementTree.ParseError as error:
        line, column = error.position
        raise RouteFileError(f"{path}, line {line}, column {column}: {error}") from error


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _gpx_point(path: Path, element: ElementTree.Element) -> Point:
    # ElementTree keeps no line numbers, so a bad point is named by what it says.
    said = dict(element.attrib)
    elevation = next((child.text for child in element if _local(child.tag) == "ele"), None)
    try:
        point = Point(float(said["lat"]), float(said["lon"]), float(elevation or 0))
    except (KeyError, ValueError) as error:
        raise RouteFileError(
            f"{path}: a point without readable lat, lon or ele: {said} {elevation}"
        ) from error
    return _in_range(point, f"{path}: point {said}")


def _nmea_point(path: Path, number: int, line: str) -> Point | None:
    where = f"{path}, line {number}"
    try:
        sentence = pynmea2.parse(line, check=True)
        if not sentence.is_valid or not sentence.lat or not sentence.lon:
            return None
        altitude = getattr(sentence, "altitude", None)
        point = Point(sentence.latitude, sentence.longitude, float(altitude or 0))
    except (pynmea2.ParseError, ValueError, TypeError) as error:
        raise RouteFileError(f"{where}: {error}") from error
    return _in_range(point, where)


def _in_range(point: Point, where: str) -> Point:
    # Written so that NaN fails too.
    if not (-90 <= point.latitude <= 90 and -180 <= point.longitude <= 180):
        raise RouteFileError(f"{where}: {point.latitude}, {point.longitude} is no place on Earth")
    return point


def _enough(path: Path, points: list[Point], what: str) -> list[Point]:
    if len(points) < 2:
        raise RouteFileError(f"{path}: {len(points)} {what}; a route needs at least two")
    if len(points) > POINTS_MAX:
        raise RouteFileError(f"{path}: {len(points)} points; at most {POINTS_MAX} are taken")
    return points
