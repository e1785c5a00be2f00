"""Each indicator alone, on a desk with one waybill: its rule, its boundary, its exemption, its reason."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.freight import Kind
from protocols.freight.scopes import COLD, DANGEROUS, GENERAL, NETWORK
from simulator.authority.indicators import Rules
from simulator.authority.indicators.anomalies import Anomaly
from simulator.authority.indicators.spool import TracksOnDisk
from simulator.authority.indicators.tracks import counting

from .desk import (
    CARRIER,
    DRIVER,
    DRIVER_DATA,
    HOUR,
    KEY,
    PERIOD,
    PLATE,
    T0,
    VEHICLE,
    Desk,
    clean_desk,
    empty_desk,
    funds,
    line,
    location,
    waybill,
)  # fmt: skip

TO = "consigneeInfo__countrySubdivisionCode"


def desk_with(**changes: Any) -> Desk:
    """Clean but for these changes of the waybill."""
    desk = clean_desk()
    desk.put(Kind.WAYBILL, waybill(**changes), received_s=T0 + 2 * 86400)  # the later version replaces it
    return desk


def test_a_clean_desk() -> None:
    for indicator in clean_desk().report().indicators.values():
        assert len(indicator.offenders) == 0, list(indicator.offenders)


def test_nothing_uploaded_has_no_value() -> None:
    indicators = empty_desk().report().indicators
    assert [indicators[name].value for name in ("3-1", "4", "6", "9", "12", "13-1", "13-2-2")] == [None] * 7
    assert str(indicators["1"].value) == "0.00"
    assert str(indicators["16"].value) == "0.0000"


def test_1_and_2_count_operators() -> None:
    desk = clean_desk()
    desk.registers.enterprises["OPERATOR2"] = "另一平台"
    desk.put(Kind.WAYBILL, waybill("YD2"), enterprise="OPERATOR2")
    desk.put(Kind.WAYBILL, waybill("YD3"), enterprise="NOBODY")
    assert desk.of("1") == (1, 2)
    assert desk.of("2") == (1, 2)
    assert desk.why("1") == {"OPERATOR2": "no funds, no vehicle, no driver, no location"}


@pytest.mark.parametrize(("second", "counts"), [(-1, 0), (0, 1)])
def test_the_period_begins_with_its_first_second(second: int, counts: int) -> None:
    desk = empty_desk()
    desk.put(Kind.WAYBILL, waybill(), received_s=PERIOD.from_s + second)
    assert desk.of("15")[0] == counts
    desk.put(Kind.WAYBILL, waybill("YD2"), received_s=PERIOD.until_s - 1)
    desk.put(Kind.WAYBILL, waybill("YD3"), received_s=PERIOD.until_s)
    assert desk.of("15")[0] == counts + 1


def test_3_names_field_and_code() -> None:
    desk = desk_with(transportTypeCode="99")
    assert desk.of("3-1") == (0, 1)
    assert desk.why("3-1") == {"YD1/0000": "transportTypeCode: table"}
    desk.put(Kind.FUNDS, {"documentNumber": "ZJ9"})
    assert desk.of("3-2") == (1, 2)
    assert "financiallist: missing" in desk.why("3-2")["ZJ9"]


def test_a_correction_counts_once() -> None:
    desk = desk_with(transportTypeCode="99")
    desk.put(Kind.WAYBILL, waybill(), received_s=T0 + 3 * 86400)
    assert desk.of("3-1") == (1, 1)


def test_4_counts_both_sides() -> None:
    desk = clean_desk()
    desk.put(Kind.WAYBILL, waybill("YD2"))
    desk.put(Kind.LOCATION, location("YD3"), reference="ORPHAN")
    assert desk.of("4") == (2, 4)
    assert desk.why("4") == {
        "YD2/0000": "no location document names it",
        "ORPHAN": "a waybill that it names never arrived",
    }


def test_4_finds_a_counterpart_of_another_period() -> None:
    desk = clean_desk()
    desk.put(Kind.WAYBILL, waybill("YD2"))
    desk.put(Kind.LOCATION, location("YD2"), received_s=PERIOD.until_s + 1)
    assert desk.of("4") == (3, 3)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"consignmentDateTime": "20260201000000"}, "created after despatch"),
        ({"goodsReceiptDateTime": "20260101000000"}, "received before despatch"),
        ({"vehicleInfo__goodsInfo__goodsItemGrossWeight": "0"}, "no weight"),
        ({"totalMonetaryAmount": "0"}, "no freight; payments differ from the freight"),
        ({TO: "530100"}, "both endpoints are one, and it is no urban delivery"),
        ({TO: "5301"}, "an endpoint's area code does not exist"),
        ({"totalMonetaryAmount": "1053"}, "payments differ from the freight"),
    ],
)  # fmt: skip
def test_5_names_the_broken_rule(changes: dict[str, Any], reason: str) -> None:
    desk = desk_with(**changes)
    assert desk.of("5") == (1, 2)
    assert desk.why("5") == {"YD1/0000": reason}


def test_5_lets_urban_delivery_stay_in_one_place() -> None:
    changes = {"consigneeInfo__countrySubdivisionCode": "530100", "businessTypeCode": "1003997"}
    assert desk_with(**changes).of("5") == (2, 2)


def test_5_knows_the_regions_that_exist() -> None:
    desk = clean_desk()
    desk.rules = Rules(regions=frozenset({"530100"}))
    assert desk.why("5") == {"YD1/0000": "an endpoint's area code does not exist"}


@pytest.mark.parametrize(("paid", "good"), [("950", 2), ("949.999", 0), ("1050", 2), ("1050.001", 0)])
def test_5_allows_five_percent(paid: str, good: int) -> None:
    desk = clean_desk()
    desk.put(Kind.FUNDS, funds(paid=paid), received_s=T0 + 2 * 86400)
    assert desk.of("5") == (good, 2)


def test_5_shares_one_payment_among_its_waybills() -> None:
    desk = clean_desk()
    desk.put(Kind.WAYBILL, waybill("YD2", despatch_s=T0 + 10 * HOUR))
    desk.put(Kind.FUNDS, funds(notes=("YD1", "YD2"), paid="2000"), received_s=T0 + 2 * 86400)
    assert desk.of("5") == (3, 3)
    assert desk.of("13-2-1") == (3, 3)


@pytest.mark.parametrize(("minutes", "good"), [(49, 1), (51, 2)])
def test_5_knows_what_no_lorry_can_do(minutes: int, good: int) -> None:
    """100.8 km take 50.4 minutes at 120 km/h."""
    from protocols.freight.values import time_text

    assert desk_with(goodsReceiptDateTime=time_text(T0 + minutes * 60)).of("5") == (good, 2)


@pytest.mark.parametrize(("gross", "looked_at"), [(450, 0), (451, 1)])
def test_6_7_8_exempt_up_to_4_5_t(gross: int, looked_at: int) -> None:
    desk = clean_desk()
    desk.vehicle(gross=gross)
    assert [desk.of(name)[1] for name in ("6", "7", "8")] == [looked_at] * 3
    desk.vehicle(gross=gross, dangerous=True)
    assert [desk.of(name)[1] for name in ("6", "7", "8")] == [1, 1, 1]


def test_7_and_8_look_at_those_with_one_heavier_trip() -> None:
    desk = clean_desk()
    light = {**VEHICLE, "vehicleNumber": "云A20000", "grossMass": "4.5", "vehicleTonnage": "1.5"}
    desk.put(Kind.VEHICLE, light)
    desk.put(Kind.WAYBILL, waybill("YD2", vehicleInfo__vehicleNumber="云A20000"))
    desk.put(
        Kind.WAYBILL,
        waybill(
            "YD3",
            vehicleInfo__vehicleNumber="云A20000",
            vehicleInfo__driver=[{"driverName": "李", "drivingLicense": "OTHER"}],
            actualCarrierInfo__actualCarrierId="CARRIER2",
        ),
    )
    assert [desk.of(name) for name in ("6", "7", "8")] == [(1, 1)] * 3
    assert desk.of("14")[0] == 2


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"until_s": T0}, "transport certificate ended before a despatch"),
        ({"until_s": T0 + 1}, None),
        ({"from_s": T0 + 1}, "transport certificate began after a despatch"),
        ({"from_s": T0}, None),
        ({"certificate": "CERT2"}, "certificate number: not as registered"),
        ({"tonnage": 991, "vehicle_type": "H12"}, "vehicle type, rated load: not as registered"),
    ],
)
def test_6_says_why(changes: dict[str, Any], reason: str | None) -> None:
    desk = clean_desk()
    desk.vehicle(**changes)
    assert desk.why("6") == ({KEY: reason} if reason else {})


def test_6_7_8_miss_what_is_not_there() -> None:
    desk = clean_desk()
    desk.registers.vehicles.clear()
    desk.registers.drivers.clear()
    desk.registers.carriers.clear()
    assert desk.why("6") == {KEY: "no transport certificate on register"}
    assert desk.why("7") == {DRIVER: "no qualification on register"}
    assert desk.why("8") == {CARRIER: "no operating permit on register"}
    desk = empty_desk()
    desk.put(Kind.WAYBILL, waybill())
    assert desk.why("6") == {KEY: "no vehicle document"}
    assert desk.why("7") == {DRIVER: "no driver document"}


def test_basic_data_of_an_earlier_period_is_known() -> None:
    desk = empty_desk()
    desk.put(Kind.WAYBILL, waybill())
    desk.put(Kind.VEHICLE, VEHICLE, received_s=PERIOD.from_s - 10**7)
    desk.put(Kind.DRIVER, DRIVER_DATA, received_s=PERIOD.from_s - 10**7)
    assert [desk.of(name) for name in ("6", "7")] == [(1, 1)] * 2
    assert "no vehicle" in desk.why("1")["OPERATOR1"], "but it is no upload of this period"


def test_8_compares_the_permit_of_every_waybill() -> None:
    desk = clean_desk()
    desk.put(Kind.WAYBILL, waybill("YD2", actualCarrierInfo__actualCarrierBusinessLicense="PERMIT2"))
    assert desk.why("8") == {CARRIER: "permit number: not as registered"}


@pytest.mark.parametrize(("kilograms", "good"), [("9900", 1), ("9900.001", 0), ("0", 1)])
def test_9_full_is_not_too_full(kilograms: str, good: int) -> None:
    assert desk_with(vehicleInfo__goodsInfo__goodsItemGrossWeight=kilograms).of("9") == (good, 1)


def test_9_takes_the_trailer_of_a_tractor() -> None:
    desk = clean_desk()
    desk.vehicle(vehicle_type="Q11", tonnage=0)
    assert desk.why("9") == {"YD1/0000": "weight or rated load is not known"}
    desk.put(
        Kind.VEHICLE,
        {**VEHICLE, "vehicleType": "Q11", "trailerVehiclePlateNumber": "云A0001挂"},
        T0 + 2 * 86400,
    )
    desk.put(Kind.VEHICLE, {**VEHICLE, "vehicleNumber": "云A0001挂", "vehicleTonnage": "9.89"})
    assert desk.why("9") == {"YD1/0000": "9.900 t on a rated load of 9.89 t"}
    desk.put(Kind.VEHICLE, {**VEHICLE, "vehicleNumber": "云A0001挂", "vehicleTonnage": "32"}, T0 + 3 * 86400)
    assert desk.of("9") == (1, 1)


def scoped(carrier: set[str], vehicle: set[str], cargo: str) -> Desk:
    from dataclasses import replace

    desk = desk_with(vehicleInfo__goodsInfo__cargoTypeClassificationCode=cargo)
    entry = desk.registers.carriers[CARRIER]
    desk.registers.carriers[CARRIER] = replace(entry, scope=frozenset(carrier))
    desk.vehicle(scope=frozenset(vehicle))
    return desk


@pytest.mark.parametrize(
    ("carrier", "vehicle", "cargo", "ten", "eleven"),
    [
        ({GENERAL}, {GENERAL}, "0400", 0, ""),
        ({NETWORK}, {GENERAL}, "0400", 1, ""),
        ({NETWORK, GENERAL}, {GENERAL}, "0400", 0, ""),
        ({GENERAL}, {GENERAL}, "0200", 0, "outside the carrier's scope; outside the vehicle's scope"),
        ({GENERAL, DANGEROUS}, {GENERAL}, "0200", 0, "outside the vehicle's scope"),
        ({GENERAL, DANGEROUS}, {DANGEROUS}, "0200", 0, ""),
        ({GENERAL}, {GENERAL, COLD}, "1602", 0, "outside the carrier's scope"),
        ({NETWORK}, {GENERAL}, "0200", 1, "outside the vehicle's scope"),
    ],
)
def test_10_and_11(carrier: set[str], vehicle: set[str], cargo: str, ten: int, eleven: str) -> None:
    desk = scoped(carrier, vehicle, cargo)
    assert desk.of("10") == (ten, 1)
    assert desk.why("11") == ({"YD1/0000": eleven} if eleven else {})


@pytest.mark.parametrize(
    ("seconds", "kilograms", "changes", "alike"),
    [
        (1800, "9900", {}, 2),
        (1801, "9900", {}, 0),
        (0, "9702", {}, 2),  # two percent of the heavier
        (0, "9701.999", {}, 0),
        (0, "9900", {"consigneeInfo__countrySubdivisionCode": "530400"}, 0),
        (0, "9900", {"vehicleInfo__vehiclePlateColorCode": "1"}, 0),
    ],
)
def test_12_counts_all_that_are_alike(
    seconds: int, kilograms: str, changes: dict[str, Any], alike: int
) -> None:
    desk = clean_desk()
    twin = waybill("YD2", T0 + seconds, vehicleInfo__goodsInfo__goodsItemGrossWeight=kilograms, **changes)
    desk.put(Kind.WAYBILL, twin)
    assert desk.of("12") == (alike, 2)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([1, 2]), st.integers(0, 5).map(lambda n: n * 700), st.integers(100, 106)),
        max_size=12,
    )
)
def test_12_finds_what_comparing_all_pairs_finds(rows: list[tuple[int, int, int]]) -> None:
    desk = empty_desk()
    for i, (vehicle, later_s, weight) in enumerate(rows):
        desk.put(
            Kind.WAYBILL,
            waybill(
                f"YD{i}",
                T0 + later_s,
                vehicleInfo__vehicleNumber=f"云A{vehicle}",
                vehicleInfo__goodsInfo__goodsItemGrossWeight=str(weight),
            ),
        )
    expected = {
        f"YD{i}/0000"
        for i, one in enumerate(rows)
        for j, other in enumerate(rows)
        if i != j
        and one[0] == other[0]
        and abs(one[1] - other[1]) <= 1800
        and 100 * abs(one[2] - other[2]) <= 2 * max(one[2], other[2])
    }
    assert set(desk.why("12")) == expected


def tracked(driver: Any = None, vehicle: Any = None, gross: int = 1800, **rules: Any) -> Desk:
    """A desk whose waybill has these points of driver and vehicle."""
    desk = empty_desk()
    desk.tracks = type(desk.tracks)()
    desk.rules = Rules(**rules)
    desk.vehicle(gross=gross)
    whole = line(T0, T0 + 3 * HOUR)
    desk.put(Kind.WAYBILL, waybill())
    desk.put(Kind.LOCATION, location(points=whole if driver is None else driver))
    desk.tracks.add_vehicle(KEY, whole if vehicle is None else vehicle)
    return desk


WAY = line(T0, T0 + 3 * HOUR)
NORTH = line(T0, T0 + 3 * HOUR, north_udeg=60_000)  # 6.7 km
BESIDE = line(T0, T0 + 3 * HOUR, north_udeg=25_000)  # 2.8 km: near the ends, but not together


@pytest.mark.parametrize(
    ("driver", "vehicle", "reason"),
    [
        (WAY, WAY, ""),
        (WAY[3:], WAY, "the driver was not at loading"),
        (WAY[:-3], WAY, "the driver was not at unloading"),
        (WAY, WAY[3:], "the vehicle was not at loading"),
        (WAY, WAY[:-3], "the vehicle was not at unloading"),
        (np.delete(WAY, range(10, 15)), WAY, ""),
        (np.delete(WAY, range(10, 16)), WAY, "the driver's track has a gap"),
        (WAY, np.delete(WAY, range(10, 16)), "the vehicle's track has a gap"),
        (WAY, BESIDE, "driver and vehicle were apart"),
        (
            WAY,
            NORTH,
            "the vehicle was not at loading; the vehicle was not at unloading; driver and vehicle were apart",
        ),
    ],
)
def test_13_1_says_what_is_missing_in_the_story(driver: Any, vehicle: Any, reason: str) -> None:
    desk = tracked(driver, vehicle)
    assert desk.why("13-1") == ({"YD1/0000": reason} if reason else {})


@pytest.mark.parametrize(("gross", "good"), [(1200, 1), (1201, 0)])
def test_13_1_asks_no_vehicle_positions_up_to_12_t(gross: int, good: int) -> None:
    desk = tracked(vehicle=NORTH, gross=gross)
    assert desk.of("13-1") == (good, 1)
    desk.vehicle(dangerous=True)
    assert desk.of("13-1") == (0, 1)


def test_13_1_needs_four_bins_of_five_together() -> None:
    for apart, good in ((7, 1), (8, 0)):  # of 37 common bins
        vehicle = WAY.copy()
        vehicle["latitude"][10 : 10 + apart] += 25_000
        assert tracked(vehicle=vehicle).of("13-1") == (good, 1), apart


def test_13_1_follows_its_rules() -> None:
    assert tracked(vehicle=BESIDE, apart_m=3000).of("13-1") == (1, 1)
    assert tracked(vehicle=NORTH, apart_m=7000, near_m=7000).of("13-1") == (1, 1)


def test_13_1_without_a_location_document_is_not_shown() -> None:
    desk = empty_desk()
    desk.put(Kind.WAYBILL, waybill())
    assert desk.why("13-1") == {"YD1/0000": "times, endpoints or location document are missing"}


def test_positions_without_a_fix_or_out_of_operation_prove_nothing() -> None:
    status = np.full(len(WAY), 0b10)
    assert len(counting(WAY, status)) == len(WAY)
    status[:3] = 0
    status[3] = 0b100010
    assert len(counting(WAY, status)) == len(WAY) - 4


def test_13_2_asks_the_bank_about_matched_funds_only() -> None:
    desk = clean_desk()
    desk.put(Kind.FUNDS, funds("ZJ2", notes=("YD9",)))
    assert desk.of("13-2-1") == (2, 3)
    assert desk.of("13-2-2") == (1, 1)
    desk.registers.bank.clear()
    assert desk.why("13-2-2") == {"ZJ1": "the bank does not confirm a payment"}


def test_sizes_are_whole_numbers_over_their_unit() -> None:
    desk = clean_desk()
    desk.put(Kind.WAYBILL, waybill("YD2", vehicleInfo__goodsInfo__goodsItemGrossWeight="0.001"))
    assert desk.of("14") == (1, 10**4)
    assert desk.of("15") == (2, 10**4)
    assert desk.of("16") == (9_900_001, 10**10)


@pytest.mark.parametrize("heard", [None, PERIOD.until_s - 15 * 86400 - 1])
def test_a_silent_terminal_is_an_anomaly(heard: int | None) -> None:
    desk = clean_desk()
    assert list(desk.report().anomalies()) == []
    desk.registers.terminals[KEY] = heard
    assert [finding.reason for finding in desk.report().anomalies()] == [
        "its terminal is registered and silent"
    ]
    del desk.registers.terminals[KEY]
    assert [finding.reason for finding in desk.report().anomalies()] == ["over 12 t without a terminal"]
    desk.vehicle(gross=1200)
    assert {finding.kind for finding in desk.report().anomalies()} == {Anomaly.PAPERS}, "another mass"


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["", "1", "20260110120000", PLATE]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                [
                    "shippingNoteNumber",
                    "serialNumber",
                    "vehicleInfo",
                    "goodsInfo",
                    "driver",
                    "drivingLicense",
                    "shippingNoteList",
                    "positions",
                    "financiallist",
                    "monetaryAmount",
                    "totalMonetaryAmount",
                    "goodsItemGrossWeight",
                    "consignorInfo",
                    "countrySubdivisionCode",
                    "despatchActualDateTime",
                    "goodsReceiptDateTime",
                    "startLatitude",
                    "time",
                    "latitude",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(list(Kind)), JUNK.filter(lambda junk: isinstance(junk, dict))), max_size=4
    )
)
def test_whatever_arrives_is_counted_and_nothing_crashes(uploads: list[tuple[Kind, Any]]) -> None:
    desk = clean_desk()
    for kind, document in uploads:
        desk.put(kind, document)
    report = desk.report()
    report.as_dict()
    for indicator in report.indicators.values():
        assert indicator.numerator >= 0
        if indicator.unit == "%":
            assert indicator.numerator <= indicator.denominator


# revisions


@pytest.mark.parametrize("late", [False, True], ids=["in turn", "the older arrives later"])
def test_the_highest_revision_counts_whenever_it_arrives(late: bool) -> None:
    desk = empty_desk()
    moments = (T0 + 2, T0 + 1) if late else (T0 + 1, T0 + 2)
    desk.put(Kind.WAYBILL, waybill(businessTypeCode="1009999"), moments[0], revision=1)
    desk.put(Kind.WAYBILL, waybill(), moments[1], revision=2)
    assert (desk.of("3-1"), desk.of("15")) == ((1, 1), (1, 10_000))


@pytest.mark.parametrize("on_disk", [False, True])
def test_the_points_of_a_replaced_location_document_prove_nothing(on_disk: bool) -> None:
    """Neither for the trip nor against it: the correction alone is looked at."""
    elsewhere = line(T0, T0 + 3 * HOUR, north_udeg=500_000)
    for first, second, normal in ((elsewhere, None, 1), (None, elsewhere, 0)):
        desk = clean_desk()
        desk.uploads = [upload for upload in desk.uploads if upload.kind is not Kind.LOCATION]
        if on_disk:
            desk.tracks = TracksOnDisk()  # type: ignore[assignment]
            desk.tracks.add_vehicle(KEY, line(T0, T0 + 3 * HOUR))
        desk.put(Kind.LOCATION, location(points=first), revision=1, label="YD1/0000")
        desk.put(Kind.LOCATION, location(points=second), revision=2, label="YD1/0000")
        assert (desk.of("13-1"), desk.of("4")) == ((normal, 1), (2, 2))
