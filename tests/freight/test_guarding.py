"""Masks, keyed hashes, consent and the allow-list: what may leave, and that nothing else does."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.freight import Kind, masking
from protocols.freight.consent import BASES, Basis, Consent, Purpose, permitted
from protocols.freight.pseudonyms import PseudonymError, Pseudonyms, quarter_of
from protocols.freight.release import AllowList, Gate, ReleaseError
from protocols.guomi import choose

from .samples import samples


@pytest.mark.parametrize(
    ("rule", "value", "masked"),
    [
        ("name", "王小明", "王**"),
        ("name", "欧阳修", "欧阳*"),
        ("name", "欧阳", "欧*"),
        ("phone", "13812348000", "138****8000"),
        ("identity", "530100199001011234", "530100********1234"),
        ("identity-closely", "530100199001011234", "5****************4"),
        ("plate", "云A12345", "云A***45"),
        ("account", "6222021234567896789", "***************6789"),
        ("address", "云南省昆明市官渡区广福路1号", "云南省昆明市官渡区"),
        ("address", "云南省红河州弥勒市温泉路9号", "云南省红河州弥勒市"),
        ("address", "广福路1号", "*****"),
        ("position", 102.71834, "102.72"),
        ("position", "-0.004", "-0.00"),
        ("phone", "110", "**0"),
        ("name", "", ""),
    ],
)
def test_masks(rule: str, value: object, masked: str) -> None:
    assert masking.RULES[rule](value) == masked


@given(st.sampled_from(["phone", "identity", "identity-closely", "plate", "account"]), st.text(min_size=2))
def test_a_mask_hides_something_of_anything(rule: str, value: str) -> None:
    masked = masking.RULES[rule](value)
    assert len(masked) == len(value)
    assert masked.count("*") >= (len(value) + 1) // 2 or "*" in masked


def pseudonyms(algorithm: str = "sm3") -> Pseudonyms:
    return Pseudonyms(choose(), {"2026Q1": b"1" * 32, "2026Q2": b"2" * 32}, algorithm)


@pytest.mark.parametrize("algorithm", ["sm3", "sha256"])
def test_hashes_join_within_an_epoch_only(algorithm: str) -> None:
    keyed = pseudonyms(algorithm)
    first = keyed.of("2026Q1", "identity", "530100199001011234")
    assert first == keyed.of("2026Q1", "identity", "530100199001011234")
    others = {
        keyed.of("2026Q2", "identity", "530100199001011234"),
        keyed.of("2026Q1", "phone", "530100199001011234"),
        keyed.of("2026Q1", "identity", "530100199001011235"),
    }
    assert first not in others
    assert len(others) == 3
    assert "530100199001011234" not in first


def test_the_two_algorithms_are_those_they_say() -> None:
    import hmac

    expected = hmac.digest(b"1" * 32, b"phone\x00138", "sha256")[:16].hex()
    assert pseudonyms("sha256").of("2026Q1", "phone", "138") == f"2026Q1:{expected}"
    expected = choose().sm3_hmac(b"1" * 32, b"phone\x00138")[:16].hex()
    assert pseudonyms("sm3").of("2026Q1", "phone", "138") == f"2026Q1:{expected}"


def test_a_retired_epoch_hashes_no_more() -> None:
    keyed = pseudonyms()
    keyed.retire("2026Q1")
    with pytest.raises(PseudonymError, match="2026Q1"):
        keyed.of("2026Q1", "phone", "138")
    with pytest.raises(PseudonymError, match="2026Q3"):
        Pseudonyms(choose(), {"2026Q3": b"short"})
    assert [quarter_of(day) for day in ("20260101", "20260331", "20260401", "20261231")] == [
        "2026Q1", "2026Q1", "2026Q2", "2026Q4",
    ]  # fmt: skip


FIELDS = {
    "shippingNoteNumber": "clear",
    "serialNumber": "clear",
    "vehicleInfo.vehicleNumber": "plate",
    "vehicleInfo.driver.driverName": "name",
    "vehicleInfo.driver.drivingLicense": "hash:identity",
    "consignorInfo.placeOfLoading": "address",
}


def gate() -> Gate:
    return Gate((AllowList("waybills", Purpose.ANALYSIS, FIELDS),), pseudonyms())


def test_what_is_not_listed_is_dropped_and_counted() -> None:
    document = samples()[Kind.WAYBILL][0]
    gateway = gate()
    released = gateway.release("waybills", Purpose.ANALYSIS, document, "2026Q1")
    vehicle = released.document["vehicleInfo"]
    assert vehicle["driver"][0]["driverName"].endswith("**")
    assert vehicle["driver"][0]["drivingLicense"].startswith("2026Q1:")
    assert set(released.document) == {"shippingNoteNumber", "serialNumber", "vehicleInfo", "consignorInfo"}
    assert released.dropped["vehicleInfo.goodsInfo"] == 1
    assert released.dropped["totalMonetaryAmount"] == 1
    assert gateway.dropped["waybills", "totalMonetaryAmount"] == 1
    text = json.dumps(released.document, ensure_ascii=False)
    for driver in document["vehicleInfo"]["driver"]:
        assert driver["driverName"] not in text
        assert driver["drivingLicense"] not in text
    assert document["vehicleInfo"]["vehicleNumber"] not in text


def test_nothing_leaves_for_another_purpose_or_topic() -> None:
    for topic, purpose in (("waybills", Purpose.AFTERMARKET), ("funds", Purpose.ANALYSIS)):
        with pytest.raises(ReleaseError, match=topic):
            gate().release(topic, purpose, {})


PATHS = st.sampled_from(["a", "b", "c"])
TREES = st.recursive(
    st.text(max_size=3),
    lambda inner: st.dictionaries(PATHS, inner, max_size=3) | st.lists(inner, max_size=2),
    max_leaves=12,
)


def flat(value: object, path: str = "") -> list[tuple[str, object]]:
    if isinstance(value, dict):
        return [
            each for name, inner in value.items() for each in flat(inner, f"{path}.{name}" if path else name)
        ]
    if isinstance(value, list):
        return [each for inner in value for each in flat(inner, path)]
    return [(path, value)]


@given(
    st.dictionaries(PATHS, TREES, max_size=3),
    st.sets(st.lists(PATHS, min_size=1, max_size=3).map(".".join), max_size=4),
)
def test_whatever_comes_only_listed_paths_leave(document: dict[str, object], listed: set[str]) -> None:
    gateway = Gate((AllowList("t", Purpose.ANALYSIS, dict.fromkeys(listed, "clear")),))
    released = gateway.release("t", Purpose.ANALYSIS, document)
    for path, _ in flat(released.document):
        assert path in listed


def test_a_list_with_an_unknown_rule_is_refused() -> None:
    with pytest.raises(ReleaseError, match="telephone"):
        AllowList("drivers", Purpose.ANALYSIS, {"telephone": "rot13"})
    twice = AllowList("t", Purpose.ANALYSIS, {})
    with pytest.raises(ReleaseError):
        Gate((twice, twice))


def test_consent_holds_from_until_and_not_after_withdrawal() -> None:
    given_ = Consent("hash", "waybill", Purpose.ANALYSIS, 100, 200)
    assert [given_.holds_at(second) for second in (99, 100, 199, 200)] == [False, True, True, False]
    withdrawn = given_.withdrawn(150)
    assert [withdrawn.holds_at(second) for second in (149, 150)] == [True, False]
    assert withdrawn.withdrawn(180).withdrawn_s == 150


def test_a_purpose_needs_its_basis() -> None:
    consents = [
        Consent("hash", "waybill", Purpose.ANALYSIS, 0, 100),
        Consent("hash", "track", Purpose.ANALYSIS, 0, 100),
        Consent("hash", "waybill", Purpose.AFTERMARKET, 0, 100),
        Consent("hash", "account", Purpose.ANALYSIS, 0, 100, separate=True),
    ]

    def may(who: str, data_class: str, purpose: Purpose, second: int = 50) -> bool:
        return permitted(who, data_class, purpose, second, consents=consents)

    assert may("hash", "waybill", Purpose.ANALYSIS)
    assert not may("hash", "waybill", Purpose.ANALYSIS, 100)
    assert not may("other", "waybill", Purpose.ANALYSIS)
    assert not may("hash", "track", Purpose.ANALYSIS), "sensitive: asked for on its own"
    assert may("hash", "account", Purpose.ANALYSIS)
    assert not may("hash", "waybill", Purpose.AFTERMARKET)
    assert may("anybody", "track", Purpose.MONITORING)
    assert BASES[Purpose.MONITORING] is Basis.STATUTE
    assert BASES.keys() == set(Purpose)
