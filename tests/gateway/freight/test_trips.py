"""A waybill's life out of scans, 0x0701, 0x0702 and positions: events, gate, documents, evidence, each
once."""

from dataclasses import replace
from pathlib import Path

import pytest

from edge_gateway.commands import CommandError
from edge_gateway.freight import kept as rows
from edge_gateway.freight import life, outbox, waybills
from edge_gateway.freight.clock import Now
from edge_gateway.freight.gate import Policy
from edge_gateway.freight.orders import Order, checked
from edge_gateway.freight.outbox import Submission
from edge_gateway.freight.trips import Rules
from protocols.driver_code.content import Colour
from protocols.evidence import verify_bundle
from protocols.freight.capacity import Code
from protocols.freight.certificates import Certificate, Paper
from protocols.freight.documents import Kind
from protocols.freight.registers import Blacklisted, Register, Snapshot
from protocols.freight.scopes import DANGEROUS
from protocols.monitoring.documents import ResultCode
from tests.freight import fleet

from .house import House, funds, order, whole_order
from .test_outbox import answer, send

NUMBER = "YD2026031001"


def run_trip(house: House, number: str = NUMBER) -> None:
    """Dispatched, loaded, an hour on the road, unloaded."""
    house.desk.dispatch((house.shown(house.code()), ""), Order(order(number)), "api")
    house.take(house.loads(number))
    begin = house.now_s
    house.take(
        *(house.position(begin + 60 * minute, number=number, east_udeg=9000 * minute) for minute in range(60))
    )
    house.now_s = begin + 3600
    house.take(house.loads(number, loaded=False))
    with house.book.turn():
        house.trips.closing.tick(Now(house.now_s * 1000))


def events(house: House, number: str = NUMBER) -> list[str]:
    return [each["event"] for each in house.desk.waybill(number, "0000")["events"]]


def test_one_trip_from_scan_to_payment(house: House) -> None:
    run_trip(house)
    assert house.orders() == [f"#YD;L;{NUMBER};螺纹钢 17.5t"]
    assert events(house) == ["created", "gate", "dispatch", "gate", "load", "move", "unload"]
    paid, _ = house.papers.hand_in(Submission(Kind.FUNDS, funds()), "api")
    found = house.papers.documents("", "", 0, 10)
    assert [(each.kind, each.state) for each in reversed(found)] == [
        (Kind.WAYBILL, "waiting"),
        (Kind.LOCATION, "waiting"),
        (Kind.FUNDS, "waiting"),
    ]
    waybill, location = found[2].document, found[1].document
    assert waybill["despatchActualDateTime"] == "20260310120000"
    assert waybill["goodsReceiptDateTime"] == "20260310130000"
    assert location["driverName"] == "张三"
    assert location["drivingLicense"] == fleet.IDENTITY
    assert len(location["positions"]) == 60
    assert location["positions"][1] == {
        "time": "20260310120100", "longitude": "102.809000", "latitude": "24.880000", "speed": "60.0",
        "direction": "90",
    }  # fmt: skip
    assert house.desk.waybill(NUMBER, "0000")["state"] == life.UNLOADED  # handed in is not taken
    settled(house, paid, ResultCode.REPEATED)
    assert house.desk.waybill(NUMBER, "0000")["state"] == life.PAID


def settled(house: House, document: rows.Kept, code: ResultCode, field: str = "") -> None:
    """The monitoring system's answer to a document that was sent, and what follows from it."""
    send(house, [document])
    with house.book.turn():
        house.papers.answered(answer(house, document, code, field), Now(house.now_s * 1000))


def test_a_refused_payment_pays_nothing_and_is_named_in_the_life(house: House) -> None:
    run_trip(house)
    wrong, _ = house.papers.hand_in(Submission(Kind.FUNDS, funds()), "api")
    settled(house, wrong, ResultCode.FIELD_CHECK_FAILED, "carrier")
    shown = house.desk.waybill(NUMBER, "0000")
    assert shown["state"] == life.UNLOADED
    assert shown["events"][-1] | {"at_ms": 0} == {
        "event": "payment refused", "state": life.UNLOADED, "at_ms": 0,
        "detail": {"document": "ZJ-1", "why": ["carrier: 3005"]},
    }  # fmt: skip
    better, _ = house.papers.correct(wrong.reference, funds() | {"remark": "2"}, "api")
    settled(house, better, ResultCode.OK)
    assert house.desk.waybill(NUMBER, "0000")["state"] == life.PAID
    assert house.trips.counts["payment_refused"] == 1


def test_a_payment_that_is_taken_on_the_road_counts_at_the_end(house: House) -> None:
    house.desk.dispatch((house.shown(house.code()), ""), Order(order()), "api")
    house.take(house.loads(NUMBER), house.position(house.now_s + 60, number=NUMBER))
    early, _ = house.papers.hand_in(Submission(Kind.FUNDS, funds()), "api")
    settled(house, early, ResultCode.OK)
    assert house.desk.waybill(NUMBER, "0000")["state"] == life.UNDER_WAY
    house.now_s += 3600
    house.take(house.loads(NUMBER, loaded=False))
    assert house.desk.waybill(NUMBER, "0000")["state"] == life.PAID


def test_the_evidence_of_a_trip_verifies_and_a_flipped_byte_is_named(house: House) -> None:
    run_trip(house)
    with house.book.turn():
        anchor = house.evidence.anchor(house.now_s * 1000)
    assert anchor is not None
    bundle = house.desk.export(f"waybill/{NUMBER}/0000", True, "api")
    report = verify_bundle(bundle, published=[anchor])
    assert report.holds, report
    assert (report.positions, report.anchors, report.confirmed) == (60, (1,), 1)
    at = bundle.index(b'"event":"load"') + len(b'"event":"')
    changed = bundle[:at] + b"L" + bundle[at + 1 :]
    assert verify_bundle(changed).broken.startswith("link ")
    closed = house.desk.export(f"waybill/{NUMBER}/0000", False, "api")
    assert verify_bundle(closed).holds
    assert fleet.IDENTITY.encode() in bundle
    assert fleet.IDENTITY.encode() not in closed
    assert "张三".encode() not in closed


def test_records_that_come_twice_count_once(house: House) -> None:
    house.desk.dispatch((house.shown(house.code()), ""), Order(order()), "api")
    records = [
        house.loads(NUMBER),
        house.position(house.now_s + 60),
        house.loads(NUMBER, False, house.now_s + 90),
    ]
    house.take(*records)
    before = events(house)
    house.book.close()  # a kill after the commit and before the journal's cursor moved
    house.open()
    house.take(*records)
    assert events(house) == before
    found = waybills.find(house.book, NUMBER, "0000")
    assert found is not None
    assert len(waybills.positions(house.book, found)) == 1


def test_late_positions_make_the_next_revision_of_the_track(house: House) -> None:
    run_trip(house)
    first = house.papers.documents("", Kind.LOCATION.value, 0, 10)[0]
    with house.book.turn():
        outbox.sent(house.book, [first], 1, house.now_s * 1000, outbox.Retry())
    house.take(house.position(house.now_s - 1800 + 30))
    with house.book.turn():
        house.trips.closing.tick(Now(house.now_s * 1000))
    second, before = house.papers.documents("", Kind.LOCATION.value, 0, 10)
    assert (second.revision, len(second.document["positions"])) == (2, 61)
    assert (before.state, before.reference != second.reference) == (rows.SENT, True)


def test_a_waybill_typed_in_waits_for_its_order(house: House) -> None:
    house.take(house.card(True), house.loads("K1"))
    found = house.desk.waybill("K1", "0000")
    assert (found["state"], found["vehicle"]) == (life.LOADED, f"{fleet.PLATE}/{fleet.COLOUR}")
    house.take(house.loads("K1", loaded=False, at_s=house.now_s + 600))
    assert house.papers.documents("", Kind.WAYBILL.value, 0, 10) == []

    house.desk.create(checked(Order(whole_order("K1"))), "api")
    assert [each.state for each in house.papers.documents("", Kind.WAYBILL.value, 0, 10)] == ["waiting"]


def test_reports_out_of_order_leave_the_life_as_it_is(house: House) -> None:
    house.take(house.loads("X", loaded=False))
    assert house.desk.waybill("X", "0000")["state"] == life.CREATED
    assert house.trips.counts["out_of_order"] == 1


RED = replace(fleet.driver(), colour=Colour.RED, causes=("drove red",))


def test_a_red_code_stops_the_trip_at_loading(house: House) -> None:
    house.desk.dispatch((house.shown(house.code()), ""), Order(order()), "api")
    house.know(fleet.snapshot(sequence=2, drivers=(RED,)))
    house.take(house.loads(NUMBER))
    found = house.desk.waybill(NUMBER, "0000")
    assert [each["code"] for each in found["held"]] == ["red"]
    assert "drove red" in house.texts()[0]
    house.take(house.position(house.now_s + 60))
    assert "departed in spite of the gate" in events(house)
    assert house.trips.counts["departed_held"] == 1


def test_registers_that_change_stop_what_has_not_departed(house: House) -> None:
    house.desk.dispatch((house.shown(house.code()), ""), Order(order()), "api")
    house.know(fleet.snapshot(sequence=2, drivers=(RED,)))
    with house.book.turn():
        house.trips.on_registers(Now(house.now_s * 1000))
        house.trips.on_registers(Now(house.now_s * 1000))
    assert [each["code"] for each in house.desk.waybill(NUMBER, "0000")["held"]] == ["red"]
    assert len(house.texts()) == 1


def test_a_card_of_a_blacklisted_driver_is_stopped_without_an_order(house: House) -> None:
    house.know(
        fleet.snapshot(
            sequence=2, blacklist=(Blacklisted(Register.DRIVER, fleet.IDENTITY, "诚信考核不合格"),)
        )
    )
    house.take(house.card(True))
    assert "诚信考核不合格" in house.texts()[0]
    assert house.trips.counts["gate_stopped"] == 1


def test_the_gate_that_is_off_stops_nothing(tmp_path: Path) -> None:

    house = House(tmp_path, policy=Policy(moments=frozenset()))
    house.know(fleet.snapshot(drivers=(RED,)))
    house.take(house.loads("W"))
    assert house.texts() == []
    house.book.close()


@pytest.mark.parametrize(("stop", "held"), [(False, []), (True, ["stale"])])
def test_a_stale_snapshot_stops_only_where_configured(tmp_path: Path, stop: bool, held: list[str]) -> None:

    house = House(tmp_path, policy=Policy(stop_unverified=stop))
    house.know()
    house.now_s += 2 * 86400

    house.desk.create(checked(Order(whole_order())), "api")
    house.take(house.loads(NUMBER))
    assert [each["code"] for each in house.desk.waybill(NUMBER, "0000")["held"]] == held
    house.book.close()


def test_an_override_is_for_what_the_configuration_lets_and_leaves_a_line(tmp_path: Path) -> None:
    house = House(tmp_path, policy=Policy(overridable=frozenset({Code.CLASS})))
    person = fleet.driver()
    wrong = tuple(replace(each, classes=("C1",)) if each.classes else each for each in person.papers)
    house.know(fleet.snapshot(drivers=(replace(person, papers=wrong),)))
    found, _ = house.desk.dispatch((house.shown(house.code()), ""), Order(order()), "api")
    assert [each["code"] for each in found["held"]] == ["class"]
    assert house.orders() == []
    after = house.desk.override(NUMBER, "0000", "checked on paper", "chief")
    assert (after["held"], after["state"]) == ([], life.DISPATCHED)
    assert house.orders() == [f"#YD;L;{NUMBER};螺纹钢 17.5t"]
    assert ("chief", "override", "13800138000", f"{NUMBER}/0000: class: checked on paper") in house.audits
    house.know(fleet.snapshot(sequence=2, drivers=(replace(RED, papers=wrong),)))
    house.take(house.loads(NUMBER))
    with pytest.raises(CommandError, match="red"):
        house.desk.override(NUMBER, "0000", "please", "chief")
    house.book.close()


SHEET = {
    "number": "LD-1", "shippingNoteNumber": NUMBER, "vehicleNumber": fleet.PLATE, "driverName": "张三",
    "escortName": "李四", "emergencyPhone": "0871-110", "unNumber": "1203", "goodsName": "汽油",
    "route": ["安宁", "曲靖"], "validFrom": "20260310000000", "validTo": "20260311000000",
}  # fmt: skip


@pytest.mark.parametrize(
    ("sheet", "held"),
    [
        (SHEET, []),
        (None, ["route_sheet"]),
        (SHEET | {"vehicleNumber": "云B1"}, ["route_sheet.vehicleNumber"]),
        (SHEET | {"validTo": "20260310115959"}, ["route_sheet"]),
        (SHEET | {"unNumber": "12"}, ["route_sheet.unNumber"]),
        ({**SHEET, "escortName": ""}, ["route_sheet.escortName"]),
    ],
)
def test_dangerous_goods_need_their_route_sheet(
    house: House, sheet: dict[str, object] | None, held: list[str]
) -> None:

    house.know(allowed_dangerous())
    found, _ = house.desk.dispatch((house.shown(house.code()), ""), Order(order(), True, sheet), "api")
    assert [each["subject"] for each in found["held"]] == held


def allowed_dangerous() -> Snapshot:
    """The fleet, with everybody's papers for dangerous goods."""

    def allowed(papers: tuple[Certificate, ...]) -> tuple[Certificate, ...]:
        scoped = {Paper.PERMIT, Paper.TRANSPORT}
        dangerous = frozenset({DANGEROUS})
        return tuple(replace(each, scope=dangerous) if each.paper in scoped else each for each in papers)

    firm, truck = fleet.company(), fleet.vehicle()
    return fleet.snapshot(
        sequence=2,
        companies=(replace(firm, papers=allowed(firm.papers)),),
        vehicles=(replace(truck, papers=allowed(truck.papers), dangerous=True),),
    )


def test_a_route_sheet_that_ends_between_loading_and_departure_stops_the_trip(house: House) -> None:
    """The gate looks once more when the truck begins to move."""
    house.know(allowed_dangerous())
    sheet = SHEET | {"validTo": "20260310123000"}
    house.desk.dispatch((house.shown(house.code()), ""), Order(order(), True, sheet), "api")
    house.take(house.loads(NUMBER))
    assert house.desk.waybill(NUMBER, "0000")["held"] == []
    house.now_s += 3600
    house.take(house.position(house.now_s, number=NUMBER))
    shown = house.desk.waybill(NUMBER, "0000")
    assert [(each["code"], each["subject"]) for each in shown["held"]] == [("ended", "route_sheet")]
    assert events(house)[-3:] == ["gate", "departed in spite of the gate", "move"]
    assert any("请立即停车" in text for text in house.texts())


def test_driving_and_rest_come_from_the_card(house: House) -> None:
    begin = house.now_s
    house.take(house.card(True, begin), house.card(False, begin + 3 * 3600))
    house.take(house.card(True, begin + 3 * 3600 + 600), house.card(False, begin + 5 * 3600))
    found = house.desk.hours(fleet.IDENTITY, begin, begin + 6 * 3600)
    assert found == {
        "driving_s": 5 * 3600 - 600,
        "rest_s": 3600 + 600,
        "longest_s": 5 * 3600 - 600,
        "too_long": [begin + 4 * 3600 + 600],
    }


def test_rules_of_motion(tmp_path: Path) -> None:

    house = House(tmp_path, rules=Rules(moving_dkmh=100))
    house.know()
    house.take(house.loads("W"), house.position(house.now_s + 10, speed_dkmh=99))
    assert house.desk.waybill("W", "0000")["state"] == life.LOADED
    house.take(house.position(house.now_s + 20, speed_dkmh=100))
    assert house.desk.waybill("W", "0000")["state"] == life.UNDER_WAY
    house.book.close()
