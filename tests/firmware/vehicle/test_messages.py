"""What the vehicle's pages write, read by the gateway's codec: every body is one of the declared."""

import json
import sys
from pathlib import Path

import pytest

from protocols.jt808.codec import decode_payload
from protocols.wire.bodies import encode_layout, layout_of
from protocols.wire.header import build_header
from tests.portable.interpreters import ROOT

sys.path.insert(0, str(Path(__file__).parent))

import cab as cabs
import shapes

from firmware.terminal.pages import areas, driver, recorder, waybill

FRAMES = json.loads((ROOT / "tests/vectors/frames.json").read_text("utf-8"))
EDITIONS = (2011, 2013, 2019)
PHONE = bytes.fromhex("013800138000")
CARD = "IN,0,王小明,530100199001011234,昆明市道路运输管理局,20301231,530100199001011234".encode("gbk")


def read(message_id, body, edition):
    """The values of a body as the gateway tells them."""
    phone = bytes(4) + PHONE if edition == 2019 else PHONE
    found = decode_payload(build_header(message_id, len(body), phone, 1) + body, edition)
    assert "error" not in found and found["edition"] == edition, found
    return found.get("body", found)


def line(text):
    check = 0
    for byte in text:
        check ^= byte
    return text + b"*%02X\n" % check


def cab_of(edition):
    cab = cabs.Cab(edition=edition)
    cab.vehicle.feed_card(line(CARD))
    cab.drive(90, 36, north_m=10)
    return cab


@pytest.mark.parametrize("edition", EDITIONS)
def test_driver(edition):
    cab = cab_of(edition)
    values = read(*cab.mail.posted[0], edition)
    assert values["name"] == "王小明" and values["issuer"] == "昆明市道路运输管理局"
    assert values["qualification"] == "530100199001011234"
    if edition != 2011:
        assert values["status"] == "card_in" and values["valid_until_bcd"] == "2030-12-31"
        driver.leave(cab.vehicle)
        assert read(*cab.mail.posted[1], edition)["status"] == "card_out"


def test_the_body_of_the_vectors():
    """The same person as in the frames of the fact sheet gives the same bytes."""
    wanted = {vector["frame"] for vector in FRAMES if vector["frame"].startswith("7e0702")}
    for edition in (2013, 2019):
        cab = cabs.Cab(edition=edition, second=8 * 3600 - 1)
        cab.day = 9133
        cab.vehicle.feed_card(line(CARD))
        cab.drive(1)
        body = cab.mail.posted[0][1].hex()
        assert any(body in frame for frame in wanted), (edition, body)


@pytest.mark.parametrize("edition", EDITIONS)
def test_waybill(edition):
    cab = cab_of(edition)
    assert waybill.take(cab.vehicle, b"#YD;L;YD1;" + "水泥".encode("gbk"))
    values = read(*cab.mail.posted[-1], edition)
    content = (
        bytes.fromhex(values["content"]["hex"]) if isinstance(values["content"], dict) else values["content"]
    )
    assert content.decode("gbk").split(";")[1:3] == ["L", "YD1"] and content.decode("gbk").endswith("水泥")


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("command", [*range(8), 8, 9, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15])
def test_recorder(edition, command):
    cab = cab_of(edition)
    cab.drive(90)
    assert recorder.handle(cab, cabs.Header(0x8700, 3), bytes([command]), 0) is None
    message_id, body, _ = cab.mail.answers[0]
    values = read(message_id, body, edition)
    assert values["reply_serial"] == 3 and "data" in values["frame"], values
    assert "hex" not in values["frame"]["data"], values
    if command == 8:
        samples = values["frame"]["data"]["blocks"][0]["samples"]
        assert [sample["speed_kmh"] for sample in samples][5:50] == [36] * 45


@pytest.mark.parametrize("kind", [1, 3, 4])
def test_area_answer(kind):
    cab = cabs.Cab()
    shapes.put_circles(cab, areas, [shapes.circle(1, 100), shapes.circle(2, 200)])
    square = ((0, 0), (0, 9), (9, 9))
    cab.area_message(areas, shapes.POLYGONS, shapes.polygon(3, square))
    cab.area_message(areas, shapes.ROUTES, shapes.route(4, ((0, 0, 1, {}), (9, 9, 2, {}))))
    cab.area_message(areas, shapes.QUERY, {"type": kind, "count": 0, "ids": []})
    values = read(*cab.mail.answers[0][:2], 2019)
    assert values["type"] == {1: "circle", 3: "polygon", 4: "route"}[kind]
    assert values["count"] == (2 if kind == 1 else 1)


@pytest.mark.parametrize("edition", (2011, 2013))
def test_areas_of_older_editions(edition):
    """Without name and night speed."""
    cab = cabs.Cab(edition=edition)
    limits = {"max_speed_kmh": 40, "overspeed_s": 3}
    circle = shapes.circle(1, 100, shapes.SPEED, **limits)
    assert shapes.put_circles(cab, areas, [circle]) == 0
    cab.drive(10, 45)
    assert cab.on(1) and cab.vehicle.areas.limit_dkmh == 400
    layout = layout_of(cabs.AREAS, shapes.CIRCLES, edition)
    whole = encode_layout(layout, {"setting": 1, "count": 1, "areas": [circle]})
    for length in range(len(whole)):
        with pytest.raises(Exception, match="needed"):
            areas.handle(cab, cabs.Header(shapes.CIRCLES), whole[:length], 0)
    assert cab.areas() == 1
