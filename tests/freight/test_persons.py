"""One person's data in a gateway's files: given out whole, deleted so that no byte of it is left."""

import json
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from edge_gateway.cli import app
from edge_gateway.commands.schema import connect as connect_commands
from edge_gateway.config_file import load
from edge_gateway.folder import locked
from edge_gateway.freight.book import Book
from edge_gateway.freight.outbox import Submission, submit
from edge_gateway.freight.proof import Evidence, export, subject_of
from edge_gateway.freight.registers import Registers
from edge_gateway.freight.waybills import Waybill, save
from edge_gateway.journal import Journal, Origin
from edge_gateway.registry.schema import connect as connect_registry
from protocols.driver_code.lists import write_trust
from protocols.evidence import verify_bundle
from protocols.freight.checking import Context
from protocols.freight.documents import Kind
from protocols.freight.snapshot import seal
from protocols.monitoring.records import MESSAGE, pack_message
from tests.gateway.support import body_of, store

from . import fleet
from .planted import IDENTITY, NAME, PHONE, driver_body, found_in

OTHER = "530100198502022345"
SUBJECT = "waybill/YD0001/0000"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A gateway that knows the planted person everywhere, and another driver in the same places."""
    path = tmp_path / "gateway.toml"
    path.write_text(f'[gateway]\nid = "test"\ndata_dir = "{tmp_path / "data"}"\n[mqtt]\nenabled = false\n')
    data = tmp_path / "data"
    data.mkdir()
    with connect_registry(data / "registry.db") as connection:
        for number, name in ((IDENTITY, NAME), (OTHER, "赵四")):
            connection.execute("INSERT INTO driver VALUES (?, ?, ?, '', '')", (number, name, PHONE))
    connection.close()
    _fill_freight(data / "freight.db")
    connection = connect_commands(data / "commands.db")
    row = "INSERT INTO command VALUES (1, '138', 34562, '{}', '', NULL, '', 'x', 1, 2, 0, 0, 'answered', 1, 1, NULL, '', '', 1794, 1794, ?, 2013, 3)"  # noqa: E501
    connection.execute(row, (driver_body(),))
    connection.close()
    return path


def _fill_freight(path: Path) -> None:
    book = Book(path)
    evidence = Evidence(book, "test", "sha256")
    for number, driver, name in (("YD0001", IDENTITY, NAME), ("YD0002", OTHER, "赵四")):
        document = {"shippingNoteNumber": number, "driver": [{"driverName": name, "drivingLicense": driver}]}
        text = json.dumps(document, ensure_ascii=False)
        with book.turn():
            waybill = Waybill(
                number, "0000", state="unloaded", terminal="138", driver=driver, document=document
            )
            waybill = save(book, waybill, 1)
            book.run("INSERT INTO position VALUES (?, 5, 1, 2013, ?)", waybill.id, body_of(1))
            book.run("INSERT INTO card (terminal, driver, in_s, out_s) VALUES ('138', ?, 1, 2)", driver)
            subject = subject_of(waybill)
            evidence.append(
                subject, "event", 1, {"event": "load"}, {"trip": {"driver": driver, "name": name}}
            )
            evidence.cover(waybill, 6)
            _insert(
                book,
                "document",
                reference=f"r-{number}",
                kind="WLHY_YD1001",
                name=number,
                body=text,
                state="taken",
            )
    book.close()


def _insert(book: Book, table: str, **values: object) -> None:
    """A row; what is not given is empty or 1."""
    columns = book.rows(f"PRAGMA table_info({table})")
    row = {name: "" if kind == "TEXT" else 1 for _, name, kind, *_ in columns if name != "id"} | values
    marks = ", ".join("?" * len(row))
    book.run(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", *row.values())


def driver_document() -> dict[str, Any]:
    """WLHY_JSY1001 of the planted person."""
    return {
        "driverName": NAME, "drivingLicense": IDENTITY, "qualificationCertificate": IDENTITY,
        "telephone": PHONE,
    }  # fmt: skip


def person(*words: object) -> tuple[int, str]:
    """Runs `edge-gateway person …`."""
    done = CliRunner().invoke(app, ["person", *map(str, words)])
    return done.exit_code, done.output


def bytes_of(config: Path, *but: str) -> bytes:
    """Everything in the data folder."""
    files = sorted((config.parent / "data").iterdir())
    return b"".join(file.read_bytes() for file in files if not file.name.startswith(but))


def test_what_is_given_out_is_everything_and_nobody_elses(config: Path) -> None:
    assert person("export", config, IDENTITY)[0] == 2  # without a purpose
    code, said = person("export", config, IDENTITY, "--purpose", "verification")
    assert code == 0, said
    tables = [json.loads(line)["table"] for line in said.splitlines()]
    assert sorted(set(tables)) == ["card", "command", "document", "driver", "opening", "position", "waybill"]
    assert OTHER not in said
    assert found_in(said.encode()) == [NAME, IDENTITY, PHONE]


def test_what_is_deleted_is_gone_from_every_byte(config: Path) -> None:
    assert found_in(bytes_of(config)) == [NAME, IDENTITY, PHONE]
    assert person("forget", config, IDENTITY)[0] == 2  # without --yes
    code, said = person("forget", config, IDENTITY, "--documents", "--yes")
    assert code == 0, said
    assert not found_in(bytes_of(config).replace(PHONE.encode(), b""))  # the other driver has the same phone
    assert OTHER.encode() in bytes_of(config)
    with sqlite3.connect(config.parent / "data" / "commands.db") as connection:
        (line,) = connection.execute("SELECT what, terminal, detail FROM audit").fetchall()
    assert line[:2] == ("person forgotten", "530100********1234")
    assert person("export", config, IDENTITY, "--purpose", "verification") == (0, "")


def test_the_evidence_stands_after_the_deletion(config: Path) -> None:
    assert person("forget", config, IDENTITY, "--documents", "--yes")[0] == 0
    book = Book(config.parent / "data" / "freight.db")
    bundle = export(book, SUBJECT, True)
    assert bundle is not None
    book.close()
    assert not found_in(bundle)
    report = verify_bundle(bundle)
    assert report.holds, report
    assert (report.links, report.openings, report.positions) == (2, 0, 0)


def test_documents_stay_unless_it_is_said(config: Path) -> None:
    code, said = person("forget", config, IDENTITY, "--yes")
    assert code == 0, said
    assert "kept: document 1" in said
    assert "kept: waybill 1" in said


def test_a_forgotten_driver_leaves_no_hash_and_her_next_document_still_counts(config: Path) -> None:
    """The receiver knows revision 7 of the document that her number named: the next one begins above it."""
    path = config.parent / "data" / "freight.db"
    driver = driver_document()
    book = Book(path)
    with book.turn():
        body = json.dumps(driver, ensure_ascii=False)
        row = {"kind": Kind.DRIVER.value, "name": IDENTITY, "body": body, "revision": 7}
        _insert(book, "document", reference="r-driver", state="taken", **row)
    book.close()
    assert person("forget", config, IDENTITY, "--documents", "--yes")[0] == 0
    book = Book(path)
    kept_names = {name for (name,) in book.rows("SELECT name FROM kept WHERE name LIKE 'revision %'")}
    # One hash: of the waybill that was deleted with her, which no number of hers names.
    assert {"revision floor", "revision key"} < kept_names and len(kept_names) == 3
    with book.turn():
        kept, _ = submit(book, Submission(Kind.DRIVER, driver), Context(), "api", 1)
    assert kept.revision == 8
    book.close()


def test_what_was_replaced_before_it_was_sent_goes_at_once(config: Path) -> None:
    path = config.parent / "data" / "freight.db"
    book = Book(path)
    with book.turn():
        body = json.dumps({"drivingLicense": IDENTITY})
        _insert(book, "document", reference="old", kind="x", body=body, state="superseded")
    book.close()
    code, said = person("forget", config, IDENTITY, "--yes")
    assert (code, "document 1" in said.splitlines()[0], "kept: document 1" in said) == (0, True, True), said


def test_the_registers_that_name_her_are_told_as_the_authoritys(config: Path) -> None:
    """They are signed, and asked by duty: they leave when the authority's next ones do not name her."""
    trust = config.parent / "trust.json"
    trust.write_bytes(write_trust([fleet.KEY]))
    config.write_text(config.read_text() + f'[freight]\ntrust_file = "{trust}"\n')
    book = Book(config.parent / "data" / "freight.db")
    registers = Registers(book, fleet.GUOMI, [fleet.KEY])
    her = replace(fleet.driver(), identity=IDENTITY, name=NAME)
    registers.take_snapshot(seal(fleet.snapshot(drivers=(her,)), fleet.SIGNER))
    book.close()
    _, said = person("export", config, IDENTITY, "--purpose", "verification")
    assert {"table": "registers", "name": NAME, "identity": IDENTITY, "papers": 3}.items() <= json.loads(
        next(line for line in said.splitlines() if '"registers"' in line)
    ).items()
    code, said = person("forget", config, IDENTITY, "--documents", "--yes")
    assert (code, "kept: registers 1" in said) == (0, True), said
    book = Book(config.parent / "data" / "freight.db")
    registers = Registers(book, fleet.GUOMI, [fleet.KEY])
    assert registers.take_snapshot(seal(fleet.snapshot(sequence=9), fleet.SIGNER))
    book.close()
    assert person("export", config, IDENTITY, "--purpose", "verification") == (0, "")


def test_nothing_is_deleted_while_something_is_under_way(config: Path) -> None:
    path = config.parent / "data" / "freight.db"
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE waybill SET state = 'under_way' WHERE number = 'YD0001'")
    connection.close()
    code, said = person("forget", config, IDENTITY, "--yes")
    assert code == 1
    assert "a waybill is not over: YD0001" in said
    assert found_in(bytes_of(config)) == [NAME, IDENTITY, PHONE]


def test_the_journal_is_named_and_left_to_delivery(config: Path) -> None:
    journal = Journal(config.parent / "data" / "journal.db")
    store(journal, Origin("0" + PHONE, 2013), [(2, MESSAGE, pack_message(0x0702, driver_body()))])
    journal.close()
    code, said = person("forget", config, IDENTITY, "--yes")
    assert code == 0
    assert "kept: journal 1" in said
    with locked(load(config).data_dir):
        assert "stop the gateway first" in person("export", config, IDENTITY, "--purpose", "verification")[1]
    assert "6 or more" in person("export", config, "1", "--purpose", "verification")[1]
