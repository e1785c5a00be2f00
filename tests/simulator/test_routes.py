"""The roads that come with the simulator, and the files of others."""

import pytest

from simulator.fleet.gnss import Sensed, fix_sentences, void_sentences
from simulator.fleet.importers import RouteFileError
from simulator.fleet.routes import built_in_routes, find_route
from simulator.fleet.scenario import DEFAULT_BASE

GPX = """<?xml version="1.0"?>
<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>
<trkpt lat="25.0" lon="102.0"><ele>1890</ele></trkpt><trkpt lat="25.1" lon="102.1"/>
</trkseg></trk></gpx>"""


@pytest.mark.parametrize("route", built_in_routes(), ids=lambda route: route.name)
def test_built_in_routes_lie_in_yunnan(route):
    assert 100_000 < route.length_m < 1_000_000
    assert route.road and route.title_zh and len(route.places) >= 5
    for point in route.line.points:
        assert 21 < point.latitude < 28 and 97 < point.longitude < 105 and 300 < point.altitude_m < 2800


@pytest.mark.parametrize("route", built_in_routes(), ids=lambda route: route.name)
def test_tunnels_are_short_and_apart(route):
    ends = [0.0]
    for tunnel in route.tunnels:
        assert ends[-1] < tunnel.from_m and 500 < tunnel.to_m - tunnel.from_m < 6_000
        assert route.tunnel_at((tunnel.from_m + tunnel.to_m) / 2) is tunnel
        assert route.tunnel_at(tunnel.to_m + 1) is None
        ends.append(tunnel.to_m)


def test_a_route_is_found_by_name_or_by_its_number():
    assert find_route("G8511").name == find_route("kunming-mohan").name


def test_an_unknown_route_lists_those_that_are_known():
    with pytest.raises(RouteFileError, match=r"kunming-ruili"):
        find_route("kunming-lhasa")


def test_gpx_tracks_are_routes(tmp_path):
    file = tmp_path / "drive.gpx"
    file.write_text(GPX)
    route = find_route(str(file))
    assert route.name == "drive" and route.line.points[0] == (25.0, 102.0, 1890.0)


def test_nmea_recordings_are_routes(tmp_path):
    file = tmp_path / "drive.nmea"
    lines = [void_sentences("GP", DEFAULT_BASE)]
    for latitude in (25.0, 25.001, 25.002):
        seen = Sensed(KUNMING._replace(latitude=latitude), 20.0, 0.0, False)
        lines.append(fix_sentences("GP", DEFAULT_BASE, seen, 9))
    file.write_bytes(b"# a comment\r\n" + b"".join(lines))
    route = find_route(str(file))
    assert [round(p.latitude, 6) for p in route.line.points] == [25.0, 25.001, 25.002]


KUNMING = built_in_routes()[0].places[0].point


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("a.gpx", "<gpx><trkpt lat='1' lon='2'></gpx>", r"a\.gpx, line 1, column"),
        ("b.gpx", GPX.replace('lat="25.0"', 'lat="north"'), r"north"),
        ("c.gpx", GPX.replace('lat="25.0"', 'lat="125.0"'), r"no place on Earth"),
        ("n.gpx", GPX.replace('lat="25.0"', 'lat="nan"'), r"no place on Earth"),
        ("d.gpx", "<!DOCTYPE gpx [<!ENTITY a 'aaaa'>]>" + GPX, r"document type"),
        ("e.gpx", "<gpx/>", r"needs at least two"),
        ("f.nmea", "$GPGGA,000000,2500.0,N,10200.0,E,1,09,1.0,5,M,0,M,,*00\n", r"f\.nmea, line 1"),
        ("g.nmea", "nothing of the kind\n", r"needs at least two"),
    ],
)
def test_bad_files_are_named_with_what_is_wrong(tmp_path, name, text, complaint):
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(RouteFileError, match=complaint) as caught:
        find_route(str(file))
    assert name in str(caught.value)


def test_a_standing_recording_is_no_route(tmp_path):
    file = tmp_path / "still.gpx"
    file.write_text(GPX.replace("25.1", "25.0").replace("102.1", "102.0"))
    with pytest.raises(RouteFileError, match="two different points"):
        find_route(str(file))
