"""The map of a run as SVG: roads, tunnels, towns, and every position that reached the authority.

Draws what the authority has stored and nothing else, so a hole in a track is a hole in the store. No map
tiles, no fonts, no network: one file that any browser shows.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence, Set
from math import cos, radians, sin
from pathlib import Path
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

from protocols.monitoring.records import BACKFILL

from ..authority.store import Store, TrackPoint
from ..fleet.geometry import Point, bounds_of
from ..fleet.routes import Place, Route
from .map_frame import FOOT, HEAD, STYLE, WIDTH, Projection, grid, heading, legend
from .map_labels import Box, clearest
from .map_labels import place as place_labels

_MARGIN: Final = 0.06
_UDEG: Final = 1e-6
_SHIELD_OFF: Final = 30  # pixels from the road
_SHIELD_AT: Final = (0.46, 0.54, 0.4, 0.6, 0.34, 0.66, 0.28, 0.72)  # of the road's length, as preferred
_DOT_ROOM: Final = 28.0  # pixels around a town that no road number takes: its name will stand there
_ROAD_STEP_M: Final = 4000.0  # how densely roads count as taken when names are placed
_FIRMWARE_COLOUR: Final = "#c2185b"


class Track(NamedTuple):
    """One terminal's stored positions, oldest first. firmware: the real one under MicroPython."""

    name: str
    points: list[TrackPoint]
    firmware: bool = False


def tracks_of(database: Path, driven: Set[str], firmware: Collection[str] = ()) -> list[Track]:
    """The tracks that an authority's store has of these terminals. firmware: identities of the real ones."""
    with Store(database, read_only=True) as store:
        return [
            Track(identity, store.track(identity), identity in firmware)
            for identity in sorted(driven & store.counts_by_terminal().keys())
        ]


def draw(routes: Sequence[Route], tracks: Sequence[Track], subtitle: str) -> str:
    """The whole SVG document. Raises ValueError when there is neither a road nor a position."""
    projection = Projection(bounds_of(_all_points(routes, tracks), _MARGIN))
    height = projection.height + HEAD + FOOT
    layers = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        "<title>Dianyun Edge: tracks received by the authority</title>",
        f"<style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fbfaf7"/>',
        *grid(projection),
        *_roads(projection, routes),
        *_positions(projection, tracks),
        *_towns(projection, routes),
        *heading(subtitle),
        *legend(projection, len(tracks), sum(len(t.points) for t in tracks), height),
        "</svg>",
    ]
    return "\n".join(layers) + "\n"


def _all_points(routes: Sequence[Route], tracks: Sequence[Track]) -> list[Point]:
    points = [point for route in routes for point in route.line.points]
    # With roads on the map, a recording from the other end of the world must not shrink them to a dot.
    return points or [_degrees(p) for track in tracks for p in track.points if p.fixed]


def _degrees(point: TrackPoint) -> Point:
    return Point(point.latitude_udeg * _UDEG, point.longitude_udeg * _UDEG)


def _path(projection: Projection, points: Sequence[Point]) -> str:
    return "M" + "L".join(projection.at(p.latitude, p.longitude) for p in points)


def _roads(projection: Projection, routes: Sequence[Route]) -> list[str]:
    lines = [_path(projection, route.line.points) for route in routes]
    drawn = [f'<path class="casing" d="{line}"/>' for line in lines]
    drawn += [f'<path class="road" d="{line}"/>' for line in lines]
    for route in routes:
        for tunnel in route.tunnels:
            stretch = _path(projection, route.line.slice(tunnel.from_m, tunnel.to_m))
            name = escape(tunnel.name)
            drawn.append(f'<path class="tunnel" d="{stretch}"><title>tunnel {name}</title></path>')
    return drawn


def _shields(projection: Projection, routes: Sequence[Route], occupied: Sequence[Box]) -> list[Box]:
    """Of the roads' numbers, in their order: near each one's middle, clear of what is there."""
    placed: list[Box] = []
    for route in routes:
        choice = (_shield_at(projection, route, along, side) for along in _SHIELD_AT for side in (1, -1))
        placed.append(clearest(choice, [*occupied, *placed], WIDTH))
    return placed


def _shield_at(projection: Projection, route: Route, along: float, side: int) -> Box:
    """Beside the road at that part of its length. side: 1 for above or to the left, -1 for the other."""
    middle, heading = (
        route.line.at(route.length_m * along),
        radians(route.line.heading_deg(route.length_m * along)),
    )
    off = -_SHIELD_OFF * side if cos(heading) + sin(heading) > 0 else _SHIELD_OFF * side
    x = projection.x(middle.longitude) + cos(heading) * off
    y = projection.y(middle.latitude) + sin(heading) * off
    return Box(x - 27, y - 10, x + 27, y + 10)


def _shield(box: Box, road: str) -> str:
    return (
        f'<rect class="shield" x="{box.left:.1f}" y="{box.top:.1f}" width="54" height="20" rx="4"/>'
        f'<text class="number" x="{box.left + 27:.1f}" y="{box.top + 14.5:.1f}">{escape(road)}</text>'
    )


def _positions(projection: Projection, tracks: Sequence[Track]) -> list[str]:
    """One path of dots per terminal and manner of arrival: thousands of dots, a few hundred elements."""
    drawn = []
    for number, track in sorted(enumerate(tracks), key=lambda one: one[1].firmware):  # the real ones on top
        colour = _FIRMWARE_COLOUR if track.firmware else _colour(number)
        fixed = [point for point in track.points if point.fixed]
        late = _dots(projection, [point for point in fixed if point.kind == BACKFILL])
        live = _dots(projection, [point for point in fixed if point.kind != BACKFILL])
        kind = "real firmware" if track.firmware else "terminal"
        drawn.append(f'<g stroke="{colour}"><title>{kind} {track.name}, {len(fixed)} positions</title>')
        if late:
            drawn.append(f'<path class="late" d="{late}"/><path class="blind" d="{late}"/>')
        drawn.append(f'<path class="{"live own" if track.firmware else "live"}" d="{live}"/></g>')
    return drawn


def _dots(projection: Projection, points: Sequence[TrackPoint]) -> str:
    """Strokes of no length: with round ends each is a dot."""
    bounds = projection.bounds
    places = [_degrees(point) for point in points]
    return "".join(
        f"M{projection.at(p.latitude, p.longitude)}h0"
        for p in places
        if bounds.south <= p.latitude <= bounds.north and bounds.west <= p.longitude <= bounds.east
    )


def _colour(number: int) -> str:
    """Hues by the golden angle: neighbours in the list differ, however many there are."""
    return f"hsl({(number * 137.508 + 200) % 360:.0f} 62% 42%)"


def _towns(projection: Projection, routes: Sequence[Route]) -> list[str]:
    """Dots with their names, and the roads' numbers, none on top of another where there is room."""
    towns: dict[str, Place] = {place.name: place for route in routes for place in route.places}
    dots = [
        (f"{t.name_zh} {t.name}", projection.x(t.point.longitude), projection.y(t.point.latitude))
        for t in towns.values()
    ]
    roads = [
        _around(projection.x(p.longitude), projection.y(p.latitude), 4)
        for route in routes for p in _every(route, _ROAD_STEP_M)
    ]  # fmt: skip
    numbered = [route for route in routes if route.road]
    shields = _shields(projection, numbered, [*roads, *(_around(x, y, _DOT_ROOM) for _, x, y in dots)])
    drawn = [_shield(box, route.road) for box, route in zip(shields, numbered, strict=True)]
    drawn += [f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="4"/>' for _, x, y in dots]
    drawn += [
        f'<text class="town" x="{label.x:.1f}" y="{label.y:.1f}">{escape(label.text)}</text>'
        for label in place_labels(dots, [*roads, *shields], WIDTH)
    ]
    return drawn


def _around(x: float, y: float, off: float) -> Box:
    return Box(x - off, y - off, x + off, y + off)


def _every(route: Route, step_m: float) -> list[Point]:
    """Points along a road."""
    return [route.line.at(along * step_m) for along in range(int(route.length_m / step_m) + 1)]
