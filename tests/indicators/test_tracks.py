"""Tracks in memory and in a file give the same points; an intake ends with its facts."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.authority.indicators import Intake, Upload, compute
from simulator.authority.indicators.spool import TracksOnDisk
from simulator.authority.indicators.tracks import POINT, TracksInMemory
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
                tracks.add_driver(key, points)
                tracks.add_vehicle(key, points)
        for key in "ab":
            all_ = [point for name, part in parts for point in part if name == key]
            expected = [
                point for point in sorted(all_, key=lambda point: point[0]) if from_s <= point[0] <= until_s
            ]
            for tracks in (memory, disk):
                assert tracks.driver(key, from_s, until_s).tolist() == expected
                assert tracks.vehicle(key, from_s, until_s).tolist() == expected


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
