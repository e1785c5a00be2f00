"""The report is computed from what is kept: documents in the books, positions in the store, the registers."""

import json
import struct
from pathlib import Path

import pytest

from protocols.freight.values import time_text
from protocols.monitoring.records import LIVE, Record
from simulator.authority.books import BOOKS, POSITIONS
from simulator.authority.indicators.anomalies import Anomaly
from simulator.authority.reporting import period_of, report_of, write
from simulator.authority.store import Store
from simulator.freight import SCENARIOS, World, build
from simulator.freight.registration import phone_of

from .freight import entered, messages


def kept(folder: Path, world: World) -> None:
    """Lays a world down as the authority would have it, documents in their order of arrival."""
    desk = entered(folder, world, world.period.from_s)
    for message in messages(world):
        desk.arrivals.take(message, world.period.until_s - 5)
    desk.close()
    with Store(folder / POSITIONS) as store:
        sequence = 0
        for key, phone in phone_of(world).items():
            records = []
            for point in world.positions.get(key, ()):
                sequence += 1
                records.append(record_of(phone, point, sequence))
            store.store("gw", records)


def record_of(phone: str, point, sequence: int, status: int = 0b11) -> Record:
    place = struct.pack(">IIIIHHH", 0, status, point["latitude"], point["longitude"], 1800, 500, 90)
    body = place + bytes.fromhex(time_text(int(point["time"]))[2:])
    return Record(
        sequence, 1_700_000_000_000, phone.zfill(20), 2019, 1, 0x0200, sequence & 0xFFFF, LIVE, body
    )


def fractions(report) -> dict[str, tuple[int, int]]:
    return {each.id: (each.numerator, each.denominator) for each in report.indicators.values()}


@pytest.mark.parametrize("name", ["pilot", "dirty", pytest.param("province", marks=pytest.mark.slow)])
def test_a_world_that_was_kept_gives_its_truth(tmp_path: Path, name: str) -> None:
    world = build(SCENARIOS[name], 4)
    kept(tmp_path, world)
    report = report_of(tmp_path / BOOKS, tmp_path / POSITIONS, world.period)
    assert fractions(report) == world.truth.fractions()
    for indicator in report.indicators.values():
        labels = {label for label, _ in indicator.offenders}
        assert labels == world.truth.spoilt[indicator.id], indicator.id
    network = {each.subject for each in report.anomalies() if each.kind is Anomaly.NETWORK}
    assert network == world.truth.network


def test_positions_that_prove_nothing_do_not_count(tmp_path: Path) -> None:
    """Without a fix, or out of operation: then no track is normal but those of exempt vehicles."""
    world = build(SCENARIOS["pilot"], 4, faults={})
    desk = entered(tmp_path, world, world.period.from_s)
    for message in messages(world):
        desk.arrivals.take(message, world.period.until_s - 5)
    desk.close()
    with Store(tmp_path / POSITIONS) as store:
        for number, (key, phone) in enumerate(phone_of(world).items()):
            status = 0b01 if number % 2 else 0b100011
            points = world.positions[key]
            store.store("gw", [record_of(phone, each, i + 1, status) for i, each in enumerate(points)])
    report = report_of(tmp_path / BOOKS, tmp_path / POSITIONS, world.period)
    medium = sum(trip.vehicle.medium for trip in world.cast.trips)
    assert fractions(report)["13-1"] == (medium, len(world.cast.trips))


def test_the_files_are_the_same_each_time(tmp_path: Path) -> None:
    world = build(SCENARIOS["dirty"], 5)
    kept(tmp_path, world)
    reports = [report_of(tmp_path / BOOKS, tmp_path / POSITIONS, world.period) for _ in range(2)]
    written = [write(report, tmp_path / str(i)) for i, report in enumerate(reports)]
    for one, other in zip(*written, strict=True):
        assert one.read_bytes() == other.read_bytes()
    assert "网络货运监测指标报告" in written[0][0].read_text("utf-8")
    assert json.loads(written[0][1].read_text("utf-8")) == reports[0].as_dict()
    assert reports[0].as_dict()["anomalies"]


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026Q1", "20260101000000", "20260331235959"),
        ("20260115-20260115", "20260115000000", "20260115235959"),
        ("20251220-20260203", "20251220000000", "20260203235959"),
    ],
)
def test_periods(text: str, first: str, last: str) -> None:
    assert period_of(text).words == (first, last)


@pytest.mark.parametrize("text", ["2026Q5", "2026", "20260132-20260201", "20260201-20260101", ""])
def test_no_periods(text: str) -> None:
    with pytest.raises(ValueError):
        period_of(text)
