"""The map: well-formed, titled in both languages, and a dot for every position with a fix."""

from xml.etree import ElementTree

import pytest

from protocols.monitoring.records import BACKFILL, LIVE
from simulator.authority.store import TrackPoint
from simulator.demo.map import Track, draw
from simulator.demo.map_labels import Box
from simulator.demo.map_labels import place as place_labels
from simulator.fleet.routes import built_in_routes

ROUTES = built_in_routes()


def point(along_m, kind=LIVE, fixed=True, route=ROUTES[0]):
    place = route.line.at(along_m)
    return stored(round(place.latitude * 1e6), round(place.longitude * 1e6), kind, fixed)


def stored(latitude_udeg, longitude_udeg, kind=LIVE, fixed=True):
    rest = dict.fromkeys(TrackPoint._fields, 0)
    known = {"latitude_udeg": latitude_udeg, "longitude_udeg": longitude_udeg, "kind": kind, "fixed": fixed}
    return TrackPoint(**{**rest, **known})


def test_every_position_with_a_fix_is_one_dot():
    track = Track("1", [point(1_000), point(2_000), point(3_000, BACKFILL), point(4_000, fixed=False)])
    empty, drawn = draw(ROUTES, [], ""), draw(ROUTES, [track], "")
    # A backfilled one is a ring: a dot on a dot.
    assert drawn.count("h0") - empty.count("h0") == 2 + 2


def test_it_names_roads_towns_tunnels_datum_and_scale_in_both_languages():
    root = ElementTree.fromstring(draw(ROUTES, [], "seed 7"))
    text = " ".join(node.text or "" for node in root.iter())
    for word in ("滇运边缘", "Dianyun Edge", "seed 7", "G8511", "大理 Dali", "Dafengyakou", "WGS-84", " km"):
        assert word in text, word


def test_a_recording_far_away_does_not_shrink_the_province():
    far = Track("1", [stored(-27_210_867, 153_052_328)])
    assert draw(ROUTES, [far], "").count("h0") == draw(ROUTES, [], "").count("h0")


def test_without_a_road_the_track_decides_what_is_shown():
    assert "h0" in draw([], [Track("1", [point(1_000), point(9_000)])], "")
    with pytest.raises(ValueError, match="no points"):
        draw([], [], "")


def test_names_keep_clear_of_each_other_where_there_is_room() -> None:
    dots = [("昆明 Kunming", 500.0, 500.0), ("安宁 Anning", 470.0, 505.0), ("晋宁 Jinning", 505.0, 540.0)]
    labels = place_labels(dots, [], 1400)
    boxes = [Box(label.x, label.y - 12, label.x + 90, label.y + 4) for label in labels]
    assert all(one.overlap(other) == 0 for at, one in enumerate(boxes) for other in boxes[at + 1 :])


def test_no_name_goes_beyond_the_map() -> None:
    (label,) = place_labels([("胜境关 Shengjingguan", 1390.0, 300.0)], [], 1400)
    assert label.x < 1250


def test_no_name_and_no_road_number_of_the_province_hides_another() -> None:
    root = ElementTree.fromstring(draw(ROUTES, [], ""))
    kinds = {
        kind: [node for node in root.iter() if node.get("class") == kind]
        for kind in ("shield", "town", "dot")
    }
    boxes = [_box(node) for node in (*kinds["shield"], *kinds["town"])]
    assert len(kinds["shield"]) == len({route.road for route in ROUTES if route.road})
    assert all(one.overlap(other) == 0 for at, one in enumerate(boxes) for other in boxes[at + 1 :])
    dots = [(float(node.get("cx")), float(node.get("cy"))) for node in kinds["dot"]]
    assert all(box.overlap(Box(x - 4, y - 4, x + 4, y + 4)) == 0 for box in boxes for x, y in dots)


def _box(node) -> Box:
    """Of a road number's plate, or of a town's name as wide as its letters are on average."""
    x, y = float(node.get("x")), float(node.get("y"))
    if node.get("width"):
        return Box(x, y, x + float(node.get("width")), y + float(node.get("height")))
    wide = sum(14 if ord(letter) > 0x2E80 else 7 for letter in node.text)
    return Box(x, y - 11, x + wide, y + 3)
