"""Runs the check_*.py of this folder under CPython and real MicroPython."""

import sys
from pathlib import Path

import pytest

from ...portable.interpreters import micropython
from ..test_portable_cores import run_check

CHECKS = sorted(Path(__file__).parent.glob("check_*.py"))


@pytest.mark.parametrize("interpreter", ["cpython", "micropython"])
@pytest.mark.parametrize("check", CHECKS, ids=lambda path: path.stem)
def test_portable(check, interpreter):
    command = [sys.executable] if interpreter == "cpython" else [micropython(), "-X", "heapsize=16m"]
    output = run_check(command, check)
    assert "ok check_" in output and "failures: 0" in output
