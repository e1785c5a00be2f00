"""The roads trucks drive on: our own approximate Yunnan expressways, or any GPX or NMEA file.

A route is a line with tunnel stretches and named places. It knows nothing of trucks or of time.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, NamedTuple

from .geometry import Point, Polyline, smooth
from .importers import RouteFileError, read_gpx, read_nmea

CURVE_STEP_M: Final = 500.0  # between two drawn vertices of our own routes; a motorway bends no tighter
_DATA: Final = "simulator.fleet.data"


class Tunnel(NamedTuple):
    """A stretch without sky and without mobile network: name, from and to in metres along the route."""

    name: str
    from_m: float
    to_m: float


class Place(NamedTuple):
    """A town on the map."""

    name: str
    name_zh: str
    point: Point


class Route:
    """One road. name: what `--route` takes. road: the number on the signs. title, title_zh: for people."""

    def __init__(
        self,
        name: str,
        points: Sequence[Point],
        *,
        road: str = "",
        title: str = "",
        title_zh: str = "",
        tunnels: Sequence[Tunnel] = (),
        places: Sequence[Place] = (),
    ) -> None:
        self.name = name
        self.road = road
        self.title = title or name
        self.title_zh = title_zh
        self.line = Polyline(points)
        self.tunnels = sorted(tunnels, key=lambda tunnel: tunnel.from_m)
        self.places = list(places)

    @property
    def length_m(self) -> float:
        """Length of the route in metres."""
        return self.line.length_m

    def tunnel_at(self, along_m: float) -> Tunnel | None:
        """The tunnel at `along_m`, or None under open sky."""
        for tunnel in self.tunnels:
            if tunnel.from_m <= along_m <= tunnel.to_m:
                return tunnel
        return None


def built_in_names() -> list[str]:
    """Names of the routes that come with the simulator."""
    return [route.name for route in built_in_routes()]


def built_in_routes() -> list[Route]:
    """All routes that come with the simulator, in the order of their file names."""
    folder = files(_DATA)
    documents = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".json")), key=str)
    return [_from_document(json.loads(document.read_text("utf-8"))) for document in documents]


def find_route(wanted: str) -> Route:
    """The route called `wanted`, or the one in the GPX or NMEA file of that path.

    Raises RouteFileError, which names the file and line, or lists the names that are known.
    """
    for route in built_in_routes():
        if wanted in (route.name, route.road):
            return route
    path = Path(wanted)
    if not path.is_file():
        known = ", ".join(built_in_names())
        raise RouteFileError(f"no route and no file is called {wanted!r}; built-in routes: {known}")
    points = read_gpx(path) if path.suffix.lower() == ".gpx" else read_nmea(path)
    try:
        return Route(path.stem, points)
    except ValueError as error:
        raise RouteFileError(f"{path}: {error}") from error


def _from_document(document: dict[str, Any]) -> Route:
    waypoints = [Point(w["lat"], w["lon"], w["alt_m"]) for w in document["waypoints"]]
    curve = smooth(waypoints, CURVE_STEP_M)
    line = Polyline(curve)
    return Route(
        document["name"],
        curve,
        road=document["road"],
        title=document["title"],
        title_zh=document["title_zh"],
        tunnels=[_tunnel(line, entry) for entry in document["tunnels"]],
        places=[
            Place(w["name"], w["name_zh"], point)
            for w, point in zip(document["waypoints"], waypoints, strict=True)
            if "name" in w
        ],
    )


def _tunnel(line: Polyline, entry: dict[str, Any]) -> Tunnel:
    centre = line.nearest_m(Point(entry["near_lat"], entry["near_lon"]))
    half = entry["length_m"] / 2
    return Tunnel(entry["name"], max(0.0, centre - half), min(line.length_m, centre + half))
