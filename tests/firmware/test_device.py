"""What only the real interpreter can prove: no allocation on the hot path, no loss at a cut of the power."""

import os
import random
import time

import pytest

from ..portable.interpreters import micropython
from .test_portable_cores import HERE, run_check

VEHICLE = HERE / "vehicle"  # the shapes of areas and the like


def test_from_sentence_to_frame_and_flash_nothing_is_allocated(tmp_path):
    command = [micropython(), "-X", "heapsize=2m"]
    output = run_check(command, HERE / "device_allocations.py", str(tmp_path / "flash.img"))
    assert "sentence to frame" in output


def cut(first: int, last: int, step: int, seed: int) -> str:
    command = [micropython(), "-X", "heapsize=4m"]
    return run_check(command, HERE / "device_power_cut.py", *map(str, (first, last, step, seed)))


@pytest.mark.slow
def test_a_power_cut_in_any_flash_operation_loses_nothing():
    seed = random.randrange(1, 1 << 16)
    print("seed", seed)
    output = cut(1 + seed % 7, 500, 7, seed)
    print(output)
    assert "cuts" in output


@pytest.mark.slow
def test_ten_thousand_positions_are_kept_and_the_oldest_give_way_and_are_counted():
    output = run_check([micropython(), "-X", "heapsize=8m"], HERE / "device_storage.py")
    print(output)
    assert "held 10" in output and "acknowledged, none held" in output


def cut_terminal(first: int, last: int, step: int) -> str:
    command = [micropython(), "-X", "heapsize=8m"]
    return run_check(
        command, HERE / "device_terminal_power_cut.py", *map(str, (first, last, step)), more=VEHICLE
    )


@pytest.mark.slow
def test_a_power_cut_in_any_flash_operation_leaves_a_whole_terminal():
    first = random.randrange(1, 12)
    print("first", first)
    output = cut_terminal(first, 500, 11)
    print(output)
    assert "cuts 4" in output


@pytest.mark.soak
def test_power_cuts_at_every_operation_of_a_whole_terminal():
    for first in range(1, 502, 100):  # 1…500 and the rest of the life
        output = cut_terminal(first, first + 99 if first < 501 else 10_000, 1)
        print(output)
        assert "cuts" in output


@pytest.mark.soak
def test_power_cuts_at_every_operation_with_many_scripts():
    end = time.monotonic() + int(os.environ.get("SOAK_SECONDS", "600"))
    seed = random.randrange(1, 1 << 16)
    while time.monotonic() < end:
        print("seed", seed)
        for first in range(1, 502, 100):
            cut(first, first + 99, 1, seed)
        seed += 1
