"""Six certificates and a policy; e-licences under seal."""

from dataclasses import replace

import pytest

from protocols.freight.certificates import NAMES, Certificate, Paper, Status
from protocols.freight.licences import ELicence, Licence
from protocols.freight.values import seconds_of
from protocols.guomi import choose

GUOMI = choose()
PRIVATE, PUBLIC = GUOMI.sm2_new_key()


def qualification(**changes: object) -> Certificate:
    record = Certificate(
        Paper.QUALIFICATION, "Q1", "王伟", "530100196001010001", "20250101", "20261231", "示例"
    )
    return replace(record, **changes)  # type: ignore[arg-type]


def at(text: str) -> int:
    second = seconds_of(text)
    assert second is not None
    return second


def test_there_are_seven_papers() -> None:
    assert NAMES.keys() == set(Paper)


def test_a_certificate_holds_through_its_last_day() -> None:
    record = qualification()
    assert not record.valid_at(at("20241231235959"))
    assert record.valid_at(at("20250101000000"))
    assert record.valid_at(at("20261231235959"))
    assert not record.valid_at(at("20270101000000"))
    assert not replace(record, status=Status.SUSPENDED).valid_at(at("20260101000000"))


@pytest.mark.parametrize(
    ("field", "value"),
    [("number", ""), ("holder_id", ""), ("valid_from", "20260231"), ("valid_to", "20240101")],
)
def test_a_bad_record_names_its_field(field: str, value: str) -> None:
    with pytest.raises(ValueError, match=field):
        qualification(**{field: value})


def test_papers_of_a_vehicle_need_its_plate() -> None:
    with pytest.raises(ValueError, match="plate"):
        qualification(paper=Paper.POLICY)


def test_a_licence_under_seal_stands_and_falls() -> None:
    licence = ELicence(Licence.QUALIFICATION, qualification(), "20250101").sealed(GUOMI, PRIVATE)
    now = at("20260101000000")
    assert licence.standing(GUOMI, PUBLIC, now) == ""
    assert licence.standing(GUOMI, PUBLIC, at("20270101000000")) == "ended"
    assert licence.standing(GUOMI, PUBLIC, at("20240101000000")) == "not begun"
    forged = replace(licence, certificate=qualification(valid_to="20291231"))
    assert forged.standing(GUOMI, PUBLIC, now) == "forged"
    assert licence.standing(GUOMI, GUOMI.sm2_new_key()[1], now) == "forged"
    assert replace(licence, seal=b"").standing(GUOMI, PUBLIC, now) == "forged"
    cancelled = ELicence(Licence.QUALIFICATION, qualification(status=Status.CANCELLED), "20250101")
    assert cancelled.sealed(GUOMI, PRIVATE).standing(GUOMI, PUBLIC, now) == "cancelled"


def test_a_licence_shows_a_certificate_of_its_kind() -> None:
    with pytest.raises(ValueError, match="JT/T 1292"):
        ELicence(Licence.TRANSPORT, qualification(), "20250101")
