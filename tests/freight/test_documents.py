"""The checks of the five documents: every fault names its field and a code; the JSON Schemas say the same."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from protocols.freight import DOCUMENTS, PROVINCE_2_0, Context, FaultCode, Kind, check, codes
from protocols.freight.emit import file_of, render, schema_of
from protocols.freight.fields import Field

from .samples import samples

SAMPLES = samples()
VALIDATORS = {kind: Draft202012Validator(schema_of(layout)) for kind, layout in DOCUMENTS.items()}


def sample(kind: Kind, **changes: Any) -> dict[str, Any]:
    return copy.deepcopy(SAMPLES[kind][0]) | changes


def found(kind: Kind, document: Any, context: Context | None = None) -> set[tuple[str, FaultCode]]:
    return {(fault.field, fault.code) for fault in check(kind, document, context or Context())}


@pytest.mark.parametrize("kind", Kind)
def test_documents_of_the_simulator_conform(kind: Kind) -> None:
    assert SAMPLES[kind]
    for document in SAMPLES[kind]:
        assert check(kind, document) == ()
        VALIDATORS[kind].validate(document)


@pytest.mark.parametrize("kind", Kind)
def test_schema_files_are_fresh(kind: Kind) -> None:
    layout = DOCUMENTS[kind]
    Draft202012Validator.check_schema(json.loads(file_of(layout).read_text("utf-8")))
    assert file_of(layout).read_text("utf-8") == render(layout)


def leaves(fields: tuple[Field, ...], path: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], Field]]:
    """Every leaf of a layout with the way to it; the first member of each list."""
    all_ = []
    for field in fields:
        here = (*path, field.name)
        if field.leaf is not None:
            all_.append((here, field))
        else:
            all_ += leaves(field.members, (*here, 0) if field.many else here)
    return all_


LEAVES = [(kind, path, field) for kind, layout in DOCUMENTS.items() for path, field in leaves(layout.fields)]


def place(document: Any, path: tuple[Any, ...]) -> Any:
    for step in path[:-1]:
        document = document[step]
    return document


def written(path: tuple[Any, ...]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)[1:]


@pytest.mark.parametrize(
    ("kind", "path", "field"), LEAVES, ids=lambda each: str(each) if isinstance(each, Kind) else ""
)
def test_a_missing_required_field_is_named(kind: Kind, path: tuple[Any, ...], field: Field) -> None:
    document = sample(kind)
    place(document, path).pop(path[-1], None)
    fault = (written(path), FaultCode.MISSING)
    assert (fault in found(kind, document)) == (field.required and "owner" not in path)
    if field.required:
        assert not VALIDATORS[kind].is_valid(document)


@pytest.mark.parametrize(
    ("kind", "path", "field"), LEAVES, ids=lambda each: str(each) if isinstance(each, Kind) else ""
)
def test_a_field_of_another_type_is_named(kind: Kind, path: tuple[Any, ...], field: Field) -> None:
    document = sample(kind)
    place(document, path)[path[-1]] = ["x"]
    assert (written(path), FaultCode.TYPE) in found(kind, document)
    assert not VALIDATORS[kind].is_valid(document)


VALUES = st.one_of(
    st.sampled_from(
        ["", None, 0, 1, -1, 1.5, True, "0", "none", "x", "A" * 600, "20260101000000", "20260101"]
    ),
    st.sampled_from(
        ["12.345", "12.3456", "-1", "999999999999999999", "4.5", "4.51", "0001", "WGS84", "12", "530100"]
    ),
    st.sampled_from([[], {}, [{}], [1], "1e3", "５", "١"]),
    st.text(max_size=6),
)


@settings(max_examples=400)
@given(data=st.data())
def test_check_and_json_schema_agree(data: st.DataObject) -> None:
    """On any document with one leaf changed, but for calendar days, which JSON Schema cannot count."""
    kind, path, field = data.draw(st.sampled_from(LEAVES))
    document = copy.deepcopy(data.draw(st.sampled_from(SAMPLES[kind])))
    value = data.draw(VALUES)
    place(document, path)[path[-1]] = value
    faults = check(kind, document)
    calendar = field.leaf is not None and field.leaf.words in ("n14", "n8")
    numeric = isinstance(value, float | int)  # a schema cannot limit the decimals of a JSON number
    if not calendar and not numeric:
        assert VALIDATORS[kind].is_valid(document) == (not faults), faults


@settings(max_examples=200)
@given(
    kind=st.sampled_from(list(Kind)),
    anything=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["vehicleInfo", "driver", "goodsInfo", "grossMass", "positions"]), inner
            )
        ),
        max_leaves=10,
    ),
)
def test_any_value_is_refused_and_nothing_crashes(kind: Kind, anything: Any) -> None:
    assert check(kind, anything)


@pytest.mark.parametrize(
    ("gross", "light"),
    [("4.5", True), ("4.50", True), (4.5, True), ("4.51", False), ("12", False), ("0.80", True)],
)
def test_light_vehicles_say_more_about_themselves(gross: Any, light: bool) -> None:
    """Up to 4.5 t, the boundary included: owner and register data instead of a certificate."""
    document = sample(Kind.VEHICLE, grossMass=gross, roadTransportCertificateNumber="530100000000")
    for name in ("owner", "useCharacter", "vin", "issuingOrganizations", "registerDate", "issueDate"):
        document.pop(name, None)
    faults = found(Kind.VEHICLE, document)
    assert (("vin", FaultCode.MISSING) in faults) is light
    assert (("roadTransportCertificateNumber", FaultCode.CONDITION) in faults) is not light
    assert not VALIDATORS[Kind.VEHICLE].is_valid(document)
    dangerous = found(Kind.VEHICLE, document, Context(dangerous=True))
    assert ("roadTransportCertificateNumber", FaultCode.CONDITION) in dangerous


def test_zeros_stand_for_a_permit_of_light_vehicles_only() -> None:
    document = sample(Kind.WAYBILL, permitNumber="530100000000")
    document["actualCarrierInfo"]["actualCarrierBusinessLicense"] = "530100000000"
    assert found(Kind.WAYBILL, document) == set()
    assert found(Kind.WAYBILL, document, Context(light=True)) == set()
    assert found(Kind.WAYBILL, document, Context(light=False)) == {
        ("permitNumber", FaultCode.CONDITION),
        ("actualCarrierInfo.actualCarrierBusinessLicense", FaultCode.CONDITION),
    }


def test_drivers_of_light_vehicles_show_their_licence() -> None:
    document = {
        "driverName": "王伟",
        "drivingLicense": "530100196001010001",
        "qualificationCertificate": "530100000000000000",
        "telephone": "13900000000",
    }
    assert found(Kind.DRIVER, document) == set()
    assert ("vehicleClass", FaultCode.MISSING) in found(Kind.DRIVER, document, Context(light=True))
    assert ("qualificationCertificate", FaultCode.CONDITION) in found(
        Kind.DRIVER, document, Context(light=False)
    )


def test_a_segment_has_ends_of_its_own() -> None:
    document = sample(Kind.WAYBILL, serialNumber="0001")
    for name in list(document["vehicleInfo"]):
        if name not in ("vehiclePlateColorCode", "vehicleNumber", "driver", "goodsInfo"):
            del document["vehicleInfo"][name]
    assert ("vehicleInfo.placeOfLoading", FaultCode.MISSING) in found(Kind.WAYBILL, document)
    assert not VALIDATORS[Kind.WAYBILL].is_valid(document)
    whole = document | {"serialNumber": "0100"}
    assert found(Kind.WAYBILL, whole) == set()
    everywhere = found(Kind.WAYBILL, whole, Context(PROVINCE_2_0))
    assert ("vehicleInfo.placeOfLoading", FaultCode.MISSING) in everywhere


def test_profiles_differ_where_the_sources_do() -> None:
    money = sample(Kind.FUNDS)
    del money["financiallist"][0]["bankCode"]
    assert found(Kind.FUNDS, money) == set()
    assert found(Kind.FUNDS, money, Context(PROVINCE_2_0)) == {
        ("financiallist[0].bankCode", FaultCode.MISSING)
    }
    driver = sample(Kind.DRIVER, drivingLicense="53010019600101")
    assert found(Kind.DRIVER, driver) == set()
    assert found(Kind.DRIVER, driver, Context(PROVINCE_2_0)) == {("drivingLicense", FaultCode.LENGTH)}
    assert found(Kind.WAYBILL, sample(Kind.WAYBILL, transportTypeCode="9")) == {
        ("transportTypeCode", FaultCode.TABLE)
    }


def test_policy_and_company_go_together() -> None:
    document = sample(Kind.WAYBILL)
    document["insuranceInformation"] = {"policyNumber": "PZ1", "insuranceCompanyCode": "none"}
    fault = ("insuranceInformation.policyNumber", FaultCode.CONDITION)
    assert found(Kind.WAYBILL, document) == {fault}
    assert not VALIDATORS[Kind.WAYBILL].is_valid(document)
    document["insuranceInformation"]["insuranceCompanyCode"] = "PICC"
    assert found(Kind.WAYBILL, document) == set()


def test_cash_is_no_means_of_payment() -> None:
    assert "5" not in codes.PAYMENT
    document = sample(Kind.FUNDS)
    document["financiallist"][0]["paymentMeansCode"] = "5"
    assert found(Kind.FUNDS, document) == {("financiallist[0].paymentMeansCode", FaultCode.TABLE)}


@pytest.mark.parametrize(
    "value", ["20260230000000", "20261301000000", "20260101240000", "2026010100000", "x" * 14]
)
def test_a_time_is_a_real_time(value: str) -> None:
    faults = found(Kind.WAYBILL, sample(Kind.WAYBILL, consignmentDateTime=value))
    assert faults == {("consignmentDateTime", FaultCode.FORM)}


def test_lists_have_limits_and_faults_too() -> None:
    document = sample(Kind.WAYBILL)
    document["vehicleInfo"]["driver"] = []
    assert ("vehicleInfo.driver", FaultCode.COUNT) in found(Kind.WAYBILL, document)
    document["vehicleInfo"]["driver"] = [{}] * 1001
    assert ("vehicleInfo.driver", FaultCode.COUNT) in found(Kind.WAYBILL, document)
    document["vehicleInfo"]["driver"] = [{}] * 1000
    assert len(check(Kind.WAYBILL, document)) <= 100


def test_a_fault_never_shows_the_value() -> None:
    secret = "王小明13900001111王小明13900001111王小明"
    for fault in check(Kind.DRIVER, sample(Kind.DRIVER, driverName=secret, drivingLicense=secret)):
        assert "王小明" not in str(fault)
