"""Documents on their way: named faults, corrections without double counting, order per waybill, each once."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_gateway.commands import CommandError
from edge_gateway.freight import kept as rows
from edge_gateway.freight import outbox
from edge_gateway.freight.kept import Kept
from edge_gateway.freight.outbox import Retry, Submission
from protocols.freight.consent import Purpose
from protocols.freight.documents import Kind
from protocols.monitoring.documents import DocumentReceipt, Result, ResultCode

from .house import House, funds, whole_order

RETRY = Retry(1000, 8000)


def waybill(number: str, **changes: object) -> dict[str, object]:
    """A whole WLHY_YD1001."""
    times = dict.fromkeys(
        ("despatchActualDateTime", "goodsReceiptDateTime", "sendToProDateTime"), "20260310120000"
    )
    return whole_order(number, **times) | changes


def send(house: House, documents: list[Kept]) -> None:
    with house.book.turn():
        outbox.sent(house.book, documents, house.book.counted("message"), house.now_s * 1000, RETRY)


def answer(house: House, document: Kept, code: ResultCode, field: str = "") -> list[Kept]:
    receipt = DocumentReceipt("gw-1/1", (Result(document.reference, code, field, "why" if field else ""),))
    with house.book.turn():
        return outbox.answered(house.book, receipt, house.now_s * 1000, RETRY)


def ready(house: House) -> list[Kept]:
    return outbox.ready(house.book, house.now_s * 1000, 100)


def test_a_faulty_document_is_never_sent_and_names_its_fields(house: House) -> None:
    kept, _ = house.papers.hand_in(
        Submission(Kind.WAYBILL, waybill("W1", businessTypeCode="7", carrier="")), "api"
    )
    assert kept.state == rows.FAULTY
    assert [(each["field"], each["code"]) for each in kept.faults] == [
        ("carrier", "missing"),
        ("businessTypeCode", "table"),
    ]
    assert ready(house) == []


def test_a_correction_is_the_next_revision_and_the_faulty_one_is_gone(house: House) -> None:
    kept, _ = house.papers.hand_in(Submission(Kind.WAYBILL, waybill("W1", carrier="")), "api")
    better, new = house.papers.correct(kept.reference, waybill("W1"), "api")
    assert (new, better.revision, better.state) == (True, 2, rows.WAITING)
    assert house.papers.document(kept.reference).state == rows.SUPERSEDED
    assert [each.reference for each in ready(house)] == [better.reference]


def test_a_refused_document_names_field_and_code_and_can_be_corrected(house: House) -> None:
    kept, _ = house.papers.hand_in(Submission(Kind.WAYBILL, waybill("W1")), "api")
    send(house, [kept])
    answer(house, kept, ResultCode.FIELD_CHECK_FAILED, "carrier")
    refused = house.papers.document(kept.reference)
    assert (refused.state, refused.faults) == (
        rows.REJECTED,
        [{"field": "carrier", "code": "3005", "detail": "why"}],
    )
    better, _ = house.papers.correct(kept.reference, waybill("W1", carrier="别的"), "api")
    assert (better.revision, better.state) == (2, rows.WAITING)


def test_a_correction_about_something_else_is_refused(house: House) -> None:
    kept, _ = house.papers.hand_in(Submission(Kind.WAYBILL, waybill("W1")), "api")
    with pytest.raises(CommandError, match="is about W2"):
        house.papers.correct(kept.reference, waybill("W2"), "api")


def test_the_same_contents_are_the_same_document(house: House) -> None:
    first, _ = house.papers.hand_in(Submission(Kind.WAYBILL, waybill("W1")), "api")
    again, new = house.papers.hand_in(Submission(Kind.WAYBILL, waybill("W1")), "api")
    assert (new, again.reference) == (False, first.reference)
    send(house, [first])
    answer(house, first, ResultCode.OK)
    assert house.papers.hand_in(Submission(Kind.WAYBILL, waybill("W1")), "api")[1] is False


def test_fields_that_are_not_declared_stay_at_home_and_are_counted(house: House) -> None:
    kept, _ = house.papers.hand_in(Submission(Kind.WAYBILL, waybill("W1", driverPhone="13800000000")), "api")
    assert "driverPhone" not in kept.document
    assert house.audits[-1][3].endswith("r1; dropped 1")


@pytest.mark.parametrize("purpose", [each for each in Purpose if each is not Purpose.MONITORING])
def test_for_a_purpose_that_rests_on_consent_no_document_leaves(house: House, purpose: Purpose) -> None:
    """Consents are the authority's records: the gateway has none, so it gives nothing that needs one."""
    with pytest.raises(CommandError, match=purpose.value):
        house.papers.hand_in(Submission(Kind.WAYBILL, waybill("W1"), purpose=purpose), "api")
    assert house.papers.documents("", "", 0, 10) == []


def test_without_receipts_a_document_is_settled_by_the_broker_and_says_so(house: House) -> None:
    kept, _ = house.papers.hand_in(Submission(Kind.WAYBILL, waybill("W1")), "api")
    other, _ = house.papers.hand_in(Submission(Kind.WAYBILL, waybill("W2")), "api")
    for document, message in ((kept, 7), (other, 8)):
        with house.book.turn():
            outbox.sent(house.book, [document], message, house.now_s * 1000, RETRY)
    with house.book.turn():
        moved = outbox.handed_over(house.book, 7, house.now_s * 1000)
        house.papers.answered(moved, house.desk.now(), by="broker")
    assert [house.papers.document(each.reference).state for each in (kept, other)] == ["taken", "sent"]
    bundle = house.desk.export("waybill/W1/0000", False, "api")
    assert b'"by":"broker"' in bundle
    with house.book.turn():
        assert outbox.handed_over(house.book, 7, house.now_s * 1000) == []  # said again: it changes nothing


@pytest.mark.parametrize("code", [ResultCode.OK, ResultCode.REPEATED])
def test_a_taken_document_is_settled(house: House, code: ResultCode) -> None:
    kept, _ = house.papers.hand_in(Submission(Kind.WAYBILL, waybill("W1")), "api")
    send(house, [kept])
    assert [each.id for each in answer(house, kept, code)] == [kept.id]
    assert house.papers.document(kept.reference).state == rows.ACCEPTED
    assert answer(house, kept, ResultCode.FIELD_CHECK_FAILED, "x") == []
    assert house.papers.document(kept.reference).state == rows.ACCEPTED


@pytest.mark.parametrize("code", [ResultCode.SERVER_ERROR, ResultCode.QUEUE_FAILED, ResultCode.TOKEN_FAILED])
def test_later_means_later_and_the_waits_grow(house: House, code: ResultCode) -> None:
    kept, _ = house.papers.hand_in(Submission(Kind.WAYBILL, waybill("W1")), "api")
    waits = []
    for _ in range(6):
        send(house, ready(house))
        answer(house, kept, code)
        assert ready(house) == []
        due_ms = outbox.next_due_ms(house.book) or 0
        waits.append(due_ms // 1000 - house.now_s)
        house.now_s = due_ms // 1000
    assert waits == [2, 4, 8, 8, 8, 8]
    assert [each.reference for each in ready(house)] == [kept.reference]


def test_documents_of_one_waybill_go_one_after_the_other(house: House) -> None:
    first, _ = house.papers.hand_in(Submission(Kind.WAYBILL, waybill("W1")), "api")
    second, _ = house.papers.hand_in(Submission(Kind.FUNDS, funds("W1")), "api")
    other, _ = house.papers.hand_in(Submission(Kind.WAYBILL, waybill("W2")), "api")
    assert [each.id for each in ready(house)] == [first.id, other.id]
    send(house, ready(house))
    house.now_s += 1
    assert [each.id for each in ready(house)] == [first.id, other.id]
    answer(house, first, ResultCode.OK)
    assert [each.id for each in ready(house)] == [second.id, other.id]


def test_a_revision_overtakes_one_that_waits_and_follows_one_on_the_line(house: House) -> None:
    first, _ = house.papers.hand_in(Submission(Kind.WAYBILL, waybill("W1")), "api")
    second, _ = house.papers.hand_in(Submission(Kind.WAYBILL, waybill("W1", remark="2")), "api")
    assert house.papers.document(first.reference).state == rows.SUPERSEDED
    send(house, [second])
    third, _ = house.papers.hand_in(Submission(Kind.WAYBILL, waybill("W1", remark="3")), "api")
    assert house.papers.document(second.reference).state == rows.SENT
    house.now_s += 1
    assert [each.id for each in ready(house)] == [second.id]
    answer(house, second, ResultCode.OK)
    assert [(each.id, each.revision) for each in ready(house)] == [(third.id, 3)]


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_over_any_line_every_document_arrives_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    """Messages and receipts are lost, repeated and late; the gateway is killed between any two turns."""
    chance = random.Random(seed)
    house = House(Path(tmp_path_factory.mktemp("outbox")))
    expected: list[tuple[str, str, int]] = []
    for number in range(4):
        for kind, document in (
            (Kind.WAYBILL, waybill(f"W{number}")),
            (Kind.FUNDS, funds(f"W{number}", f"ZJ{number}")),
        ):
            kept, _ = house.papers.hand_in(Submission(kind, document), "api")
            expected.append((f"W{number}", kept.reference, kept.revision))
    arrived = _run(house, chance)
    house.book.close()
    assert set(arrived) == {reference for _, reference, _ in expected}, f"seed {seed}"
    for number in range(4):
        mine = [arrived[reference] for name, reference, _ in expected if name == f"W{number}"]
        assert mine == sorted(mine), f"seed {seed}"


def _run(house: House, chance: random.Random) -> dict[str, int]:
    """Reference → its place among what arrived, over a line that loses four of ten messages."""
    arrived: dict[str, int] = {}
    receipts: list[DocumentReceipt] = []
    for _ in range(400):
        documents = ready(house)
        if documents:
            send(house, documents)
        if documents and chance.random() < 0.6:
            for each in documents:
                arrived.setdefault(each.reference, len(arrived))
            results = tuple(Result(each.reference, ResultCode.OK) for each in documents)
            receipts.append(DocumentReceipt("gw-1/1", results))
        if receipts and chance.random() < 0.5:
            with house.book.turn():
                outbox.answered(house.book, chance.choice(receipts), house.now_s * 1000, RETRY)
        if chance.random() < 0.1:
            house.book.close()
            house.open()
        house.now_s += chance.randrange(4)
        if outbox.next_due_ms(house.book) is None:
            break
    return arrived
