"""Reports read rows that were made when documents came: the same rows, whatever became of the documents."""

import shutil
import sqlite3
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from protocols.freight import Kind
from protocols.freight.consent import Purpose
from protocols.monitoring.documents import Item, Upload
from simulator.authority.books import BOOKS, POSITIONS, Book, rows
from simulator.authority.books.documents import uploads
from simulator.authority.desk import Desk
from simulator.authority.indicators import Upload as Arrived
from simulator.authority.indicators.reduction import BETWEEN, LAYOUT, reduced
from simulator.authority.persons import RETENTION_S, Persons
from simulator.authority.reporting import report_of
from simulator.authority.store import Store
from simulator.freight import SCENARIOS, World, build

from ..indicators.desk import DRIVER_DATA, T0, VEHICLE, funds, location, waybill
from .freight import GATEWAY, entered, messages
from .test_reporting import fractions, kept


@pytest.fixture(scope="module")
def world() -> World:
    return build(SCENARIOS["dirty"], 6)


@pytest.fixture(scope="module")
def laid(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all of it, to be copied."""
    folder = tmp_path_factory.mktemp("laid")
    kept(folder, world)
    return folder


@pytest.fixture
def folder(laid: Path, tmp_path: Path) -> Path:
    """A copy of one's own."""
    return Path(shutil.copytree(laid, tmp_path / "data"))


def made(book: Book) -> list[tuple[object, ...]]:
    return [tuple(reduced(upload)) for _, upload in uploads(book)]


def stored(book: Book) -> list[tuple[object, ...]]:
    assert rows.is_complete(book)
    return [tuple(row) for row in rows.rows(book)]


def test_every_document_has_its_row_when_its_receipt_is_given(tmp_path: Path, world: World) -> None:
    desk = entered(tmp_path, world, world.period.from_s)
    for message in messages(world)[:5]:
        desk.arrivals.take(message, world.period.until_s - 5)
        with Book(tmp_path / BOOKS, read_only=True) as reader:
            assert stored(reader) == made(reader)
    assert len(stored(desk.book)) == sum(len(message.documents) for message in messages(world)[:5])
    desk.close()


def test_a_report_reads_no_document(folder: Path, world: World) -> None:
    with sqlite3.connect(folder / BOOKS) as database:
        database.execute("UPDATE document SET body = x'', faults = 'none of this is read'")
    report = report_of(folder / BOOKS, folder / POSITIONS, world.period)
    assert fractions(report) == world.truth.fractions()


@pytest.mark.parametrize("older", ["DROP TABLE reduced; DROP TABLE reduction; PRAGMA user_version = 1",
                                   "UPDATE reduction SET layout = 'older'; UPDATE reduced SET numbers = x''"],
                         ids=["before there were rows", "rows of another layout"])  # fmt: skip
def test_old_books_give_the_same_report_and_get_their_rows(folder: Path, world: World, older: str) -> None:
    database = sqlite3.connect(folder / BOOKS)
    database.executescript(older)
    database.close()
    with Book(folder / BOOKS, read_only=True) as book:
        assert not rows.is_complete(book)
    report = report_of(folder / BOOKS, folder / POSITIONS, world.period)
    assert fractions(report) == world.truth.fractions()
    Desk(folder).close()
    with Book(folder / BOOKS, read_only=True) as book:
        assert stored(book) == made(book) != []


def test_making_rows_goes_on_where_it_was_killed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "_AT_ONCE", 10)
    with Book(folder / BOOKS) as book:
        everything = stored(book)
        with book.writing() as database:
            database.execute("DELETE FROM reduced")
            database.execute("UPDATE reduction SET layout = 'older'")
        put, calls = rows.put, []

        def killed(*arguments: object) -> None:
            calls.append(arguments)
            if len(calls) > 25:
                raise KeyboardInterrupt
            put(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(rows, "put", killed)
        with pytest.raises(KeyboardInterrupt):
            rows.complete(book)
        assert not rows.is_complete(book)
        monkeypatch.setattr(rows, "put", put)
        assert rows.complete(book) == len(everything) - 20, "two of ten were done"
        assert stored(book) == everything
        assert rows.complete(book) == 0


def test_a_correction_moves_the_report(tmp_path: Path) -> None:
    world = build(SCENARIOS["pilot"], 3, faults={})
    desk = entered(tmp_path, world, world.period.from_s)
    first = next(upload for upload in world.uploads if upload.kind is Kind.WAYBILL)
    Store(tmp_path / POSITIONS).close()
    found = []
    for revision, business in ((1, "1009999"), (3, first.document["businessTypeCode"]), (2, "1009999")):
        document = {**first.document, "businessTypeCode": business}
        item = Item(f"r{revision}", Kind.WAYBILL, revision, Purpose.MONITORING, document, first.enterprise)
        desk.arrivals.take(Upload(GATEWAY, revision, (item,)), world.period.until_s - 5)
        found.append(fractions(report_of(tmp_path / BOOKS, tmp_path / POSITIONS, world.period))["3-1"])
    assert found == [(0, 1), (1, 1), (1, 1)]
    desk.close()


def test_who_is_forgotten_is_in_no_row(folder: Path, world: World) -> None:
    driver = world.cast.drivers[0]
    desk = Desk(folder, clock=lambda: world.period.until_s + RETENTION_S)
    before = fractions(report_of(folder / BOOKS, folder / POSITIONS, world.period))
    assert any(driver.identity in row[3] for row in stored(desk.book))  # type: ignore[operator]
    assert Persons(desk.bureau).delete(driver.identity, "me").documents
    assert stored(desk.book) == made(desk.book)
    assert not any(driver.identity in str(row) for row in stored(desk.book))
    desk.close()
    after = fractions(report_of(folder / BOOKS, folder / POSITIONS, world.period))
    assert {name for name in before if before[name] != after[name]} <= {"7"}, "nobody knows him any more"
    assert before["7"][1] == after["7"][1], "and he is counted still"


def test_a_careless_senders_text_keeps_its_place(world: World) -> None:
    upload = next(each for each in world.uploads if each.kind is Kind.WAYBILL)
    carrier = {**upload.document["actualCarrierInfo"], "actualCarrierId": f"a{BETWEEN}b\ud800"}
    plain = reduced(upload).texts.split(BETWEEN)
    found = reduced(replace(upload, document={**upload.document, "actualCarrierInfo": carrier}))
    assert found.texts.split(BETWEEN) == [*plain[:2], "a\ufffdb\\ud800", *plain[3:]]


def test_whoever_changes_what_is_in_a_row_names_another_layout() -> None:
    """Else rows of an older program would be read as if they were of this one."""
    documents = ((Kind.WAYBILL, waybill()), (Kind.FUNDS, funds()), (Kind.LOCATION, location()),
                 (Kind.VEHICLE, VEHICLE), (Kind.DRIVER, DRIVER_DATA))  # fmt: skip
    made_now = [reduced(Arrived(kind, "E", T0, "R", document)) for kind, document in documents]
    assert (LAYOUT, zlib.crc32(repr(made_now).encode())) == ("1-6788448f", 466975093)
