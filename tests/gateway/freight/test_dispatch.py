"""Scan-to-dispatch: one scan gives one order; nothing else than a good code, here and now, gives any."""

import base64
import io
from pathlib import Path

import pytest
from PIL import Image

from edge_gateway.commands import CommandError
from edge_gateway.freight import life
from edge_gateway.freight.orders import Order, OrderError
from edge_gateway.freight.scanning import ScanError, text_in
from edge_gateway.freight.verdicts import question_of
from protocols.driver_code.content import Colour
from protocols.driver_code.lists import write_revocations
from protocols.driver_code.trust import Revocations, code_id
from protocols.evidence import verify_bundle
from tests.freight import fleet

from .house import House, order, whole_order

NUMBER = "YD2026031001"


def scan(
    house: House, text: str, document: dict[str, object] | None = None
) -> tuple[dict[str, object], bool]:
    return house.desk.dispatch((text, ""), Order(document or order()), "api")


def test_one_scan_gives_one_order_however_often_it_is_said(house: House) -> None:
    text = house.shown(house.code())
    first, new = scan(house, text)
    again, repeated = scan(house, text)
    assert (new, repeated) == (True, False)
    assert first["id"] == again["id"]
    assert first["state"] == life.DISPATCHED
    assert len(house.orders()) == 1


def test_the_same_scan_gives_no_second_order(house: House) -> None:
    text = house.shown(house.code())
    scan(house, text)
    with pytest.raises(CommandError, match="gave the order") as caught:
        scan(house, text, order("YD2"))
    assert (caught.value.kind, caught.value.field) == ("conflict", "code")
    assert len(house.orders()) == 1


def test_a_second_showing_may_give_a_second_order(house: House) -> None:
    code = house.code()
    scan(house, house.shown(code))
    scan(house, house.shown(code, house.now_s + 1), order("YD2"))
    assert len(house.orders()) == 2


@pytest.mark.parametrize(
    ("made_s", "reason"), [(-91, "presence_old"), (31, "presence_ahead"), (None, "presence_absent")]
)
def test_a_replayed_photograph_is_refused(house: House, made_s: int | None, reason: str) -> None:
    code = house.code()
    text = code if made_s is None else house.shown(code, house.now_s + made_s)
    with pytest.raises(CommandError, match=reason):
        scan(house, text)
    assert house.orders() == []
    assert house.audits == [("api", "scan refused", "", reason)]


def test_without_presence_a_code_is_good_for_each_order_once(tmp_path: Path) -> None:
    house = House(tmp_path, presence_required=False)
    house.know()
    code = house.code()
    assert [scan(house, code)[1], scan(house, code)[1], scan(house, code, order("YD2"))[1]] == [
        True,
        False,
        True,
    ]
    assert len(house.orders()) == 2
    house.book.close()


def test_a_forged_proof_is_refused(house: House) -> None:
    text = house.shown(house.code())
    with pytest.raises(CommandError, match="presence_"):
        scan(house, text[:-1] + ("A" if text[-1] != "A" else "B"))


def test_a_revoked_code_gives_no_order(house: House) -> None:
    code = house.code()
    house.registers.take_revocations(
        write_revocations(Revocations(house.now_s + 1, frozenset({code_id(code)})))
    )
    with pytest.raises(CommandError, match="revoked"):
        scan(house, house.shown(code))


def test_a_list_that_is_too_old_gives_no_order(house: House) -> None:
    house.now_s += 2 * 86400
    with pytest.raises(CommandError, match="stale_list"):
        scan(house, house.shown(house.code()))


def test_red_today_gives_no_order_though_the_code_is_blue(house: House) -> None:
    house.online = Colour.RED
    with pytest.raises(CommandError, match="red today"):
        scan(house, house.shown(house.code()))


def test_todays_colour_comes_from_the_nearest_that_knows(house: House) -> None:
    code = house.code(Colour.YELLOW)
    _, checked = house.desk.check(house.shown(code), "")
    assert (checked.colour, checked.source) == (Colour.BLUE, "snapshot")
    house.online = Colour.YELLOW
    assert house.desk.check(house.shown(code), "")[1].source == "online"


def test_without_registers_the_code_tells_its_colour(tmp_path: Path) -> None:
    house = House(tmp_path)
    _, checked = house.desk.check(house.code(Colour.YELLOW), "")
    assert (checked.colour, checked.source) == (Colour.YELLOW, "code")
    house.book.close()


def test_an_order_for_another_vehicle_or_driver_is_refused(house: House) -> None:
    document = whole_order()
    document["vehicleInfo"]["vehicleNumber"] = "云B99999"
    with pytest.raises(CommandError, match="vehicleNumber"):
        scan(house, house.shown(house.code()), document)
    document = whole_order()
    document["vehicleInfo"]["driver"][0]["drivingLicense"] = "530102199001011235"
    with pytest.raises(CommandError, match="driver"):
        scan(house, house.shown(house.code()), document)


def test_an_order_that_is_none_names_every_field(house: House) -> None:
    with pytest.raises(OrderError) as caught:
        scan(house, house.shown(house.code()), order(businessTypeCode="1", carrier=""))
    assert {each.field for each in caught.value.faults} == {"businessTypeCode", "carrier"}


def test_a_vehicle_without_a_terminal_gets_no_order(house: House) -> None:
    with pytest.raises(CommandError, match="no terminal") as caught:
        scan(house, house.shown(house.code(plate="云A99999")))
    assert caught.value.kind == "unknown"


def test_an_order_of_a_trip_that_has_begun_is_not_sent_again(house: House) -> None:
    code = house.code()
    scan(house, house.shown(code))
    house.take(house.loads(NUMBER))
    with pytest.raises(CommandError, match="is loaded"):
        scan(house, house.shown(code, house.now_s + 1))


def test_the_verdict_of_a_question_is_in_the_evidence(house: House) -> None:
    values = {
        "vehicle": f"{fleet.PLATE}/{fleet.COLOUR}", "driver": fleet.IDENTITY, "company": "", "cargo": "0400",
        "weight_kg": 18_001, "dangerous": False,
    }  # fmt: skip
    verdict = house.desk.capacity(question_of(values), "api")
    assert [each.code.value for each in verdict.reasons] == ["overload"]
    assert house.desk.write_verdicts() == 1
    assert verify_bundle(house.desk.export("capacity/1", True, "api")).openings == 1


def test_what_is_no_picture_is_refused_in_words(house: House) -> None:
    for picture in ("%%%", base64.b64encode(b"no picture").decode()):
        with pytest.raises(CommandError) as caught:
            house.desk.check("", picture)
        assert caught.value.field == "picture"


def test_a_picture_without_a_code_is_refused() -> None:
    blank = io.BytesIO()
    Image.new("L", (64, 64), 255).save(blank, "PNG")
    with pytest.raises(ScanError, match="0 QR codes"):
        text_in(blank.getvalue())


def test_a_code_is_read_from_its_picture(house: House) -> None:
    qrcode = pytest.importorskip("qrcode")
    text = house.shown(house.code())
    symbol = qrcode.QRCode(border=4, box_size=4, error_correction=qrcode.constants.ERROR_CORRECT_M)
    symbol.add_data(text)
    picture = io.BytesIO()
    symbol.make_image().save(picture)
    found, checked = house.desk.check("", base64.b64encode(picture.getvalue()).decode())
    assert (found, checked.verdict.accepted) == (text, True)
