"""Runs the check_*.py of this folder under CPython and real MicroPython."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.portable.interpreters import ROOT, micropython

HERE = Path(__file__).parent
CHECKS = sorted(HERE.glob("check_*.py"))


def run_check(command: list[str], check: Path, *arguments: str) -> str:
    """What the check prints; fails when it fails."""
    path = f"{ROOT}:{ROOT / 'tests' / 'portable'}:{HERE}"
    environment = {**os.environ, "PYTHONPATH": path, "MICROPYPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    result = subprocess.run(
        [*command, str(check), *arguments], env=environment, capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.parametrize("interpreter", ["cpython", "micropython"])
@pytest.mark.parametrize("check", CHECKS, ids=lambda path: path.stem)
def test_vehicle(check, interpreter):
    command = [sys.executable] if interpreter == "cpython" else [micropython(), "-X", "heapsize=8m"]
    output = run_check(command, check)
    assert "ok check_" in output and "failures: 0" in output


def test_an_epoch_with_eight_areas_allocates_nothing(tmp_path):
    output = run_check(
        [micropython(), "-X", "heapsize=1m"], HERE / "device_epochs.py", str(tmp_path / "flash.img")
    )
    assert "epochs under lock" in output
