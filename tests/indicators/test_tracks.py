"""Tracks in memory and in a file give the same points; an intake ends with its facts."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.authority.indicators import Intake, Upload, compute
from simulator.authority.indicators.columns import identities_of
from simulator.authority.indicators.spool import TracksOnDisk
from simulator.authority.indicators.tracks import POINT, Asked, TracksInMemory
from simulator.freight import SCENARIOS, build

PART = st.lists(st.tuples(st.integers(0, 99), st.integers(-9, 9), st.integers(-9, 9)), max_size=5)


@given(
    st.lists(st.tuples(st.sampled_from("ab"), PART), max_size=6), st.integers(-5, 99), st.integers(-5, 105)
)
def test_a_window_is_what_sorting_and_filtering_gives(
    parts: list[tuple[str, list[tuple[int, int, int]]]], from_s: int, until_s: int
) -> None:
    with TracksOnDisk() as disk:
        memory = TracksInMemory()
        for key, part in parts:
            points = np.array(part, POINT)
            for tracks in (memory, disk):
                tracks.add_drivers([hash(key)], [points.tobytes()])
                tracks.add_vehicle(key, points)
        asked = Asked(identities_of("abc"), np.array([from_s] * 3), np.array([until_s] * 3))
        expected = []
        for row, key in enumerate("abc"):
            all_ = [point for name, part in parts for point in part if name == key]
            expected += [
                (row, *point)
                for point in sorted(all_, key=lambda point: point[0])
                if from_s <= point[0] <= until_s
            ]
        for tracks in (memory, disk):
            for trail in (tracks.drivers(asked), tracks.vehicles(asked)):
                assert list(zip(*(column.tolist() for column in trail), strict=True)) == expected


def test_a_report_is_the_same_from_memory_and_from_a_file(tmp_path: Path) -> None:
    world = build(SCENARIOS["dirty"], 4)
    reports = []
    with TracksOnDisk(tmp_path) as disk:
        for key, points in world.positions.items():
            disk.add_vehicle(key, points)
        for tracks in (world.tracks(), disk):
            intake = Intake(world.period, world.registers, tracks)
            for upload in world.uploads:
                intake.add(upload)
            reports.append(compute(intake.facts(), world.rules).as_dict())
    assert reports[0] == reports[1]


def test_an_intake_ends_with_its_facts() -> None:
    world = build(SCENARIOS["pilot"], 1)
    intake = Intake(world.period, world.registers, world.tracks())
    upload: Upload = world.uploads[-1]
    intake.add(upload)
    intake.facts()
    with pytest.raises(RuntimeError, match="ended"):
        intake.add(upload)


def test_many_points_of_many_vehicles_are_merged_run_by_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Interleaved, late and repeated; several runs, many blocks, windows at the edges of blocks."""
    monkeypatch.setattr("simulator.authority.indicators.spool._WAITING_MAX", 700)
    random = np.random.default_rng(7)
    keys = [f"云A{number:05d}/2" for number in range(300)]
    memory = TracksInMemory()
    with TracksOnDisk() as disk:
        numbers = np.array([disk.number_of(key) for key in keys])
        for _ in range(20):
            points = np.empty(400, POINT)
            points["time"] = random.integers(1_000, 1_500, 400)
            points["latitude"], points["longitude"] = random.integers(0, 99, (2, 400))
            of = random.integers(0, 12, 400) if random.random() < 0.5 else random.integers(0, 290, 400)
            disk.add_vehicles(numbers[of], points)
            for place in np.unique(of).tolist():
                memory.add_vehicle(keys[place], points[of == place])
        names = identities_of([*keys, "nobody"])
        for from_s, until_s in ((0, 2**33), (1_100, 1_101), (1_499, 1_600), (1_300, 1_299), (-9, 1_000)):
            asked = Asked(names, np.full(len(names), from_s), np.full(len(names), until_s))
            for one, other in zip(memory.vehicles(asked), disk.vehicles(asked), strict=True):
                assert one.tolist() == other.tolist()
        with pytest.raises(RuntimeError, match="asked for"):
            disk.add_vehicles(numbers[:1], points[:1])
