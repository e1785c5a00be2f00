"""What only the real interpreter can prove: no allocation on the hot path, no loss at a cut of the power."""

import os
import random
import time

import pytest

from ..portable.interpreters import micropython
from .test_portable_cores import HERE, run_check


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


@pytest.mark.soak
def test_power_cuts_at_every_operation_with_many_scripts():
    end = time.monotonic() + int(os.environ.get("SOAK_SECONDS", "600"))
    seed = random.randrange(1, 1 << 16)
    while time.monotonic() < end:
        print("seed", seed)
        for first in range(1, 502, 100):
            cut(first, first + 99, 1, seed)
        seed += 1
