"""What goes wrong in between: a disk or a turn that fails, a full terminal, retention, odd texts."""

import asyncio
import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from edge_gateway.commands import CommandError, StoreError
from edge_gateway.freight import errands, life, outbox, waybills
from edge_gateway.freight import kept as rows
from edge_gateway.freight.authority import Authority
from edge_gateway.freight.authority_api import Answer
from edge_gateway.freight.book import Book
from edge_gateway.freight.clock import Now
from edge_gateway.freight.errands import Errand
from edge_gateway.freight.orders import Order
from edge_gateway.freight.outbox import Submission
from edge_gateway.freight.running import Runner
from edge_gateway.freight.service import FreightService
from edge_gateway.freight.verdicts import question_of
from protocols.driver_code.content import Colour
from protocols.evidence import verify_bundle
from protocols.freight.documents import Kind
from protocols.monitoring.documents import ResultCode, Upload, encode_upload
from tests.freight import fleet

from .house import House, order, whole_order
from .test_outbox import answer, ready, send, waybill

ASKED = {
    "vehicle": f"{fleet.PLATE}/{fleet.COLOUR}", "driver": fleet.IDENTITY, "company": "", "cargo": "0400",
    "weight_kg": 18_000, "dangerous": False,
}  # fmt: skip


def test_verdicts_wait_for_a_disk_that_fails(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.desk.capacity(question_of(ASKED), "api")

    @contextmanager
    def full() -> Any:
        raise StoreError("the disk is full")
        yield

    with monkeypatch.context() as patched:
        patched.setattr(house.book, "turn", full)
        with pytest.raises(StoreError):
            house.desk.write_verdicts()
    assert house.desk.write_verdicts() == 1


def test_what_stands_is_not_taken_again_after_a_later_one_failed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug with one record, then a disk that fails: cards before them must not go in twice."""
    records = [house.card(True), house.loads("W1"), house.loads("W2")]
    take, failing = house.trips.on_load_report, True

    def on_load_report(terminal: str, report: Any, now: Now) -> None:
        if failing and report.number == "W1":
            raise ValueError("a bug")
        if failing:
            raise StoreError("the disk is full")
        take(terminal, report, now)

    monkeypatch.setattr(house.trips, "on_load_report", on_load_report)
    with pytest.raises(StoreError):
        house.take(*records)
    failing = False
    house.take(*records)
    assert house.book.row("SELECT count(*) FROM card") == (1,)
    assert waybills.find(house.book, "W2", "0000") is not None


def test_a_bundle_is_read_in_one_turn(house: House) -> None:
    """A link that another thread adds between two of the reads must not show by halves."""
    house.desk.create(Order(whole_order()), "api")
    rows, done = house.book.rows, threading.Event()

    def add() -> None:
        with house.book.turn():
            found = waybills.find(house.book, "YD2026031001", "0000")
            assert found is not None
            house.trips.gate.note(found, "meanwhile", Now(house.now_s * 1000), {})
            house.evidence.anchor(house.now_s * 1000)
        done.set()

    writer = threading.Thread(target=add)

    def slowly(sql: str, *values: Any) -> list[tuple[Any, ...]]:
        found = rows(sql, *values)
        if sql.startswith("SELECT line") and "ORDER BY number" in sql and not writer.ident:
            writer.start()
            done.wait(0.3)  # it gets that far only where the book is not held
        return found

    house.book.rows = slowly  # type: ignore[method-assign]
    bundle = house.desk.export("waybill/YD2026031001/0000", True, "api")
    writer.join()
    report = verify_bundle(bundle)
    assert report.holds, report
    assert report.links == 1


def test_a_document_that_was_forgotten_goes_on_with_its_revisions(house: House) -> None:
    for remark in ("a", "b"):
        kept, _ = house.papers.hand_in(Submission(Kind.WAYBILL, waybill("W1", remark=remark)), "api")
        send(house, [kept])
        answer(house, kept, ResultCode.OK)
    with house.book.turn():
        outbox.forget_before(house.book, house.now_s * 1000 + 1)
    assert rows.by_reference(house.book, kept.reference) is None
    later, _ = house.papers.hand_in(Submission(Kind.WAYBILL, waybill("W1", remark="c")), "api")
    assert later.revision == 3, "the receiver knows 2: a lower one would count for nothing"
    names = [row[0] for row in house.book.rows("SELECT name FROM kept")]
    assert not any("W1" in name for name in names)


def test_what_no_line_can_take_is_refused_when_it_is_handed_in(house: House) -> None:
    long = waybill("W1", remark="x" * 690_000, originalDocumentNumber='"' * 20)
    nulls = waybill("W2") | {"carrier": "\0" * 100_000}
    for document in (waybill("W3", carrier="\ud800"), waybill("W4") | {"vehicleAmount": float("nan")},
                     waybill("W5", carrier="\"" * 400_000), nulls | {"carrier": "y" * 700_000}):  # fmt: skip
        with pytest.raises(CommandError, match=r"^document: "):
            house.papers.hand_in(Submission(Kind.WAYBILL, document), "api")
    house.papers.hand_in(Submission(Kind.WAYBILL, long), "api")
    for each in ready(house):
        encode_upload(Upload("gw-1", 1, (each.item,)))


def test_no_identity_number_stands_in_the_error_of_a_correction(house: House) -> None:
    driver = {"driverName": "张三", "drivingLicense": fleet.IDENTITY}
    kept, _ = house.papers.hand_in(Submission(Kind.DRIVER, driver), "api")
    with pytest.raises(CommandError) as caught:
        house.papers.correct(kept.reference, driver | {"drivingLicense": "530102198001019999"}, "api")
    assert "5301" not in str(caught.value)


def test_a_red_code_stops_a_loaded_truck_too_and_each_of_many(house: House) -> None:
    house.desk.dispatch((house.shown(house.code()), ""), Order(order()), "api")
    house.take(house.loads("YD2026031001"))
    for number in range(waybills.LISTED_MAX + 1):  # younger ones, on their way to other trucks
        with house.book.turn():
            waybills.save(
                house.book, waybills.Waybill(f"N{number}", "0000", state=life.DISPATCHED, terminal="2"), 0
            )
    house.know(fleet.snapshot(sequence=2, drivers=(replace(fleet.driver(), colour=Colour.RED),)))
    with house.book.turn():
        house.trips.on_registers(Now(house.now_s * 1000))
    for name in ("YD2026031001", "N0"):
        found = waybills.find(house.book, name, "0000")
        assert found is not None and found.held, name


class _Commands:
    """A command desk whose terminal 1 takes nothing more."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    async def create(self, request: Any, who: str) -> Any:
        if request.terminal == "1":
            raise CommandError("100 commands wait for this terminal already", "terminal", "full")
        self.taken.append(request.terminal)
        return type("Row", (), {"command": type("Command", (), {"number": len(self.taken)})})(), True


def test_a_terminal_that_is_full_holds_up_nobody_else(house: House) -> None:
    book: Book = house.book
    with book.turn():
        for number in range(120):
            errands.add(book, Errand(0, "1" if number < 110 else "2", "TextMessage", {"text": "x"}, 1 << 50))
    desk = _Commands()

    async def run() -> bool:
        return await Runner(book, desk)._run_waiting()  # type: ignore[arg-type]

    assert asyncio.run(run()) is True
    assert len(desk.taken) == 10
    assert errands.count(book) == 110


def _fails(*_: Any) -> None:
    raise StoreError("the disk is full")


def test_registers_that_came_before_a_kill_are_looked_at_after_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.desk.dispatch((house.shown(house.code()), ""), Order(order()), "api")
    house.know(fleet.snapshot(sequence=2, drivers=(replace(fleet.driver(), colour=Colour.RED),)))
    house.book.close()  # killed: they are kept, and nobody looked at the trip
    house.open()
    service = object.__new__(FreightService)
    service._book, service._house, service.desk = house.book, house, house.desk  # type: ignore[assignment]
    service._looked, service._line, service._stopping = False, None, threading.Event()
    service._stopping.set()
    service._counted_s = service._cleaned_s = service._codes_s = 1e9
    with monkeypatch.context() as patched:
        patched.setattr(house.trips, "on_registers", _fails)
        with pytest.raises(StoreError):
            service._registers_changed()
    service._tick(1.0)
    found = waybills.find(house.book, "YD2026031001", "0000")
    assert found is not None and [each[0] for each in found.held] == ["red"], found


def test_a_stranger_does_not_scan_for_somebody_of_the_fleet(house: House) -> None:
    """A good code of somebody who has left the fleet, and an order that names another driver."""
    house.know(fleet.snapshot(sequence=2, drivers=(replace(fleet.driver(), holder=bytes(16)),)))
    scan = (house.shown(house.code()), "")
    with pytest.raises(CommandError, match="unknown_holder"):
        house.desk.dispatch(scan, Order(whole_order()), "api")
    assert house.desk.waybills("", 0, 10) == []


@pytest.mark.parametrize(
    ("answer", "colour"),
    [
        ({"accepted": True, "content": {}, "today": {"colour": "yellow"}}, Colour.YELLOW),
        ({"accepted": False, "content": {}, "today": {"colour": "blue"}}, Colour.RED),  # changed: an old code
        ({"accepted": False, "content": {}, "today": {"colour": None}}, Colour.RED),  # cancelled
        ({"accepted": False, "content": None, "today": None}, None),
        ({"code": 9001}, None),
        (None, None),
    ],
)
def test_a_code_that_the_authority_refuses_today_is_red_before_the_list_says_so(
    house: House, answer: Any, colour: Colour | None
) -> None:
    class Api:
        def call(self, *_: Any, **__: Any) -> Answer:
            return Answer(200, {}, answer, b"")

    asked = Authority(Api(), "gw-1", house.registers)  # type: ignore[arg-type]
    assert asked.colour("text") is colour
