"""What is shown without a purpose: nothing of a planted person, in any message, by any command."""

import io
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from edge_gateway.cli import app
from edge_gateway.journal import Journal, Origin
from protocols.freight.showing import HIDDEN, shown, shown_listing
from protocols.jt808.codec import decode_frame
from protocols.jt808.explain import explain_frame
from protocols.jt808.listing import print_listing
from protocols.monitoring.batch import Batch
from protocols.monitoring.json_form import document_of
from protocols.monitoring.records import MESSAGE, Record, pack_message
from tests.gateway.support import RECEIVED_MS, body_of, frame, store
from tests.vectors import load

from .planted import IDENTITY, NAME, PHONE, PLATE, driver_body, found_in

REGISTRATION = (
    bytes.fromhex("00350064") + b"70111" + b"DY-1".ljust(20, b"\0") + b"T000001" + b"\2" + PLATE.encode("gbk")
)
PACKED_PHONE = bytes.fromhex("0" + PHONE)


def printed(data: bytes) -> str:
    """The listing as `frames` prints it."""
    out = io.StringIO()
    print_listing(shown_listing(explain_frame(data)), out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("message_id", "body", "seen"),
    [
        (0x0702, driver_body(), ["欧阳**", "530100********1234", "card_in"]),
        (0x0701, NAME.encode("gbk") + IDENTITY.encode(), []),
        (0x0900, b"\x41" + driver_body(), []),
        (0x0100, REGISTRATION, ["云A***45", "70111"]),
        (0x0F42, driver_body(), []),  # in no catalog
    ],
)
def test_a_frame_gives_nobody_away(message_id: int, body: bytes, seen: list[str]) -> None:
    data = frame(message_id, body, phone=PACKED_PHONE)
    said = json.dumps(shown(decode_frame(data)).document, ensure_ascii=False)
    listing = printed(data)
    for text in (said, listing, listing.replace(" ", "")):
        assert not found_in(text.encode()), text
        assert PLATE not in text
    assert all(word in said and word in listing for word in seen), (said, listing)
    assert "013*****8000" in said


def test_the_search_finds_what_is_not_masked() -> None:
    """Otherwise the test above proves nothing."""
    data = frame(0x0702, driver_body(), phone=PACKED_PHONE)
    assert found_in(json.dumps(decode_frame(data)).encode()) == [NAME, IDENTITY, PHONE]
    assert found_in(data.hex().encode()) == found_in(data) == [NAME, IDENTITY, PHONE]


def test_a_record_of_a_position_keeps_its_numbers_and_loses_its_exactness() -> None:
    record = Record(1, RECEIVED_MS, "0" + PHONE, 2013, 0, 0x0200, 7, 0, body_of(1))
    (document,) = document_of(Batch("g", [record]))["records"]
    said = shown(document)
    assert (said.document["body"], said.document["record_id"]) == (HIDDEN, HIDDEN)
    assert said.hidden["body"] == said.hidden["record_id"] == 1
    for name in ("latitude_udeg", "longitude_udeg"):
        assert said.document["report"][name] % 10_000 == 0
        assert abs(said.document["report"][name] - document["report"][name]) <= 5_000
    assert said.document["report"]["status"] == document["report"]["status"]


def test_no_text_of_any_vector_is_shown_but_by_a_rule() -> None:
    """Every text field of the golden bodies that no rule names is hidden, in whichever message it stands."""
    seen = 0
    for vector in load("frames"):
        message = vector.get("message") or {}
        for name, value in _texts(message.get("body", {})):
            if not value.isascii() and name not in ("issuer", "maker", "model"):
                assert value not in json.dumps(shown(message).document, ensure_ascii=False), (name, value)
                seen += 1
    assert seen


def _texts(value: Any, name: str = "") -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [found for key, each in value.items() for found in _texts(each, key)]
    if isinstance(value, list):
        return [found for each in value for found in _texts(each, name)]
    return [(name, value)] if isinstance(value, str) else []


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A gateway's configuration with a journal that holds the planted person's card and one position."""
    path = tmp_path / "gateway.toml"
    path.write_text(f'[gateway]\nid = "test"\ndata_dir = "{tmp_path / "data"}"\n[mqtt]\nenabled = false\n')
    (tmp_path / "data").mkdir()
    journal = Journal(tmp_path / "data" / "journal.db")
    origin = Origin("0" + PHONE, 2013)
    store(journal, origin, [(1, 0, body_of(1))])
    store(journal, origin, [(2, MESSAGE, pack_message(0x0702, driver_body()))])
    journal.close()
    return path


def test_the_export_of_the_journal_is_masked_and_noted(config: Path) -> None:
    run = CliRunner()
    masked = run.invoke(app, ["journal", "export", str(config)])
    assert masked.exit_code == 0, masked.output
    assert len(masked.stdout.splitlines()) == 2
    assert "欧阳**" in masked.stdout
    assert not found_in(masked.stdout.encode())
    refused = run.invoke(app, ["journal", "export", str(config), "--unmasked"])
    assert refused.exit_code == 2
    assert "--purpose" in refused.output
    words = ["--unmasked", "--purpose", "verification", "--terminal", PHONE]
    clear = run.invoke(app, ["journal", "export", str(config), *words])
    assert found_in(clear.stdout.encode()) == [NAME, IDENTITY, PHONE]
    with sqlite3.connect(config.parent / "data" / "commands.db") as connection:
        lines = connection.execute("SELECT who, what, terminal, detail FROM audit ORDER BY number").fetchall()
        with pytest.raises(sqlite3.DatabaseError, match="append-only"):
            connection.execute("DELETE FROM audit")
    assert [line[1:] for line in lines] == [
        ("journal exported", "", "masked"),
        ("journal exported", "138****8000", "unmasked; capacity verification; consent"),
    ]
    assert not found_in(json.dumps(lines).encode())


def test_bytes_on_the_screen_need_a_purpose(config: Path) -> None:
    done = CliRunner().invoke(app, ["frames", str(config), PHONE, "--brief"])
    assert done.exit_code == 2
    assert "cannot be masked" in done.output
