"""A power cut at any flash operation of an upgrade leaves a whole firmware to start (littlefs, NOR model)."""

import random

import pytest

from ...portable.interpreters import micropython
from ..test_portable_cores import HERE, run_check


def cut(first: int, last: int, step: int) -> str:
    command = [micropython(), "-X", "heapsize=4m"]
    check = HERE / "upgrade" / "device_switch_cut.py"
    return run_check(command, check, *map(str, (first, last, step)))


def test_a_cut_in_some_operations_of_an_upgrade():
    first = random.randrange(1, 30)
    print("first", first)
    assert "cuts" in cut(first, 9999, 30)


@pytest.mark.soak
def test_a_cut_in_every_operation_of_an_upgrade():
    output = cut(1, 9999, 1)
    print(output)
    assert int(output.split()[-1]) > 250
