"""Quirk profiles reach those who read records outside of a session: JSON of delivery, export, frames."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from edge_gateway.config import SessionsSection
from edge_gateway.delivery.settings import read_by
from edge_gateway.delivery.source import BatchSource
from edge_gateway.habits import Habits, habits_of
from edge_gateway.journal import Journal, Origin
from edge_gateway.registry import Device, Registry
from protocols.monitoring.records import MESSAGE, Record, pack_message
from tests.gateway.support import RECEIVED_MS, body_of, store
from tests.gateway.test_cli import CONFIG, ask

from .journal_in_memory import JournalInMemory
from .settings import settings

PHONE, OTHER = "013800138000", "013900139000"
PROFILE = 'maker = "MK"\nmodel = "M1"\ncharset = "utf-8"\ntime_zone = "+00:00"\n'
NAME = "张三"
# Card inserted, read; the name in UTF-8, which is no GB 18030: "寮犱笁" is read by it.
DRIVER = (
    b"\x01" + bytes.fromhex("260302100000") + b"\0" + bytes([len(NAME.encode())]) + NAME.encode()
    + b"Q123".ljust(20, b"\0") + bytes([len(NAME.encode())]) + NAME.encode() + bytes.fromhex("20300101")
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A profile, and a registry in which PHONE is of its maker and model."""
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "mk.toml").write_text(PROFILE)
    (tmp_path / "data").mkdir()
    registry = Registry(tmp_path / "data" / "registry.db")
    answers: list[object] = []
    for phone, maker in ((PHONE, b"MK"), (OTHER, b"OTHER")):
        device = Device(53, 102, maker, b"M1", b"T", 2, b"")
        registry.register(phone.lstrip("0"), 2013, device, lambda *answer: answers.append(answer))
    registry.close()
    assert len(answers) == 2
    return tmp_path


def driver_of(phone: str) -> Record:
    return Record(1, RECEIVED_MS, phone, 2013, 0, 0x0702, 7, MESSAGE, DRIVER)


def position_of(phone: str) -> Record:
    return Record(2, RECEIVED_MS, phone, 2013, 0, 0x0200, 8, 0, body_of(1))


def read(folder: Path, form: str, *records: Record, **sessions: object) -> list[dict]:
    """What a destination of this form says of the records."""
    journal = JournalInMemory()
    journal.append([record._replace(sequence=number) for number, record in enumerate(records, 1)])
    section = SessionsSection(profiles_dir=str(folder / "profiles"), **sessions)
    one = settings(form=form, confirm="puback" if form == "emqx" else "receipt")
    (one,) = read_by([one], section, folder / "data" / "registry.db")
    batch = BatchSource(one, journal).next_batch(0, 0)
    assert batch is not None
    payloads = [json.loads(payload) for _, payload in batch[0].messages]
    return payloads if form == "emqx" else payloads[0]["records"]


def test_json_is_read_by_the_profile_of_each_terminal(folder: Path) -> None:
    mine, others, at, others_at = read(
        folder, "json", driver_of(PHONE), driver_of(OTHER), position_of(PHONE), position_of(OTHER)
    )
    assert mine["report"]["name"] == NAME != others["report"]["name"]
    # 05:25:01... of its own zone is eight hours later than the same digits of Beijing.
    assert int(at["reported_at"][11:13]) == (int(others_at["reported_at"][11:13]) + 8) % 24
    assert at["body"] == others_at["body"], "what is journalled stays as it came"


def test_the_layout_of_emqx_too_and_an_assignment_comes_first(folder: Path) -> None:
    mine, others = read(folder, "emqx", driver_of(PHONE), driver_of(OTHER))
    assert mine["body"]["name"] == NAME != others["body"]["name"]
    (assigned,) = read(folder, "emqx", driver_of(OTHER), terminal_profiles={OTHER: "mk"})
    assert assigned["body"]["name"] == NAME


def test_without_profiles_nothing_is_looked_up(tmp_path: Path) -> None:
    assert habits_of("", {}, tmp_path / "none") is None
    plain = settings(form="json")
    assert replace(plain, profiles_dir="x", form="columnar").profiles_dir == "x"
    BatchSource(replace(plain, profiles_dir="no such folder", form="columnar"), JournalInMemory())


def test_a_terminal_that_registers_as_another_model_is_read_so_after_a_while(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = [0.0]
    monkeypatch.setattr("edge_gateway.habits.time.monotonic", lambda: now_s[0])
    habits = habits_of(str(folder / "profiles"), {}, folder / "data" / "registry.db")
    assert isinstance(habits, Habits) and habits.of(PHONE) is not None and habits.of("1") is None
    with closing(sqlite3.connect(folder / "data" / "registry.db", isolation_level=None)) as registry:
        registry.execute("UPDATE terminal SET model = CAST('M2' AS BLOB)")
    assert habits.of(PHONE) is not None
    now_s[0] = 61.0
    assert habits.of(PHONE) is None


@pytest.mark.slow
def test_the_export_of_the_journal_is_read_so(folder: Path) -> None:
    config = folder / "gateway.toml"
    config.write_text(CONFIG + '[sessions]\nprofiles_dir = "profiles"\n')
    journal = Journal(folder / "data" / "journal.db")
    store(journal, Origin(PHONE, 2013), [(7, MESSAGE, pack_message(0x0702, DRIVER))])
    journal.close()
    done = ask("journal", "export", config, "--unmasked", "--purpose", "monitoring")
    assert json.loads(done.stdout)["report"]["name"] == NAME, done.stderr
