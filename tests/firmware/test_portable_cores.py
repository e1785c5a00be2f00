"""Runs the check_*.py of this folder under CPython and real MicroPython."""

import os
import subprocess
from pathlib import Path

import pytest

from ..portable.interpreters import ROOT, micropython

HERE = Path(__file__).parent
CHECKS = sorted(HERE.glob("check_*.py"))
HARNESS = ROOT / "tests" / "portable"


def run_check(command: list[str], check: Path, *arguments: str, more: Path | None = None) -> str:
    """What the check prints; fails when it fails. more: another folder that it imports from."""
    path = f"{ROOT}:{HARNESS}:{HERE}" + (f":{more}" if more else "")
    environment = {**os.environ, "PYTHONPATH": path, "MICROPYPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    result = subprocess.run(
        [*command, str(check), *arguments], env=environment, capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.parametrize("interpreter", ["cpython", "micropython"])
@pytest.mark.parametrize("check", CHECKS, ids=lambda path: path.stem)
def test_portable_core(check, interpreter):
    import sys

    command = [sys.executable] if interpreter == "cpython" else [micropython(), "-X", "heapsize=16m"]
    output = run_check(command, check)
    assert "ok check_" in output and "failures: 0" in output
