"""A code's life at the office: refused for one wrong paper, issued, coloured, changed, cancelled, ended."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.driver_code.codec import StandIn
from protocols.driver_code.content import Colour, Holder
from protocols.driver_code.trust import IssuerKey, State, Verifier, key_id_of
from protocols.freight.certificates import Certificate, Paper, Status
from protocols.freight.values import DAY_S, seconds_of
from protocols.guomi import choose
from simulator.authority.codes import (
    Application,
    Issued,
    Office,
    Refused,
    Severity,
    Violation,
    standing_at,
)
from simulator.authority.codes.colours import ENDED, history

GUOMI = choose()
PRIVATE, PUBLIC = GUOMI.sm2_new_key()
KEY = IssuerKey(key_id_of(PUBLIC), PUBLIC, 0, 2**35)
NOW = seconds_of("20260301120000") or 0
IDENTITY, NAME = "530100196001010001", "王小明"
VEHICLE = ("云A12345", "2")


def paper(kind: Paper, **changes: Any) -> Certificate:
    of_vehicle = kind in (Paper.TRANSPORT, Paper.REGISTRATION, Paper.POLICY)
    holder_id = "CARRIER1" if kind is Paper.PERMIT or of_vehicle else IDENTITY
    record = Certificate(
        kind,
        f"{kind.value}-1",
        NAME if holder_id == IDENTITY else "示例运输户",
        holder_id,
        "20250101",
        "20261231",
        plate=VEHICLE[0] if of_vehicle else "",
        plate_colour=VEHICLE[1] if of_vehicle else "",
        classes=("A2",) if kind is Paper.DRIVING else (),
    )
    return replace(record, **changes)


def papers(**changes: Certificate) -> tuple[Certificate, ...]:
    return tuple(changes.get(kind.value, paper(kind)) for kind in Paper)


def application(**changes: Any) -> Application:
    asked = Application(Holder.DRIVER, IDENTITY, NAME, papers(), *VEHICLE, carrier_id="CARRIER1")
    return replace(asked, **changes)


def office(*entries: Certificate) -> Office:
    register = {(each.paper, each.number): each for each in (*papers(), *entries)}
    return Office(GUOMI, StandIn(GUOMI), KEY, private=PRIVATE, secret=b"s" * 32, register=register)


def issued(answer: Issued | Refused | None) -> Issued:
    assert isinstance(answer, Issued), answer
    return answer


def state(issuer: Office, text: str, now_s: int = NOW) -> State:
    return Verifier(GUOMI, StandIn(GUOMI), [KEY], issuer.revocations(now_s)).verify(text, now_s).state


def test_a_code_is_issued_and_verifies() -> None:
    issuer = office()
    code = issued(issuer.apply(application(), NOW))
    verdict = Verifier(GUOMI, StandIn(GUOMI), [KEY], issuer.revocations(NOW)).verify(code.text, NOW)
    assert verdict.state is State.VALID
    assert verdict.content is not None
    assert verdict.content.masked_name == "王**"
    assert verdict.content.classes == ("A2",)
    assert verdict.content.identity_hash == issuer.holder_of(IDENTITY) == code.holder
    assert IDENTITY not in code.text


@pytest.mark.parametrize("kind", Paper)
def test_a_missing_paper_is_named(kind: Paper) -> None:
    answer = office().apply(
        application(papers=tuple(each for each in papers() if each.paper is not kind)), NOW
    )
    assert isinstance(answer, Refused)
    assert [(each.paper, each.reason) for each in answer.refusals] == [(kind, "missing")]


@pytest.mark.parametrize("kind", Paper)
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"valid_to": "20260228"}, "ended"),
        ({"valid_from": "20260302"}, "not begun"),
        ({"status": Status.SUSPENDED}, "suspended"),
    ],
)
def test_a_paper_that_does_not_stand_is_named(kind: Paper, changes: dict[str, Any], reason: str) -> None:
    wrong = paper(kind, **changes)
    answer = office(wrong).apply(application(papers=papers(**{kind.value: wrong})), NOW)
    assert isinstance(answer, Refused)
    assert [(each.paper, each.reason) for each in answer.refusals] == [(kind, reason)]


def test_a_paper_that_differs_from_the_register_is_named_with_its_field() -> None:
    forged = paper(Paper.QUALIFICATION, valid_to="20291231")
    answer = office().apply(application(papers=papers(qualification=forged)), NOW)
    assert isinstance(answer, Refused)
    assert str(answer.refusals[0]) == "从业资格证 (qualification): not as registered: valid_to"
    unknown = paper(Paper.POLICY, number="P2")
    answer = office().apply(application(papers=papers(policy=unknown)), NOW)
    assert isinstance(answer, Refused)
    assert [each.reason for each in answer.refusals] == ["not on the register"]


def test_genuine_papers_of_others_are_refused() -> None:
    wrong = {
        "driving": paper(Paper.DRIVING, holder_id="530100196001010002"),
        "policy": paper(Paper.POLICY, plate="云A99999"),
        "permit": paper(Paper.PERMIT, holder_id="CARRIER2"),
    }
    answer = office(*wrong.values()).apply(application(papers=papers(**wrong)), NOW)
    assert isinstance(answer, Refused)
    assert {each.paper.value: each.reason for each in answer.refusals} == {
        "driving": "of another person",
        "policy": "of another vehicle",
        "permit": "of another carrier",
    }


def test_light_freight_needs_fewer_papers() -> None:
    few = tuple(paper(kind) for kind in (Paper.IDENTITY, Paper.DRIVING, Paper.REGISTRATION, Paper.POLICY))
    assert isinstance(office().apply(application(papers=few), NOW), Refused)
    assert isinstance(office().apply(application(papers=few, light=True), NOW), Issued)


def test_the_earliest_end_ends_the_code_that_second() -> None:
    policy = paper(Paper.POLICY, valid_to="20260315")
    issuer = office(policy)
    code = issued(issuer.apply(application(papers=papers(policy=policy)), NOW))
    end = seconds_of("20260316000000") or 0
    assert code.valid_until_s == end
    assert state(issuer, code.text, end - 1) is State.VALID
    assert state(issuer, code.text, end) is State.EXPIRED
    assert issuer.standing(code.holder, end).causes == (ENDED,)
    assert issuer.refresh(code.holder, end) is None


MINOR = Violation("V1", Severity.MINOR, NOW + 10, "drove without rest")
SERIOUS = Violation("V2", Severity.SERIOUS, NOW + 20, "overloaded by half")


def test_violations_colour_the_code_and_handling_brings_it_back() -> None:
    issuer = office()
    blue = issued(issuer.apply(application(), NOW))
    yellow = issued(issuer.record(blue.holder, MINOR, NOW + 10))
    assert (blue.colour, yellow.colour) == (Colour.BLUE, Colour.YELLOW)
    assert state(issuer, blue.text, NOW + 10) is State.REVOKED
    red = issued(issuer.record(blue.holder, SERIOUS, NOW + 20))
    assert state(issuer, red.text, NOW + 20) is State.RED
    assert issuer.standing(blue.holder, NOW + 20).causes == ("overloaded by half", "drove without rest")
    assert issuer.record(blue.holder, MINOR.handled(NOW + 30), NOW + 30) is None, "still red"
    again = issued(issuer.record(blue.holder, SERIOUS.handled(NOW + 40), NOW + 40))
    assert state(issuer, again.text, NOW + 40) is State.VALID
    assert [(second - NOW, each.colour) for second, each in issuer.history(blue.holder, NOW + 100)] == [
        (0, Colour.BLUE),
        (10, Colour.YELLOW),
        (20, Colour.RED),
        (30, Colour.RED),  # one cause less
        (40, Colour.BLUE),
    ]


def test_a_change_of_vehicle_is_examined() -> None:
    issuer = office()
    code = issued(issuer.apply(application(), NOW))
    other = application(plate="云A77777")
    answer = issuer.change(other, NOW + 5)
    assert isinstance(answer, Refused)
    assert {each.reason for each in answer.refusals} == {"of another vehicle"}
    assert state(issuer, code.text, NOW + 5) is State.VALID, "a refusal changes nothing"
    moved = {
        kind.value: paper(kind, number=f"{kind.value}-2", plate="云A77777")
        for kind in (Paper.TRANSPORT, Paper.REGISTRATION, Paper.POLICY)
    }
    issuer = office(*moved.values())
    code = issued(issuer.apply(application(), NOW))
    changed = issued(issuer.change(application(plate="云A77777", papers=papers(**moved)), NOW + 5))
    assert state(issuer, code.text, NOW + 5) is State.REVOKED
    assert state(issuer, changed.text, NOW + 5) is State.VALID


def test_a_holder_may_cancel_and_come_back() -> None:
    issuer = office()
    code = issued(issuer.apply(application(), NOW))
    assert issuer.apply(application(), NOW + 1) == Refused((), "the holder has a code already")
    assert issuer.cancel(code.holder, NOW)
    assert not issuer.cancel(code.holder, NOW)
    assert state(issuer, code.text) is State.REVOKED
    with pytest.raises(KeyError):
        issuer.standing(code.holder, NOW)
    assert issuer.change(application(), NOW) == Refused((), "no code to change")
    assert isinstance(issuer.apply(application(), NOW + 2), Issued)


def test_the_revocation_list_forgets_what_has_ended() -> None:
    issuer = office()
    code = issued(issuer.apply(application(), NOW))
    issuer.cancel(code.holder, NOW)
    assert len(issuer.revocations(code.valid_until_s - 1).codes) == 1
    assert len(issuer.revocations(code.valid_until_s).codes) == 0


VIOLATIONS = st.lists(
    st.builds(
        Violation,
        st.uuids().map(str),
        st.sampled_from(Severity),
        st.integers(0, 50),
        st.just("x"),
        st.none() | st.integers(0, 60),
    ),
    max_size=6,
)


@given(VIOLATIONS, st.integers(1, 70))
def test_the_history_says_at_each_second_what_held(violations: list[Violation], ends_s: int) -> None:
    changes = history(0, 80, violations, ends_s)
    for second in range(80):
        latest = [standing for since, standing in changes if since <= second][-1]
        assert latest == standing_at(second, violations, ends_s)


@given(VIOLATIONS, st.integers(0, 80))
def test_red_and_yellow_always_say_why(violations: list[Violation], second: int) -> None:
    standing = standing_at(second, violations, 10 * DAY_S)
    assert (standing.colour is Colour.BLUE) == (not standing.causes)
